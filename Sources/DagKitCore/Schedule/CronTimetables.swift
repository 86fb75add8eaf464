public import FoundationEssentials

/// Runs that cover the span between two times of a cron line, and start when it has passed.
public struct CronIntervalTimetable: Timetable, IntervalTimetable, Hashable {
    /// The cron line.
    public let cron: CronExpression
    /// The zone whose clock the line reads.
    public let zone: TimeZoneRules

    /// Creates a timetable from a cron line that is read on the clock of `zone`.
    public init(_ cron: CronExpression, in zone: TimeZoneRules = .utc) {
        self.cron = cron
        self.zone = zone
    }

    public func nextRun(after last: DataInterval?, within bounds: ScheduleBounds, now: Date) -> PlannedRun? {
        intervalRun(after: last, within: bounds, now: now)
    }

    /// The last complete span before `instant`, so that it always ends by then.
    public func dataInterval(ofManualRunAt instant: Date) -> DataInterval {
        guard let end = aligned(down: instant), let start = boundary(before: end) else {
            return DataInterval(exactly: instant)
        }
        return DataInterval(start: start, end: end)
    }

    func boundary(after instant: Date) -> Date? { cron.next(after: instant, in: zone) }
    func boundary(before instant: Date) -> Date? { cron.previous(before: instant, in: zone) }
    func aligned(up instant: Date) -> Date? { cron.aligned(up: instant, in: zone) }
    func aligned(down instant: Date) -> Date? { cron.aligned(down: instant, in: zone) }

    func latestStart(at now: Date, isFirst: Bool) -> Date? {
        guard var start = boundary(before: now), var end = boundary(after: start) else { return nil }
        if end > now {
            // On the day of a gap the reference's step back stays in place, so that a new DAG has no run at once.
            // A DAG that has run would lose one by this, so that only the first run follows it.
            return isFirst ? cron.wallClockStepBack(from: start, in: zone) : boundary(before: start)
        }
        // Around a clock change a step back and one forward may not meet; walk up to the present.
        while end < now, let following = boundary(after: end), following <= now {
            (start, end) = (end, following)
        }
        return start
    }
}

/// Runs that start at the times of a cron line, and stand for that instant or for a span before it.
public struct CronTriggerTimetable: Timetable, Hashable {
    /// The cron line.
    public let cron: CronExpression
    /// The zone whose clock the line reads.
    public let zone: TimeZoneRules
    /// How long before the trigger the data starts.
    public let interval: Duration

    /// Creates a timetable whose runs cover the `interval` before each time of the line.
    public init(_ cron: CronExpression, in zone: TimeZoneRules = .utc, interval: Duration = .zero) {
        self.cron = cron
        self.zone = zone
        self.interval = interval
    }

    public func nextRun(after last: DataInterval?, within bounds: ScheduleBounds, now: Date) -> PlannedRun? {
        guard let trigger = nextTrigger(after: last, within: bounds, now: now), bounds.admits(trigger) else {
            return nil
        }
        return PlannedRun(start: trigger.moved(by: .zero - interval), end: trigger)
    }

    private func nextTrigger(after last: DataInterval?, within bounds: ScheduleBounds, now: Date) -> Date? {
        let following = last.flatMap { cron.next(after: $0.end, in: zone) }
        let first = bounds.earliest.flatMap { cron.aligned(up: $0, in: zone) }
        guard bounds.catchup != .all else { return last == nil ? first : following }
        if (last != nil && following == nil) || (bounds.earliest != nil && first == nil) { return nil }
        return [cron.aligned(down: now, in: zone), following, first].compactMap(\.self).max()
    }

    public func dataInterval(ofManualRunAt instant: Date) -> DataInterval {
        DataInterval(start: instant.moved(by: .zero - interval), end: instant)
    }
}

extension CronExpression {
    func aligned(up instant: Date, in zone: TimeZoneRules) -> Date? {
        guard let next = next(after: instant, in: zone) else { return nil }
        return previous(before: next, in: zone) == instant ? instant : next
    }

    func aligned(down instant: Date, in zone: TimeZoneRules) -> Date? {
        guard let previous = previous(before: instant, in: zone) else { return nil }
        return next(after: previous, in: zone) == instant ? instant : previous
    }
}

extension Date {
    /// The instant that is later by a span, in whole microseconds.
    func moved(by span: Duration) -> Date {
        Date(microseconds: microsecondsSinceEpoch + span.microseconds)
    }
}
