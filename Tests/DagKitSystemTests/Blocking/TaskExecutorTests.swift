import DagKitSystem
import Glibc
import Synchronization
import Testing

@Suite struct TaskExecutorTests {
    @Test func `as many tasks run at once as there are cores, and all of them end`() async {
        let executor = BatchExecutor()
        let crowd = Crowd()

        let tasks = (0..<200).map { number in
            Task(executorPreference: executor) {
                crowd.pass()
                await Task.yield()
                crowd.pass()
                return number
            }
        }
        var sum = 0
        for task in tasks { sum += await task.value }

        #expect(sum == 199 * 200 / 2)
        #expect(crowd.most <= max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    }

    @Test func `tasks that are gathered begin once all are made`() async {
        let executor = BatchExecutor()
        let begun = Begun()

        var tasks: [Task<Void, Never>] = []
        executor.gather {
            for number in 0..<20 {
                tasks.append(Task(executorPreference: executor) { begun.note(number) })
            }
            begun.note(-1)
        }
        for task in tasks { await task.value }

        #expect(begun.numbers.first == -1)
        #expect(begun.numbers.sorted() == Array(-1..<20))
    }

    @Test func `tasks that wait for each other do not hold each other up`() async {
        let executor = BatchExecutor()
        let (words, teller) = AsyncStream<Int>.makeStream()

        let listener = Task(executorPreference: executor) { await words.first { $0 == 7 } }
        let speaker = Task(executorPreference: executor) { _ = teller.yield(7) }

        await speaker.value
        #expect(await listener.value == 7)
    }

    @Test func `a task begins on the thread that is lent to it, and the next one elsewhere`() async throws {
        let thread = try ThreadExecutor()
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

    @Test func `a task that waits gives the lent thread back`() async throws {
        let thread = try ThreadExecutor()
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

/// Counts how many are at the same place at once.
private final class Crowd: Sendable {
    private let counts = Mutex((now: 0, most: 0))

    var most: Int { counts.withLock(\.most) }

    func pass() {
        counts.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
        // Others get the chance to come as well.
        for _ in 0..<10 { sched_yield() }
        counts.withLock { $0.now -= 1 }
    }
}

/// What began, in order.
private final class Begun: Sendable {
    private let known = Mutex<[Int]>([])

    var numbers: [Int] { known.withLock(\.self) }

    func note(_ number: Int) { known.withLock { $0.append(number) } }
}
