import DagKitSystem
import Glibc
import Synchronization
import Testing

@Suite struct TaskExecutorTests {
    @Test func `many tasks share a thread for each core, and all of them end`() async {
        let executor = BatchExecutor()
        let seen = Threads()

        let tasks = (0..<200).map { number in
            Task(executorPreference: executor) {
                seen.noteThis()
                await Task.yield()
                seen.noteThis()
                return number
            }
        }
        var sum = 0
        for task in tasks { sum += await task.value }

        #expect(sum == 199 * 200 / 2)
        #expect(seen.count <= max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    }

    @Test func `tasks that wait for each other do not hold each other up`() async {
        let executor = BatchExecutor()
        let (words, teller) = AsyncStream<Int>.makeStream()

        let listener = Task(executorPreference: executor) { await words.first { $0 == 7 } }
        let speaker = Task(executorPreference: executor) { _ = teller.yield(7) }

        await speaker.value
        #expect(await listener.value == 7)
    }

    @Test func `a task begins on the thread that is lent to it, and the next one elsewhere`() async {
        let thread = ThreadExecutor()
        let executor = BorrowedThread(thread)

        await withTaskExecutorPreference(thread) {
            let own = pthread_self()
            executor.lend()
            let first = await Task(executorPreference: executor) { pthread_self() }.value
            let second = await Task(executorPreference: executor) { pthread_self() }.value

            #expect(first == own)
            #expect(second != own)
        }
    }

    @Test func `a task that waits gives the lent thread back`() async {
        let thread = ThreadExecutor()
        let executor = BorrowedThread(thread)
        let (words, teller) = AsyncStream<Int>.makeStream()

        let heard = await withTaskExecutorPreference(thread) {
            executor.lend()
            let task = Task(executorPreference: executor) { await words.first { _ in true } }
            // Only this thread tells it, once the task has begun to wait on it.
            await Task.yield()
            teller.yield(3)
            return await task.value
        }

        #expect(heard == 3)
    }
}

/// The threads that something ran on.
private final class Threads: Sendable {
    private let known = Mutex<Set<pthread_t>>([])

    var count: Int { known.withLock(\.count) }

    func noteThis() { known.withLock { _ = $0.insert(pthread_self()) } }
}
