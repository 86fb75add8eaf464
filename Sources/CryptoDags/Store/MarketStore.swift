public import DagKit
public import DagKitSQL
public import FoundationEssentials

/// The database of snapshots and of all that is made of them.
///
/// Readers see complete snapshots only; each call is one transaction or one query.
///
/// ```swift
/// let store = try await MarketStore.open(database, codec: PlainBodyCodec(), now: now)
/// let outcome = try await store.load(snapshot)
/// let rows = try await store.rows(of: outcome.snapshotID)
/// ```
public struct MarketStore: Sendable {
    /// The database, for queries of one's own.
    public let database: any SQLDatabase

    let codec: any BodyCodec
    let dialect: any MarketDialect

    /// Opens the store; an empty database gets its tables, an older one is refused.
    ///
    /// - Throws: ``MarketSchemaError`` or `SQLError`.
    public static func open(
        _ database: any SQLDatabase, codec: any BodyCodec, now: Date
    ) async throws -> MarketStore {
        let schema = try MarketSchema(database)
        let found = try await schema.version()
        switch found {
        case 0:
            guard try await !schema.isOfSeed() else { throw MarketSchemaError.seed }
            try await schema.migrate(to: schema.current, now: now)
        case schema.current: break
        case ..<schema.current: throw MarketSchemaError.older(found: found, known: schema.current)
        default: throw MarketSchemaError.newer(found: found, known: schema.current)
        }
        return MarketStore(database: database, codec: codec, dialect: schema.dialect)
    }

    /// Brings the tables of a database to the version of this program.
    ///
    /// - Throws: ``MarketSchemaError`` or `SQLError`.
    ///
    /// - Parameter version: Stops at an earlier version; for tests of migrations.
    public static func migrate(_ database: any SQLDatabase, to version: Int? = nil, now: Date) async throws {
        let schema = try MarketSchema(database)
        try await schema.migrate(to: version ?? schema.current, now: now)
    }

    /// Shows that the database answers, has its tables and can be written.
    ///
    /// - Throws: `SQLError`.
    public func ping() async throws {
        try await database.transaction { transaction in
            // A write that changes nothing: a full disk or a read-only file shows here, before any fetch.
            try transaction.execute("insert into crypto_settings (name, value) values ('ping', '')")
            try transaction.execute("delete from crypto_settings where name = 'ping'")
        }
    }

    /// The source whose snapshots the views show; `nil` before the first load.
    public func activeSource() async throws -> String? {
        try await database.query("select value from crypto_settings where name = 'active_source'").first.map {
            try $0[0]
        }
    }
}

/// Packs the bodies of answers for storage.
public protocol BodyCodec: Sendable {
    /// The name that stands beside each body, such as `gzip`.
    var name: String { get }

    /// The packed form of the bytes.
    func pack(_ bytes: [UInt8]) throws -> [UInt8]

    /// The bytes of a packed form.
    ///
    /// - Throws: If it is damaged or holds more than `limit` bytes.
    func unpack(_ bytes: [UInt8], limit: Int) throws -> [UInt8]
}

/// Stores bodies as they are.
public struct PlainBodyCodec: BodyCodec {
    /// Creates the codec.
    public init() {}

    public var name: String { "identity" }
    public func pack(_ bytes: [UInt8]) -> [UInt8] { bytes }
    public func unpack(_ bytes: [UInt8], limit: Int) throws -> [UInt8] {
        guard bytes.count <= limit else { throw MarketStoreError.damagedBody("more than \(limit) bytes") }
        return bytes
    }
}

/// Why the market store cannot give what was asked for.
public enum MarketStoreError: DagKitError, Equatable {
    case noPayload(dagID: String, runID: String)
    case damagedBody(String)
    case otherCodec(found: String, ours: String)
    case noSnapshot(Int64)
    case damagedValue(column: String, snapshot: Int64)

    public var problem: String {
        switch self {
        case .noPayload(let dagID, let runID): "run \"\(runID)\" of \"\(dagID)\" stored no answer"
        case .damagedBody(let what): "a stored answer is damaged: \"\(what)\""
        case .otherCodec(let found, let ours): "a stored answer is packed with \"\(found)\", not with \(ours)"
        case .noSnapshot(let id): "there is no snapshot \"\(id)\""
        case .damagedValue(let column, let snapshot):
            "column \"\(column)\" of snapshot \"\(snapshot)\" holds what it cannot hold"
        }
    }

    public var remedy: String {
        switch self {
        case .noPayload: "clear the run from its first task"
        case .damagedBody, .damagedValue: "restore the market store from a backup or clear the run"
        case .otherCodec: "open the store as the program that wrote it"
        case .noSnapshot: "run crypto_data_pipeline first"
        }
    }
}
