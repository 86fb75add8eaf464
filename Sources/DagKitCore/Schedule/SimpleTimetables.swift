public import FoundationEssentials

/// No runs but those that somebody triggers.
public struct ManualTimetable: Timetable, Hashable {
    /// Creates the timetable.
    public init() {}

    public var isPeriodic: Bool { false }

    public func nextRun(after last: DataInterval?, within bounds: ScheduleBounds, now: Date) -> PlannedRun? {
        nil
    }

    public func dataInterval(ofManualRunAt instant: Date) -> DataInterval { DataInterval(exactly: instant) }
}

/// One run, at the start date, however long ago that is.
public struct OnceTimetable: Timetable, Hashable {
    /// Creates the timetable.
    public init() {}

    public var isPeriodic: Bool { false }

    public func nextRun(after last: DataInterval?, within bounds: ScheduleBounds, now: Date) -> PlannedRun? {
        let instant = bounds.earliest ?? now
        guard last == nil, bounds.admits(instant) else { return nil }
        return PlannedRun(start: instant, end: instant)
    }

    public func dataInterval(ofManualRunAt instant: Date) -> DataInterval { DataInterval(exactly: instant) }
}

/// One run after the other; each covers the time since the one before, and starts as soon as that has ended, but at most
/// one each second: runs of no length would take a processor and fill the store.
public struct ContinuousTimetable: Timetable, Hashable {
    /// Creates the timetable.
    public init() {}

    public var isPeriodic: Bool { false }

    public var maximumActiveRuns: Int? { 1 }

    public var minimumPause: Duration { .seconds(1) }

    public func nextRun(after last: DataInterval?, within bounds: ScheduleBounds, now: Date) -> PlannedRun? {
        guard let interval = interval(after: last, earliest: bounds.earliest, now: now),
            bounds.admits(interval.end)
        else { return nil }
        return PlannedRun(dataInterval: interval, runAfter: interval.end)
    }

    private func interval(after last: DataInterval?, earliest: Date?, now: Date) -> DataInterval? {
        guard let earliest else { return nil }
        guard let last else { return DataInterval(start: earliest, end: max(earliest, now)) }
        if last.end <= now { return DataInterval(start: last.end, end: now) }
        let length = last.end.microsecondsSinceEpoch - last.start.microsecondsSinceEpoch
        return DataInterval(
            start: earliest, end: Date(microseconds: earliest.microsecondsSinceEpoch + length))
    }

    public func dataInterval(ofManualRunAt instant: Date) -> DataInterval { DataInterval(exactly: instant) }
}

/// Runs at instants that are listed one by one, such as the days of a conference.
///
/// Without ``Catchup/all`` the latest event that was missed is run, where Airflow would drop it.
public struct EventsTimetable: Timetable, Hashable {
    /// The instants, in order.
    public let events: [Date]

    /// Whether a manual run stands for the event before it and not for its own instant.
    public let restrictsManualRuns: Bool

    /// Creates a timetable of events in any order.
    public init(_ events: [Date], restrictsManualRuns: Bool = false) {
        self.events = Set(events.map(\.roundedToMicroseconds)).sorted()
        self.restrictsManualRuns = restrictsManualRuns
    }

    public func nextRun(after last: DataInterval?, within bounds: ScheduleBounds, now: Date) -> PlannedRun? {
        var candidates = events[...]
        if let earliest = bounds.earliest { candidates = candidates.drop { $0 < earliest } }
        if let last { candidates = candidates.drop { $0 <= last.end } }
        let missed = candidates.prefix { $0 <= now }
        let next = bounds.catchup == .all ? candidates.first : missed.last ?? candidates.first
        guard let next, bounds.admits(next) else { return nil }
        return PlannedRun(start: next, end: next)
    }

    public func dataInterval(ofManualRunAt instant: Date) -> DataInterval {
        let past = restrictsManualRuns ? events.last { $0 <= instant } ?? events.first : nil
        return DataInterval(exactly: past ?? instant)
    }
}
