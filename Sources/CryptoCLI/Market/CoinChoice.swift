import CryptoDags
import DagKit

/// Finds the coin that a user names: ids are unique, tickers are not.
struct CoinChoice {
    /// The coin.
    let row: MarketRow

    /// Other coins of the same ticker, if it was named by that.
    let others: [String]

    /// - Throws: ``MarketCommandError/noCoin(_:near:)``.
    init(_ name: String, among rows: [MarketRow]) throws {
        if let exact = rows.first(where: { $0.cryptoID == name }) {
            row = exact
            others = []
            return
        }
        let ranked = rows.sorted { $0.rang < $1.rang }
        let matches = ranked.filter { $0.symbole.lowercased() == name.lowercased() }
        guard let first = matches.first else {
            let near = ranked.filter { row in
                [row.cryptoID, row.nom.lowercased()].contains { $0.hasPrefix(name.lowercased().prefix(3)) }
            }
            throw MarketCommandError.noCoin(name, near: near.prefix(2).map(\.cryptoID))
        }
        row = first
        others = matches.dropFirst().map(\.cryptoID)
    }
}
