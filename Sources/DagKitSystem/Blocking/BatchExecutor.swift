import Glibc
import Synchronization

/// Runs the jobs of Swift's tasks on a few threads, one for each core, and wakes one of them for many jobs.
///
/// Swift's own pool wakes a thread for each task that is made, which costs who makes many short ones more than the tasks
/// themselves.
///
/// ```swift
/// let executor = BatchExecutor()
/// executor.gather { for order in orders { Task(executorPreference: executor) { … } } }
/// ```
package final class BatchExecutor: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        /// The place of the next job.
        var next = 0
        var threads = 0
        var isGathering = false

        /// Counts one more thread if there is work for it.
        mutating func wantsThread(atMost limit: Int) -> Bool {
            guard next < jobs.count, threads < limit, !isGathering else { return false }
            threads += 1
            return true
        }
    }

    private let state = Mutex(State())
    private let mostThreads = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))

    package init() {}

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let wantsThread = state.withLock { state in
            state.jobs.append(job)
            return state.wantsThread(atMost: mostThreads)
        }
        if wantsThread { startThread() }
    }

    /// Lets the tasks that `make` makes begin together, once it returns: one thread is woken, which wakes others if it finds
    /// more than it can begin itself.
    package func gather(_ make: () -> Void) {
        state.withLock { $0.isGathering = true }
        make()
        let wantsThread = state.withLock { state in
            state.isGathering = false
            return state.wantsThread(atMost: mostThreads)
        }
        if wantsThread { startThread() }
    }

    private func startThread() {
        BlockingThreads.shared.submit(
            BlockingThreads.Work { [self] in
                while let job = next() { job.runSynchronously(on: asUnownedTaskExecutor()) }
            } refuse: { [self] _ in
                while let job = next() { globalConcurrentExecutor.enqueue(ExecutorJob(job)) }
            })
    }

    /// The next job; `nil` if there is none, and the thread that asks has ended its part.
    private func next() -> UnownedJob? {
        let (job, wantsThread) = state.withLock { state in
            guard state.next < state.jobs.count else {
                state.jobs.removeAll(keepingCapacity: state.jobs.count <= 1024)
                state.next = 0
                state.threads -= 1
                return (UnownedJob?.none, false)
            }
            state.next += 1
            return (state.jobs[state.next - 1], state.wantsThread(atMost: mostThreads))
        }
        if wantsThread { startThread() }
        return job
    }
}
