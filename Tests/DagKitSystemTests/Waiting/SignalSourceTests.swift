import DagKitSystem
import Glibc
import Testing

@Suite struct SignalSourceTests {
    @Test func `signals arrive in order and end nothing`() async throws {
        let source = try SignalSource([SIGUSR1, SIGUSR2])
        var signals = source.makeAsyncIterator()

        kill(getpid(), SIGUSR2)
        let first = try await signals.next()
        kill(getpid(), SIGUSR1)
        let second = try await signals.next()

        #expect([first, second] == [SIGUSR2, SIGUSR1])
    }
}
