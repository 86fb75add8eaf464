public import FoundationEssentials

/// Runs that start at the times of several cron lines.
///
/// A time that two lines name makes one run. Of missed times, unless all are caught up, the latest of any line counts.
public struct MultipleCronTimetable: Timetable, Hashable {
    /// The lines, at least one.
    public let lines: [CronTriggerTimetable]

    /// Creates a timetable.
    ///
    /// - Precondition: `lines` is not empty, and all have the same interval.
    public init(_ lines: [CronTriggerTimetable]) {
        precondition(!lines.isEmpty && Set(lines.map(\.interval)).count == 1)
        self.lines = lines
    }

    public func nextRun(after last: DataInterval?, within bounds: ScheduleBounds, now: Date) -> PlannedRun? {
        let runs = lines.compactMap { $0.nextRun(after: last, within: bounds, now: now) }
            .sorted { $0.runAfter < $1.runAfter }
        guard bounds.catchup != .all else { return runs.first }
        return runs.last { $0.runAfter <= now } ?? runs.first
    }

    public func dataInterval(ofManualRunAt instant: Date) -> DataInterval {
        lines[0].dataInterval(ofManualRunAt: instant)
    }
}
