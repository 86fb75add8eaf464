import DagKitSQL
import Glibc

/// A few threads with a connection each, which take jobs from one queue in order.
///
/// SQLite's calls block, so they must not run on the threads of Swift's tasks; and a connection that stays
/// on its thread needs no lock and keeps its compiled statements. With one thread it is the writer.
final class ConnectionThreads: Sendable {
    private let queue: JobQueue

    /// Creates the group; its threads start when there is work for them.
    init(name: String, limit: Int, connect: @escaping @Sendable () throws -> SQLiteConnection) {
        queue = JobQueue(name: name, limit: limit, connect: connect)
    }

    deinit { queue.close(then: {}) }

    /// Runs `body` with a connection on one of the threads.
    ///
    /// A job that is cancelled before its turn does not run; one that runs is interrupted if
    /// `isInterruptible`, and goes on to its end otherwise.
    func run<Value: Sendable>(
        isInterruptible: Bool, _ body: @escaping @Sendable (SQLiteConnection) throws -> Value
    ) async throws -> Value {
        let cancellation = Cancellation()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation {
                (continuation: CheckedContinuation<Value, any Error>) in
                queue.add { connection in
                    continuation.resume(
                        with: Result {
                            let connection = try connection()
                            guard !cancellation.isCancelled else { throw CancellationError() }
                            connection.cancellation = isInterruptible ? cancellation : nil
                            defer { connection.cancellation = nil }
                            return try body(connection)
                        })
                }
            }
        } onCancel: {
            cancellation.cancel()
        }
    }

    /// Lets the jobs that run end, fails those that wait, and closes the connections.
    func close() async {
        await withCheckedContinuation { continuation in queue.close { continuation.resume() } }
    }
}

/// The queue that the threads share; they keep it alive, and it does not keep ``ConnectionThreads`` alive.
private final class JobQueue: Sendable {
    /// Gives the job its connection, or throws why there is none.
    typealias Job = @Sendable (_ connection: () throws -> SQLiteConnection) -> Void

    private struct State {
        var jobs: [Job] = []
        var firstJob = 0
        var threads = 0
        var idle = 0
        var isClosed = false
        var whenEnded: [@Sendable () -> Void] = []
    }

    private let name: String
    private let limit: Int
    private let connect: @Sendable () throws -> SQLiteConnection
    private let state: ConditionLock<State>

    init(name: String, limit: Int, connect: @escaping @Sendable () throws -> SQLiteConnection) {
        self.name = name
        self.limit = limit
        self.connect = connect
        state = ConditionLock(State())
    }

    func add(_ job: @escaping Job) {
        let (isRefused, needsThread) = state.withLock { state in
            guard !state.isClosed else { return (true, false) }
            state.jobs.append(job)
            let waiting = state.jobs.count - state.firstJob
            guard waiting > state.idle, state.threads < limit else { return (false, false) }
            state.threads += 1
            return (false, true)
        }
        if isRefused { return job { throw self.closedError } }
        if needsThread { startThread() } else { state.signalOne() }
    }

    func close(then end: @escaping @Sendable () -> Void) {
        let (abandoned, hasEnded) = state.withLock { state in
            let abandoned = state.jobs[state.firstJob...]
            state.jobs = []
            state.firstJob = 0
            state.isClosed = true
            if state.threads > 0 { state.whenEnded.append(end) }
            return (abandoned, state.threads == 0)
        }
        for job in abandoned { job { throw self.closedError } }
        state.signalAll()
        if hasEnded { end() }
    }

    /// The life of one thread: it connects at its first job, and again later if that failed.
    func serve() {
        var connection: SQLiteConnection?
        while let job = nextJob() {
            job {
                if let connection { return connection }
                let fresh = try connect()
                connection = fresh
                return fresh
            }
        }
        connection = nil
        let endings = state.withLock { state in
            state.threads -= 1
            return state.threads == 0 ? state.whenEnded : []
        }
        for end in endings { end() }
    }

    private func nextJob() -> Job? {
        state.wait { state in
            guard state.firstJob < state.jobs.count else { return state.isClosed ? .some(nil) : nil }
            let job = state.jobs[state.firstJob]
            state.firstJob += 1
            // Now and then, so that a queue that is never empty does not grow without end.
            if state.firstJob == state.jobs.count || state.firstJob >= 64 {
                state.jobs.removeFirst(state.firstJob)
                state.firstJob = 0
            }
            return .some(job)
        } whileWaiting: { state, change in
            state.idle += change
        }
    }

    private var closedError: SQLError {
        SQLError(.interrupted, message: "the database is closed", database: name)
    }

    private func startThread() {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, 1 << 20)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        let code = pthread_create(&thread, &attributes, serveJobs, Unmanaged.passRetained(self).toOpaque())
        pthread_attr_destroy(&attributes)
        if code != 0 { threadFailed(code) }
    }

    /// The system gives no thread: the other threads do the work, and if there is none, the jobs fail.
    private func threadFailed(_ code: Int32) {
        Unmanaged.passUnretained(self).release()
        let abandoned = state.withLock { state in
            state.threads -= 1
            guard state.threads == 0 else { return ArraySlice<Job>() }
            let jobs = state.jobs[state.firstJob...]
            state.jobs = []
            state.firstJob = 0
            return jobs
        }
        let reason = String(cString: strerror(code)).lowercased()
        let error = SQLError(.other, message: "no thread could be started: \(reason)", database: name)
        for job in abandoned { job { throw error } }
    }
}

/// The start routine of a thread: a file-scope function, so that it belongs to no actor.
private func serveJobs(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let argument { Unmanaged<JobQueue>.fromOpaque(argument).takeRetainedValue().serve() }
    return nil
}
