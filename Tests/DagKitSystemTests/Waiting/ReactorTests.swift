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

    @Test func `the last event of a closed file wakes no waiter of the next file of its number`() async throws
    {
        for _ in 0..<1_000 {
            try await leaveEventBehind()
            // The lowest free number is that of the descriptor that was closed.
            let quiet = try FileDescriptor.pipe()

            let deadline = BootTimeClock().now.advanced(by: .milliseconds(1))
            let wasWoken = try await Reactor.shared.wait(
                for: .readable, on: quiet.reader.raw, until: deadline)

            #expect(!wasWoken)
        }
    }

    /// Waits for a descriptor that becomes ready at the moment at which the wait is cancelled, and closes it.
    private func leaveEventBehind() async throws {
        let ready = try FileDescriptor.pipe()
        let number = ready.reader.raw
        let wait = Task { try await Reactor.shared.wait(for: .readable, on: number) }
        await Task.yield()
        try ready.writer.writeAll([1])
        wait.cancel()
        _ = await wait.result
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
