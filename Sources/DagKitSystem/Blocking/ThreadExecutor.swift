import DagKitCore
import Synchronization

/// Runs the jobs of Swift's tasks one after the other on one thread of its own.
///
/// What goes back and forth between a few tasks then costs no hand-over from thread to thread. The thread lives as long as
/// the process.
///
/// ```swift
/// try await withTaskExecutorPreference(try ThreadExecutor()) { … }
/// ```
package final class ThreadExecutor: TaskExecutor {
    private let jobs = Monitor<[(job: UnownedJob, executor: UnownedTaskExecutor)]>([])

    /// How long the thread waits before it looks again by itself; somebody who enqueues wakes it at once.
    private static let patience: Duration = .seconds(3600)

    /// Starts the thread.
    ///
    /// - Throws: ``SystemError`` with `EAGAIN` if the system gives no thread.
    package init() throws(SystemError) {
        try OwnThread.start("dagkit-executor") { [self] in
            while true { runJobs() }
        }
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        enqueue(UnownedJob(job), of: asUnownedTaskExecutor())
    }

    /// Runs a job of another executor, whose place this thread takes for it.
    fileprivate func enqueue(_ job: UnownedJob, of executor: UnownedTaskExecutor) {
        jobs.withLock { $0.append((job, executor)) }
        jobs.signal()
    }

    private func runJobs() {
        let waiting = jobs.wait(timeout: Self.patience) { jobs in
            if jobs.isEmpty { return [(job: UnownedJob, executor: UnownedTaskExecutor)]?.none }
            defer { jobs.removeAll() }
            return jobs
        }
        for (job, executor) in waiting ?? [] { job.runSynchronously(on: executor) }
    }
}

/// Begins a task on the thread of a ``ThreadExecutor``, which has nothing else to do meanwhile, and goes on wherever the
/// process has room.
///
/// A task that waits for nothing is over before another thread would have woken up for it; one that waits, or makes others,
/// has all cores.
///
/// ```swift
/// let executor = BorrowedThread(thread)
/// executor.lend()
/// let task = Task(executorPreference: executor) { … }
/// ```
package final class BorrowedThread: TaskExecutor {
    private let thread: ThreadExecutor
    private let isLent = Atomic(false)

    /// - Parameter thread: Runs what begins; its own jobs wait until that waits or has ended.
    package init(_ thread: ThreadExecutor) { self.thread = thread }

    /// Lends the thread to the next job, which is the beginning of the next task.
    package func lend() { isLent.store(true, ordering: .releasing) }

    package func enqueue(_ job: consuming ExecutorJob) {
        if isLent.exchange(false, ordering: .acquiringAndReleasing) {
            thread.enqueue(UnownedJob(job), of: asUnownedTaskExecutor())
        } else {
            globalConcurrentExecutor.enqueue(job)
        }
    }
}
