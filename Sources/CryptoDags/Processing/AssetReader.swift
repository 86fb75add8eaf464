/// Reads the fields of one raw asset by the rules of the columns, and collects what it could not use.
struct AssetReader {
    /// What a row cannot do without.
    struct Identity {
        var id: String
        var rank: Int
        var symbol: String
        var name: String
        var price: Amount
    }

    /// Why an asset gives no row.
    struct Rejection: Error {
        var field: String
        var reason: String
    }

    /// Which numbers a column takes.
    enum Range { case notNegative, positive, change }

    /// The longest id.
    static let idLimit = 100

    private let asset: RawAsset
    private let position: Int
    private(set) var id: String?
    private(set) var faults: [FieldFault] = []
    private(set) var isRankedByPosition = false

    init(asset: RawAsset, position: Int) {
        self.asset = asset
        self.position = position
    }

    mutating func identity() throws(Rejection) -> Identity {
        let id = try requiredText("id", asset.id)
        guard id.unicodeScalars.count <= Self.idLimit else {
            throw Rejection(field: "id", reason: "it has more than \(Self.idLimit) characters")
        }
        self.id = id
        let symbol = try requiredText("symbol", asset.symbol)
        let name = try requiredText("name", asset.name)
        return Identity(id: id, rank: rank(), symbol: symbol, name: name, price: try price())
    }

    /// A number that may be missing; what cannot be used is `nil` and a fault.
    mutating func amount(
        _ field: String, _ property: KeyPath<RawAsset, RawField>, _ range: Range
    ) -> Amount? {
        let raw = asset[keyPath: property]
        if raw.isMissing { return nil }
        do throws(Rejection) { return try Self.number(field, raw, range) } catch {
            addFault(field, raw, error.reason)
            return nil
        }
    }

    private func requiredText(_ field: String, _ raw: RawField) throws(Rejection) -> String {
        guard let text = raw.text else { throw Rejection(field: field, reason: "it is missing") }
        let trimmed = Self.trimmed(text)
        guard !trimmed.isEmpty else { throw Rejection(field: field, reason: "it is empty") }
        return trimmed
    }

    private func price() throws(Rejection) -> Amount {
        if asset.priceUsd.isMissing { throw Rejection(field: "priceUsd", reason: "it is missing") }
        return try Self.number("priceUsd", asset.priceUsd, .positive)
    }

    private mutating func rank() -> Int {
        if let text = asset.rank.text {
            if let rank = Int(text), (1...1_000_000_000).contains(rank) { return rank }
            addFault("rank", asset.rank, "it is no whole number above zero")
        }
        isRankedByPosition = true
        return position
    }

    private mutating func addFault(_ field: String, _ raw: RawField, _ reason: String) {
        let value = String((raw.text ?? "").prefix(80))
        faults.append(FieldFault(cryptoID: id ?? "", field: field, value: value, reason: reason))
    }

    private static func number(
        _ field: String, _ raw: RawField, _ range: Range
    ) throws(Rejection) -> Amount {
        guard let text = raw.text else { throw Rejection(field: field, reason: "it is no number") }
        let amount: Amount
        do { amount = try Amount(text) } catch { throw Rejection(field: field, reason: error.problem) }
        switch range {
        case .notNegative where amount < .zero:
            throw Rejection(field: field, reason: "it is below zero")
        case .positive where amount <= .zero:
            throw Rejection(field: field, reason: "it is not above zero")
        case .change where amount < -100 || amount > 100_000:
            throw Rejection(field: field, reason: "it is not between -100 and 100000")
        default: return amount
        }
    }

    private static func trimmed(_ text: String) -> String {
        var rest = Substring(text)
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
