public import FoundationEssentials

/// A timetable with its bounds: which runs a scheduler must create, and when it must look again.
///
/// ```swift
/// let schedule = RunSchedule(CronIntervalTimetable(daily), startDate: start, catchup: .all)
/// let plan = schedule.plan(after: lastInterval, now: now)
/// // create plan.due, sleep until plan.next?.runAfter
/// ```
public struct RunSchedule: Sendable {
    /// When runs are due.
    public let timetable: any Timetable

    /// The span in which runs may start.
    public let bounds: ScheduleBounds

    /// Creates a schedule; no run starts before `startDate` or after `endDate`.
    public init(
        _ timetable: any Timetable, startDate: Date? = nil, endDate: Date? = nil, catchup: Catchup = .latest
    ) {
        self.timetable = timetable
        self.bounds = ScheduleBounds(earliest: startDate, latest: endDate, catchup: catchup)
    }

    /// The schedule without runs for what starts after an instant.
    package func ending(at instant: Date) -> RunSchedule {
        let latest = bounds.latest.map { min($0, instant) } ?? instant
        return RunSchedule(timetable, startDate: bounds.earliest, endDate: latest, catchup: bounds.catchup)
    }

    /// What is due at one moment.
    public struct Plan: Hashable, Sendable {
        /// The runs to create now, in order.
        public let due: [PlannedRun]

        /// The run after those; `nil` if there will be none, or none before a due one has ended.
        public let next: PlannedRun?
    }

    /// Plans from the data interval of the latest scheduled run.
    ///
    /// - Parameters:
    ///   - last: the data interval of the latest scheduled run, `nil` before the first.
    ///   - activeSince: when the DAG was created or last unpaused; only ``Catchup/skip`` asks for it, and takes
    ///     `now` without it.
    ///   - limit: how many runs are taken at most; further ones show as `next`.
    public func plan(
        after last: DataInterval?, now: Date, activeSince: Date? = nil, limit: Int = .max
    ) -> Plan {
        let limit = min(limit, timetable.maximumActiveRuns ?? .max)
        var due: [PlannedRun] = []
        var next = nextRun(after: last, now: now, activeSince: activeSince)
        while let run = next, run.runAfter <= now, due.count < limit {
            due.append(run)
            next =
                due.count == timetable.maximumActiveRuns
                ? nil : nextRun(after: run.dataInterval, now: now, activeSince: activeSince)
            // A timetable that stands still would ask for the same run for ever.
            if let following = next, following.runAfter <= run.runAfter { next = nil }
        }
        return Plan(due: due, next: next)
    }

    private func nextRun(after last: DataInterval?, now: Date, activeSince: Date?) -> PlannedRun? {
        var run = timetable.nextRun(after: last, within: bounds, now: now)
        guard bounds.catchup == .skip, timetable.isPeriodic else { return run }
        while let missed = run, missed.runAfter <= activeSince ?? now {
            run = timetable.nextRun(after: missed.dataInterval, within: bounds, now: now)
            if let following = run, following.runAfter <= missed.runAfter { return nil }
        }
        return run
    }
}
