import DagKitCore

/// Runs the jobs of Swift's tasks one after the other on one thread of its own.
///
/// What goes back and forth between a few tasks then costs no hand-over from thread to thread. The thread lives as long as
/// the process.
///
/// ```swift
/// try await withTaskExecutorPreference(ThreadExecutor()) { … }
/// ```
package final class ThreadExecutor: TaskExecutor {
    private let jobs = Monitor<[UnownedJob]>([])

    /// How long the thread waits before it looks again by itself; somebody who enqueues wakes it at once.
    private static let patience: Duration = .seconds(3600)

    /// Starts the thread.
    package init() {
        BlockingThreads.shared.submit(
            BlockingThreads.Work { [self] in
                while true { runJobs() }
            } refuse: {
                preconditionFailure($0.description)
            })
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
        jobs.signal()
    }

    private func runJobs() {
        let waiting = jobs.wait(timeout: Self.patience) { jobs in
            if jobs.isEmpty { return [UnownedJob]?.none }
            defer { jobs.removeAll() }
            return jobs
        }
        for job in waiting ?? [] { job.runSynchronously(on: asUnownedTaskExecutor()) }
    }
}
