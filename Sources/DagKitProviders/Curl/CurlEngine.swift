import CCurl
import DagKitSystem
import Synchronization

/// What runs one transfer at a time and keeps its connection for the next.
///
/// A transfer runs on a thread of the ``Blocking`` bridge; a cancelled task wakes that thread, which then gives up at once.
final class CurlEngine: @unchecked Sendable {
    // Sendable by hand: `multi` never changes, one transfer at a time uses it (see CurlPool), and `curl_multi_wakeup` is the
    // one call that the library allows from another thread.
    private let multi: UnsafeMutableRawPointer

    /// - Throws: ``CurlFailure`` if the library cannot start.
    init() throws(CurlFailure) {
        guard Self.isReady, let multi = curl_multi_init() else {
            throw CurlFailure(code: CURLE_FAILED_INIT, reason: "the library cannot start")
        }
        self.multi = multi
    }

    deinit {
        curl_multi_cleanup(multi)
    }

    /// The library's own start, once in a process.
    private static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// Runs what `transfer` sets up and blocks until it has ended.
    ///
    /// - Throws: ``CurlFailure``, or `CancellationError` once `isCancelled` is set and ``wake()`` was called.
    func perform(_ transfer: borrowing CurlTransfer, isCancelled: borrowing Atomic<Bool>) throws {
        curl_multi_add_handle(multi, transfer.easy)
        defer { curl_multi_remove_handle(multi, transfer.easy) }
        var running: Int32 = 1
        while true {
            guard !isCancelled.load(ordering: .acquiring) else { throw CancellationError() }
            curl_multi_perform(multi, &running)
            if running == 0 { break }
            // The library shortens the wait to its own next deadline.
            curl_multi_poll(multi, nil, 0, 10_000, nil)
        }
        let code = dagkit_curl_result(multi)
        guard code == CURLE_OK else { throw transfer.failure(code) }
    }

    /// Makes the transfer look at its cancellation now.
    func wake() {
        curl_multi_wakeup(multi)
    }
}

/// Engines that wait for their next transfer.
final class CurlPool: Sendable {
    private let idle = Mutex<[CurlEngine]>([])
    private let limit: Int

    /// - Parameter limit: How many engines are kept for later; more are made when needed, and let go.
    init(keeping limit: Int) {
        self.limit = limit
    }

    /// Sets up a transfer and runs it off the cooperative pool, ending early if the task is cancelled.
    ///
    /// - Throws: What `body` throws, ``CurlFailure``, or `CancellationError`.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable (borrowing CurlTransfer, () throws -> Void) throws -> Value
    ) async throws -> Value {
        let engine = try idle.withLock { $0.popLast() } ?? CurlEngine()
        let ticket = CurlTicket(engine)
        let value = try await withTaskCancellationHandler {
            try await Blocking.run {
                let transfer = try CurlTransfer()
                return try body(transfer) { try ticket.perform(transfer) }
            }
        } onCancel: {
            ticket.cancel()
        }
        // An engine whose transfer failed may hold a connection in an unknown state, and is let go.
        idle.withLock { if $0.count < limit { $0.append(engine) } }
        return value
    }
}

/// One transfer's hold on an engine, and whether it is cancelled.
private final class CurlTicket: Sendable {
    private let engine: CurlEngine
    private let isCancelled = Atomic(false)

    init(_ engine: CurlEngine) {
        self.engine = engine
    }

    func perform(_ transfer: borrowing CurlTransfer) throws {
        try engine.perform(transfer, isCancelled: isCancelled)
    }

    func cancel() {
        isCancelled.store(true, ordering: .releasing)
        engine.wake()
    }
}

/// A transfer that the library gave up.
struct CurlFailure: Error {
    let code: CURLcode
    /// The library's words; they name hosts and ports, never a query or a password.
    let reason: String
    /// Whether there was no connection yet.
    var wasConnecting = false
}
