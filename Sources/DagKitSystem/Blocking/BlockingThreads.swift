/// The one bridge from calls that block to async code.
///
/// A call that waits for a disk, a lock or a server would stop a thread of Swift's small cooperative pool, and with it other
/// tasks. It runs here instead, on threads of our own that are made on demand and end when they have been idle for a while.
///
/// ```swift
/// let rows = try await Blocking.run { try connection.select("SELECT 1") }
/// ```
public enum Blocking {
    /// Runs a blocking call on a thread of its own and returns what it returns.
    ///
    /// The call is not interrupted when the task is cancelled, so that a rollback or a close always takes place: what can
    /// wait for long watches its own deadline or descriptor. Signals are blocked on these threads.
    ///
    /// - Throws: What `body` throws, or ``SystemError/failed(_:_:code:)`` if no thread can be made.
    public static func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<T, any Error>) in
            let work = BlockingThreads.Work {
                continuation.resume(with: Result(catching: body))
            } refuse: {
                continuation.resume(throwing: $0)
            }
            BlockingThreads.shared.submit(work)
        }
    }
}

/// Threads that run one blocking call at a time and wait a while for the next.
///
/// There is no upper limit: calls may wait for each other, and a limit would make that a deadlock. Callers bound what they
/// start (connections, workers).
final class BlockingThreads: Sendable {
    struct Work: Sendable {
        let run: @Sendable () -> Void
        let refuse: @Sendable (SystemError) -> Void

        init(run: @escaping @Sendable () -> Void, refuse: @escaping @Sendable (SystemError) -> Void) {
            self.run = run
            self.refuse = refuse
        }
    }

    private struct State {
        var queue: [Work] = []
        var idle = 0
        var threads = 0
    }

    /// The threads of this process; made on first use.
    static let shared = BlockingThreads(idleTime: .seconds(10))

    private let state = Monitor(State())
    private let idleTime: Duration

    init(idleTime: Duration) {
        self.idleTime = idleTime
    }

    /// How many threads there are, busy or idle.
    var threadCount: Int { state.withLock(\.threads) }

    /// Hands `work` to an idle thread, or to a new one if all are taken.
    func submit(_ work: Work) {
        let needsThread = state.withLock { state in
            state.queue.append(work)
            guard state.queue.count > state.idle else { return false }
            state.threads += 1
            return true
        }
        guard needsThread else { return state.signal() }
        if let error = startThread() { threadFailed(error) }
    }

    /// The life of one thread: calls as they come, until none came for ``idleTime``.
    func work() {
        while let work = next() { work.run() }
    }

    private func next() -> Work? {
        state.withLock { $0.idle += 1 }
        let work = state.wait(timeout: idleTime) { state in
            guard !state.queue.isEmpty else { return Work?.none }
            state.idle -= 1
            return state.queue.removeFirst()
        }
        return work ?? leave()
    }

    /// Ends this thread's part in the pool, unless a call came in at the last moment.
    private func leave() -> Work? {
        state.withLock { state in
            state.idle -= 1
            guard state.queue.isEmpty else { return state.queue.removeFirst() }
            state.threads -= 1
            return nil
        }
    }

    private func startThread() -> SystemError? {
        do throws(SystemError) {
            try OwnThread.start("dagkit-blocking") { self.work() }
            return nil
        } catch {
            return error
        }
    }

    /// With other threads at work the queued call waits its turn; with none it is refused.
    private func threadFailed(_ error: SystemError) {
        let refused = state.withLock { state in
            state.threads -= 1
            guard state.threads == 0 else { return [Work]() }
            defer { state.queue.removeAll() }
            return state.queue
        }
        for work in refused { work.refuse(error) }
    }
}
