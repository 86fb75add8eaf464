import DagKitSQL
import DagKitSystem
import Glibc
import Synchronization

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

    /// Runs Swift code on the thread of a group of one: what it asks of the connection then needs no hand-over.
    func executor() -> any TaskExecutor { ConnectionExecutor(queue) }

    /// Runs `body` with a connection on one of the threads, or on this one if it has the connection.
    ///
    /// A job that is cancelled before its turn does not run; one that runs is interrupted if
    /// `isInterruptible`, and goes on to its end otherwise.
    func run<Value: Sendable>(
        isInterruptible: Bool, _ body: @escaping @Sendable (SQLiteConnection) throws -> Value
    ) async throws -> Value {
        if queue.isExecutorThread {
            try Task.checkCancellation()
            return try body(try queue.connection())
        }
        let cancellation = Cancellation()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation {
                (continuation: CheckedContinuation<Value, any Error>) in
                queue.add(work: { connection in
                    continuation.resume(
                        with: Result {
                            let connection = try connection()
                            guard !cancellation.isCancelled else { throw CancellationError() }
                            connection.cancellation = isInterruptible ? cancellation : nil
                            defer { connection.cancellation = nil }
                            return try body(connection)
                        })
                })
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
    struct Job: Sendable {
        /// Does the work, with what gives it its connection or throws why there is none.
        let run: @Sendable (_ connection: () throws -> SQLiteConnection) -> Void

        /// Is called in place of ``run`` if the group does no work any more.
        let refuse: @Sendable (any Error) -> Void
    }

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

    /// The thread of a group of one while it runs Swift code, and its connection, which is touched on that thread alone.
    private let executorThread = Atomic<UInt>(0)
    nonisolated(unsafe) private var ownConnection: SQLiteConnection?

    init(name: String, limit: Int, connect: @escaping @Sendable () throws -> SQLiteConnection) {
        self.name = name
        self.limit = limit
        self.connect = connect
        state = ConditionLock(State())
    }

    /// Adds work that wants a connection.
    func add(work: @escaping @Sendable (_ connection: () throws -> SQLiteConnection) -> Void) {
        add(Job(run: work) { error in work { throw error } })
    }

    func add(_ job: Job) {
        let (isRefused, needsThread) = state.withLock { state in
            guard !state.isClosed else { return (true, false) }
            state.jobs.append(job)
            let waiting = state.jobs.count - state.firstJob
            guard waiting > state.idle, state.threads < limit else { return (false, false) }
            state.threads += 1
            return (false, true)
        }
        if isRefused { return job.refuse(closedError) }
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
        for job in abandoned { job.refuse(closedError) }
        state.signalAll()
        if hasEnded { end() }
    }

    /// The life of one thread: it connects at its first job, and again later if that failed.
    func serve() {
        guard limit > 1 else { return serveAlone() }
        var connection: SQLiteConnection?
        while let job = nextJob() {
            job.run {
                if let connection { return connection }
                let fresh = try connect()
                connection = fresh
                return fresh
            }
        }
        connection = nil
        end()
    }

    private func serveAlone() {
        while let job = nextJob() { job.run(connection) }
        ownConnection = nil
        end()
    }

    /// The connection of a group of one, on its thread.
    func connection() throws -> SQLiteConnection {
        if let ownConnection { return ownConnection }
        let fresh = try connect()
        ownConnection = fresh
        return fresh
    }

    /// Whether this is the thread of a group of one, and it runs Swift code.
    var isExecutorThread: Bool { executorThread.load(ordering: .relaxed) == pthread_self() }

    /// Runs a piece of Swift code on the thread of a group of one.
    func run(_ job: UnownedJob, of executor: ConnectionExecutor) {
        executorThread.store(pthread_self(), ordering: .relaxed)
        job.runSynchronously(on: executor.asUnownedTaskExecutor())
        executorThread.store(0, ordering: .relaxed)
    }

    private func end() {
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
        let error = SystemError.failed("start a thread for", name, code: code)
        for job in abandoned { job.refuse(error) }
    }
}

/// Swift code on the thread of a connection; where that does no work any more, on any other.
private final class ConnectionExecutor: TaskExecutor {
    private let queue: JobQueue

    init(_ queue: JobQueue) { self.queue = queue }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.add(
            JobQueue.Job { _ in
                self.queue.run(job, of: self)
            } refuse: { _ in
                globalConcurrentExecutor.enqueue(job)
            })
    }
}

/// The start routine of a thread: a file-scope function, so that it belongs to no actor.
private func serveJobs(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let argument { Unmanaged<JobQueue>.fromOpaque(argument).takeRetainedValue().serve() }
    return nil
}
