public import FoundationEssentials

/// Waits until a span has passed since the end of the run's data interval.
///
/// ```swift
/// dag.task("settle", run: TimeDeltaSensor(.minutes(30)))  // prices are final half an hour after the hour
/// ```
///
/// A run without a data interval counts from the instant from which it might start.
public struct TimeDeltaSensor: InstantSensor {
    public var delta: Duration
    public let waiting: SensorOptions

    public init(_ delta: Duration, timeout: Duration = .days(7), softFail: Bool = false) {
        self.delta = delta
        waiting = SensorOptions(timeout: timeout, softFail: softFail)
    }

    public func instant(of run: DAGRun, start: Date) -> Date {
        (run.dataInterval?.end ?? run.runAfter) + delta.seconds
    }
}

/// Waits for an instant.
///
/// ```swift
/// dag.task("noon_after", run: DateTimeSensor { run in (run.logicalDate ?? run.runAfter) + 12 * 3600 })
/// ```
public struct DateTimeSensor: InstantSensor {
    public let waiting: SensorOptions
    private let instant: @Sendable (DAGRun) -> Date

    /// Waits for a fixed instant.
    public init(_ instant: Date, timeout: Duration = .days(7), softFail: Bool = false) {
        self.init(timeout: timeout, softFail: softFail) { _ in instant }
    }

    /// Waits for an instant that a run decides; `instant` must always give the same.
    public init(
        timeout: Duration = .days(7), softFail: Bool = false, _ instant: @escaping @Sendable (DAGRun) -> Date
    ) {
        waiting = SensorOptions(timeout: timeout, softFail: softFail)
        self.instant = instant
    }

    public func instant(of run: DAGRun, start: Date) -> Date { instant(run) }
}

/// Waits for a time of the day on which its task starts, in the zone that its rules give.
///
/// ```swift
/// dag.task("after_the_close", run: TimeOfDaySensor(hour: 18, minute: 30, zone: paris))
/// ```
///
/// A task that starts later on that day does not wait. A time that the clocks leave out counts as the one they jump to.
public struct TimeOfDaySensor: InstantSensor {
    public let hour: Int
    public let minute: Int
    public let zone: TimeZoneRules
    public let waiting: SensorOptions

    public init(
        hour: Int, minute: Int = 0, zone: TimeZoneRules = .utc, timeout: Duration = .days(7),
        softFail: Bool = false
    ) {
        self.hour = hour
        self.minute = minute
        self.zone = zone
        waiting = SensorOptions(timeout: timeout, softFail: softFail)
    }

    public func instant(of run: DAGRun, start: Date) -> Date {
        let day = zone.wallClock(at: start).date
        return zone.instant(of: CivilDateTime(day, hour: hour, minute: minute))
    }
}

/// A sensor that waits for an instant which the run and its start decide.
public protocol InstantSensor: Sensor where Output == None {
    /// The instant that is waited for; a pure function.
    func instant(of run: DAGRun, start: Date) -> Date
}

extension InstantSensor {
    public var deferral: Deferral? {
        Deferral(timeout: waiting.timeout, softFail: waiting.softFail) { run, start in
            .instant(instant(of: run, start: start).roundedToMicroseconds)
        }
    }

    public func poke(in context: TaskContext) async throws -> Poke<None> {
        guard let clock = context.clock else { throw ServiceError.noService("TaskClock") }
        let now = clock.now()
        let due = instant(of: context.attempt.run, start: context.attempt.firstStart ?? now)
        return due <= now ? .done : .notYet(Awaited.instant(due).reason, until: due)
    }
}
