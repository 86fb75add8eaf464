import CryptoDags
import DagKit
import DagKitCLI
import FoundationEssentials

/// How commands reach the market store and the settings of their home.
enum MarketAccess {
    /// Opens the market store of the deployment for `body`; a store that is not there is not made.
    ///
    /// - Throws: ``MarketCommandError/noStore(home:)`` and what `body` throws.
    static func reading(
        _ call: Invocation, _ body: (MarketStore) async throws -> ExitCode
    ) async throws -> ExitCode {
        let place = try await place(of: call)
        guard place.mayExist else { throw MarketCommandError.noStore(home: call.workspace.home.path) }
        return try await opened(place, call, body)
    }

    /// Where the deployment keeps its market.
    static func place(of call: Invocation) async throws -> MarketStorePlace {
        try await MarketStorePlace(try await call.workspace.services())
    }

    /// Opens the market store of a place for `body`; what is missing is made.
    static func opened(
        _ place: MarketStorePlace, _ call: Invocation, _ body: (MarketStore) async throws -> ExitCode
    ) async throws -> ExitCode {
        let store = try await MarketStore.open(at: place, now: call.workspace.now)
        do {
            let code = try await body(store)
            await store.database.close()
            return code
        } catch {
            await store.database.close()
            throw (error as? MarketStoreError).flatMap(MarketCommandError.init) ?? error
        }
    }

    /// The settings of section `[crypto]`.
    static func settings(_ call: Invocation) throws -> CryptoSettings {
        let configuration = try call.workspace.configuration()
        return try CryptoSettings { configuration.value("crypto", $0) }
    }

    /// The newest snapshot of the source that the views show.
    static func latest(_ store: MarketStore) async throws -> StoredSnapshot {
        guard let latest = try await store.latestSnapshot() else { throw MarketCommandError.noSnapshot }
        return latest
    }

    /// The source that the views show.
    static func source(_ store: MarketStore) async throws -> String {
        guard let source = try await store.activeSource() else { throw MarketCommandError.noSnapshot }
        return source
    }

    /// A day as users write it.
    static func day(_ text: String) throws(ParameterError) -> String {
        guard let day = try? Date(isoText: text), day.ds == text else {
            throw ParameterError(text, remedy: "write the day as 2025-10-25")
        }
        return text
    }

    /// `1 call`, `2 calls`.
    static func count(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

    /// Amounts as text with all their digits: JSON numbers would round them.
    static func text(_ amount: Amount?) -> JSONValue { amount.map { .string($0.description) } ?? .null }
}

/// Why a command of `crypto` cannot do what was asked for.
enum MarketCommandError: ExitCodeError {
    case noStore(home: String)
    case noSnapshot
    case noReport(date: String)
    case noCoin(String, near: [String])
    case noRows(String)
    case homeInUse(String, source: String)
    case gone(MarketStoreError)

    /// What is asked for and not there; `nil` for what is wrong with the store.
    init?(_ error: MarketStoreError) {
        switch error {
        case .noSnapshot, .thinned: self = .gone(error)
        default: return nil
        }
    }

    var exitCode: ExitCode {
        switch self {
        case .noStore, .noSnapshot, .noReport, .noCoin, .noRows, .gone: .notFound
        case .homeInUse: .conflict
        }
    }

    var problem: String {
        switch self {
        case .noStore(let home): "there is no market store in \"\(home)\""
        case .noSnapshot: "the market store has no complete snapshot yet"
        case .noReport(let date): "there is no report of \"\(date)\""
        case .noCoin(let name, _): "no coin of the newest snapshot has the id or symbol \"\(name)\""
        case .gone(let error): error.problem
        case .noRows(let what): "there are no rows of \(what)"
        case .homeInUse(let home, let source): "\"\(home)\" holds data of \"\(source)\""
        }
    }

    var remedy: String {
        switch self {
        case .noStore, .noSnapshot:
            "run dagctl dags trigger crypto_data_pipeline --wait, or dagctl crypto demo"
        case .noReport: "write the day as 2025-10-25, or run crypto_data_pipeline"
        case .noCoin(_, let near) where !near.isEmpty: "did you mean \(near.joined(separator: " or "))?"
        case .noCoin: "see all with: dagctl crypto top -n 1000"
        case .gone(let error): error.remedy
        case .noRows: "see what is there with: dagctl crypto status"
        case .homeInUse: "name an empty folder with --to"
        }
    }
}
