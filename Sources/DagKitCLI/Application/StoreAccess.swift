import DagKitCore
import DagKitSystem

/// What reads of a metadata store go through.
protocol StoreAccess: Sendable {
    /// Calls `body` with the store.
    ///
    /// - Parameter body: May be called again, and must change nothing.
    func read<Value: Sendable>(
        _ body: @Sendable (any MetadataStore) async throws -> Value
    ) async throws -> Value
}

/// A store that somebody else has opened and closes.
struct OpenStore: StoreAccess {
    let store: any MetadataStore

    func read<Value: Sendable>(
        _ body: @Sendable (any MetadataStore) async throws -> Value
    ) async throws -> Value {
        try await body(store)
    }
}

/// A store that is open while it is read and for a second after that.
///
/// A warm worker lives for long and reads seldom. A database that it kept open could not be put back from a backup, and where
/// its file was replaced, the worker would read the old one.
actor StoreLease: StoreAccess {
    private let open: @Sendable () async throws -> any MetadataStore
    private var store: (any MetadataStore)?
    /// Which opening `store` comes from.
    private var opening = 0
    private var readers = 0
    private var reads = 0
    private var isWaiting = false

    private static let rest: Duration = .seconds(1)

    init(_ open: @escaping @Sendable () async throws -> any MetadataStore) { self.open = open }

    func read<Value: Sendable>(
        _ body: @Sendable (any MetadataStore) async throws -> Value
    ) async throws -> Value {
        readers += 1
        reads += 1
        defer {
            readers -= 1
            closeSoon()
        }
        let (store, number) = try await opened()
        do {
            return try await body(store)
        } catch let error as any StoreFailure where error.isFinal {
            // Another file is in its place by now, and can be read.
            if number == opening { self.store = nil }
            return try await body(try await opened().store)
        }
    }

    private func opened() async throws -> (store: any MetadataStore, number: Int) {
        if let store { return (store, opening) }
        let fresh = try await open()
        if let store {
            await fresh.close()
            return (store, opening)
        }
        store = fresh
        opening += 1
        return (fresh, opening)
    }

    private func closeSoon() {
        guard readers == 0, !isWaiting else { return }
        isWaiting = true
        Task { await self.closeOnceUnused() }
    }

    private func closeOnceUnused() async {
        var seen = -1
        while readers > 0 || seen != reads {
            seen = reads
            try? await BootTimeClock().sleep(for: Self.rest)
        }
        isWaiting = false
        let last = store.take()
        await last?.close()
    }
}
