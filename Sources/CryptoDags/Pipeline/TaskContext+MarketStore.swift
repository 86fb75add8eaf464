public import DagKit

extension TaskContext {
    /// Opens the deployment's market store, wherever ``MarketStorePlace`` finds it; a missing one is made.
    ///
    /// Close its database when done; ``withMarketStore(_:)`` does so by itself.
    ///
    /// - Throws: ``MarketStorePlaceError``, ``MarketSchemaError`` or `SQLError`.
    public func marketStore() async throws -> MarketStore {
        try await MarketStore.open(at: try await MarketStorePlace(services), now: now)
    }

    /// Runs `body` with the deployment's market store and closes it afterwards.
    ///
    /// Services that hold an open `MarketStore` lend that one, which stays open: who runs many tasks in one process, such
    /// as a simulation, opens it once.
    ///
    /// ```swift
    /// let latest = try await context.withMarketStore { try await $0.latestSnapshot() }
    /// ```
    ///
    /// - Throws: What `body` throws, or the errors of ``marketStore()``.
    public func withMarketStore<Value: Sendable>(
        _ body: (MarketStore) async throws -> Value
    ) async throws -> Value {
        if let store = services[MarketStore.self] { return try await body(store) }
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

/// Packs bodies with gzip.
public struct GzipBodyCodec: BodyCodec {
    /// Creates the codec.
    public init() {}

    public var name: String { "gzip" }
    /// Fast: answers are packed with each run, and kept for days only.
    public func pack(_ bytes: [UInt8]) throws -> [UInt8] { try Compression.gzip(bytes, level: 1) }
    public func unpack(_ bytes: [UInt8], limit: Int) throws -> [UInt8] {
        try Compression.gunzip(bytes, limit: limit)
    }
}
