import DagKitCore
import DagKitSystem
public import FoundationEssentials

/// The time that a scheduler goes by: the real one, or one that a test moves.
public protocol SchedulerClock: Sendable {
    /// The wall clock.
    var now: Date { get }

    /// Returns at an instant of the wall clock, or earlier, or throws when the task is cancelled.
    func sleep(until instant: Date) async throws
}

extension SchedulerClock {
    /// Returns once a span has passed on the wall clock, or throws when the task is cancelled.
    func sleep(for span: Duration) async throws {
        let end = now + span.seconds
        while now < end { try await sleep(until: end) }
    }
}

/// The machine's clocks: the wall clock tells the time, the boot-time clock measures waits, so that a wait ends at the
/// right moment after a suspension.
public struct SystemSchedulerClock: SchedulerClock {
    /// No wait is longer, so that a wall clock that was set is noticed.
    private static let longestWait: Duration = .seconds(30)

    public init() {}

    public var now: Date { Date().roundedToMicroseconds }

    public func sleep(until instant: Date) async throws {
        let wait = Duration.seconds(max(0, instant.timeIntervalSince(now)))
        try await BootTimeClock().sleep(for: min(wait, Self.longestWait))
    }
}
