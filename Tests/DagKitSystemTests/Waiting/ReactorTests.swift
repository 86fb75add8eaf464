import DagKitSystem
import Glibc
import Testing

@Suite struct ReactorTests {
    @Test func `a sleep ends at its instant and not before`() async throws {
        let clock = BootTimeClock()
        let deadline = clock.now.advanced(by: .milliseconds(20))

        try await clock.sleep(until: deadline)

        #expect(clock.now >= deadline)
    }

    @Test func `a shorter sleep ends before a longer one that began first`() async throws {
        let clock = BootTimeClock()
        let start = clock.now

        let first = try await withThrowingTaskGroup(of: Int.self) { group in
            for milliseconds in [600_000, 20] {
                group.addTask {
                    try await clock.sleep(until: start.advanced(by: .milliseconds(milliseconds)))
                    return milliseconds
                }
            }
            defer { group.cancelAll() }
            return try await group.next()
        }

        #expect(first == 20)
    }

    @Test func `an instant that has passed does not wait`() async throws {
        let clock = BootTimeClock()

        try await clock.sleep(until: clock.now.advanced(by: .seconds(-10)))
        try await clock.sleep(until: BootTimeClock.Instant(sinceBoot: .zero))
    }

    @Test func `a cancelled sleep ends`() async throws {
        let sleeping = Task { try await BootTimeClock().sleep(until: soon(600)) }

        sleeping.cancel()

        await #expect(throws: CancellationError.self) { try await sleeping.value }
    }

    @Test func `a descriptor that cannot be waited for is an error`() async {
        await #expect(throws: SystemError.self) { try await Reactor.shared.wait(for: .readable, on: 987_654) }
    }

    @Test func `thousands of waits end, each once`() async throws {
        let clock = BootTimeClock()
        let start = clock.now

        let count = try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<5_000 {
                group.addTask { try await clock.sleep(until: start.advanced(by: .microseconds(number * 10))) }
            }
            return try await group.reduce(0) { count, _ in count + 1 }
        }

        #expect(count == 5_000)
    }
}
