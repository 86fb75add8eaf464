import Glibc
import Synchronization

/// Runs the jobs of Swift's tasks on a few threads, one for each core, and wakes one of them for many jobs.
///
/// Swift's own pool wakes a thread for each task that is made, which costs who makes many short ones more than the tasks
/// themselves.
///
/// ```swift
/// let executor = BatchExecutor()
/// for order in orders { Task(executorPreference: executor) { … } }
/// ```
package final class BatchExecutor: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        /// The place of the next job.
        var next = 0
        var threads = 0
    }

    private let state = Mutex(State())
    private let mostThreads = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))

    package init() {}

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let needsThread = state.withLock { state in
            state.jobs.append(job)
            guard state.threads < mostThreads else { return false }
            state.threads += 1
            return true
        }
        guard needsThread else { return }
        BlockingThreads.shared.submit(
            BlockingThreads.Work { [self] in
                while let job = next() { job.runSynchronously(on: asUnownedTaskExecutor()) }
            } refuse: { [self] _ in
                while let job = next() { globalConcurrentExecutor.enqueue(ExecutorJob(job)) }
            })
    }

    /// The next job; `nil` if there is none, and the thread that asks has ended its part.
    private func next() -> UnownedJob? {
        state.withLock { state in
            guard state.next < state.jobs.count else {
                state.jobs.removeAll(keepingCapacity: state.jobs.count <= 1024)
                state.next = 0
                state.threads -= 1
                return nil
            }
            state.next += 1
            return state.jobs[state.next - 1]
        }
    }
}
