import DagKitCore
import DagKitSystem
public import FoundationEssentials

/// The time that a scheduler goes by: the real one, or one that a test moves.
public protocol SchedulerClock: Sendable {
    /// The wall clock.
    var now: Date { get }

    /// What the wall clock shows, and how much time has passed, at one moment.
    var reading: ClockReading { get }

    /// Returns at an instant of the wall clock, or earlier, or throws when the task is cancelled.
    func sleep(until instant: Date) async throws
}

extension SchedulerClock {
    /// The reading of a clock that nobody sets: time passes as the wall clock shows.
    public var reading: ClockReading {
        let now = now
        return ClockReading(wall: now, elapsed: .microseconds(now.microsecondsSinceEpoch))
    }

    /// Returns once a span has passed, or throws when the task is cancelled.
    func sleep(for span: Duration) async throws {
        let end = reading.elapsed + span
        while true {
            let reading = reading
            guard reading.elapsed < end else { return }
            try await sleep(until: reading.wall + (end - reading.elapsed).seconds)
        }
    }
}

/// What two clocks show at one moment: the wall clock, which somebody may set, and one that nobody can.
public struct ClockReading: Hashable, Sendable {
    /// The wall clock.
    public let wall: Date

    /// The time that has passed since some moment, also while the machine was suspended.
    public let elapsed: Duration

    public init(wall: Date, elapsed: Duration) {
        self.wall = wall
        self.elapsed = elapsed
    }

    /// How far the wall clock was set ahead since an earlier reading, or back where it is negative.
    public func jump(since earlier: ClockReading) -> Duration {
        .microseconds(wall.microsecondsSinceEpoch - earlier.wall.microsecondsSinceEpoch)
            - (elapsed - earlier.elapsed)
    }
}

/// The machine's clocks: the wall clock tells the time, the boot-time clock measures waits, so that a wait ends at the
/// right moment after a suspension.
public struct SystemSchedulerClock: SchedulerClock {
    /// No wait is longer, so that a wall clock that was set is noticed.
    package static let longestWait: Duration = .seconds(30)

    public init() {}

    public var now: Date { Date().roundedToMicroseconds }

    /// A process that is stopped between its looks at the two clocks looks again.
    public var reading: ClockReading {
        while true {
            let before = BootTimeClock().now
            let wall = now
            let after = BootTimeClock().now
            if before.duration(to: after) < .milliseconds(100) {
                return ClockReading(wall: wall, elapsed: after.sinceBoot)
            }
        }
    }

    public func sleep(until instant: Date) async throws {
        let wait = Duration.seconds(max(0, instant.timeIntervalSince(now)))
        try await BootTimeClock().sleep(for: min(wait, Self.longestWait))
    }
}
