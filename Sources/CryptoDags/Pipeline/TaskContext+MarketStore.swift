public import DagKit
import DagKitSQL
public import FoundationEssentials

extension TaskContext {
    /// Opens the deployment's market store, `crypto.db` in its home; a missing one is made.
    ///
    /// Close its database when done; ``withMarketStore(_:)`` does so by itself.
    ///
    /// - Throws: ``MarketStorePlaceError``, ``MarketSchemaError`` or `SQLError`.
    public func marketStore() async throws -> MarketStore {
        guard let home = services.home else { throw MarketStorePlaceError.noHome }
        return try await MarketStore.open(inHome: home, now: now)
    }

    /// Runs `body` with the deployment's market store and closes it afterwards.
    ///
    /// ```swift
    /// let latest = try await context.withMarketStore { try await $0.latestSnapshot() }
    /// ```
    ///
    /// - Throws: What `body` throws, or the errors of ``marketStore()``.
    public func withMarketStore<Value: Sendable>(
        _ body: (MarketStore) async throws -> Value
    ) async throws -> Value {
        let store = try await marketStore()
        do {
            let value = try await body(store)
            await store.database.close()
            return value
        } catch {
            await store.database.close()
            throw error
        }
    }
}

extension MarketStore {
    /// The name of the store's file in a home folder.
    public static let fileName = "crypto.db"

    /// Opens the store of a home folder; folder, file and tables that are missing are made.
    ///
    /// - Throws: ``MarketStorePlaceError``, ``MarketSchemaError`` or `SQLError`.
    public static func open(inHome home: String, now: Date) async throws -> MarketStore {
        try makeFolder(home)
        let address = SQLAddress(type: "sqlite", database: "\(home)/\(fileName)")
        let database = try await SQLiteDriver().open(address)
        do {
            return try await MarketStore.open(database, codec: GzipBodyCodec(), now: now)
        } catch {
            await database.close()
            throw error
        }
    }

    private static func makeFolder(_ path: String) throws(MarketStorePlaceError) {
        let files = FileManager.default
        var isFolder = false
        if files.fileExists(atPath: path, isDirectory: &isFolder), isFolder { return }
        do {
            try files.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch { throw .cannotMake(path) }
    }
}

/// Packs bodies with gzip.
public struct GzipBodyCodec: BodyCodec {
    /// Creates the codec.
    public init() {}

    public var name: String { "gzip" }
    public func pack(_ bytes: [UInt8]) throws -> [UInt8] { try Compression.gzip(bytes) }
    public func unpack(_ bytes: [UInt8], limit: Int) throws -> [UInt8] {
        try Compression.gunzip(bytes, limit: limit)
    }
}

/// Why there is no place for the market store.
public enum MarketStorePlaceError: DagKitError, Equatable {
    case noHome
    case cannotMake(String)

    public var problem: String {
        switch self {
        case .noHome: "this run has no home folder for \"\(MarketStore.fileName)\""
        case .cannotMake(let path): "the home folder \"\(path)\" cannot be made"
        }
    }

    public var remedy: String {
        switch self {
        case .noHome: "run it through dagctl, or set the services' home"
        case .cannotMake: "make the folder above it writable for this user, or set DAGKIT_HOME"
        }
    }
}
