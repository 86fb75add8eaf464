import DagKitCore
import DagKitTesting
import FoundationEssentials
import Testing

@testable import DagKitRuntime

@Suite struct AlarmTests {
    private let clock = ManualClock(at: Date(microseconds: 1_700_000_000_000_000))

    @Test(arguments: [-3_600.0, 0, 3_600])
    func `an alarm rings when its time has passed, though the clock was set after that was chosen`(
        jump: Double
    ) async throws {
        let (signals, signal) = AsyncStream<Void>.makeStream()
        var alarm = Alarm(clock: clock) { signal.yield() }
        let reading = clock.reading
        clock.jump(by: jump)

        alarm.set(reading.wall + 5, asOf: reading)
        clock.advance(by: 5)

        let watch = Task {
            try await Task.sleep(for: .seconds(60))
            signal.finish()
        }
        let hasRung = await signals.contains { _ in true }
        watch.cancel()
        #expect(hasRung)
    }
}
