public import FoundationEssentials

/// Decides when a DAG runs and which data each run covers.
///
/// A timetable is a pure value: it is told what time it is. The ones that ship are made by ``Schedule``; a type
/// of your own can follow a calendar that no cron line tells.
public protocol Timetable: Sendable {
    /// The run after the one that covered `last`, or the first run; `nil` if there is none.
    ///
    /// The answer may lie in the future. Unless `bounds.catchup` is ``Catchup/all`` it passes over all missed
    /// runs but the latest.
    func nextRun(after last: DataInterval?, within bounds: ScheduleBounds, now: Date) -> PlannedRun?

    /// The data that a run covers which somebody triggers at `instant`.
    func dataInterval(ofManualRunAt instant: Date) -> DataInterval

    /// Whether runs have times of their own that go on and on, so that one can be missed.
    var isPeriodic: Bool { get }

    /// How many runs may be active at a time; `nil` if the timetable sets no limit.
    var maximumActiveRuns: Int? { get }

    /// How long after the end of the last data interval the next run starts at the earliest.
    var minimumPause: Duration { get }
}

extension Timetable {
    public var isPeriodic: Bool { true }
    public var maximumActiveRuns: Int? { nil }
    public var minimumPause: Duration { .zero }
}

/// The span in which a DAG's runs may start, and what becomes of missed ones.
public struct ScheduleBounds: Hashable, Sendable {
    /// No data interval starts before this instant.
    public var earliest: Date?

    /// No data interval starts after this instant.
    public var latest: Date?

    /// What becomes of missed runs.
    public var catchup: Catchup

    /// Creates bounds, rounded to microseconds.
    public init(earliest: Date? = nil, latest: Date? = nil, catchup: Catchup = .latest) {
        self.earliest = earliest?.roundedToMicroseconds
        self.latest = latest?.roundedToMicroseconds
        self.catchup = catchup
    }

    func admits(_ start: Date) -> Bool { latest.map { start <= $0 } ?? true }
}

/// A series of boundaries in time, between which data intervals lie.
///
/// The boundaries are those of a cron line or of a step; the runs follow from them in the same way.
protocol IntervalTimetable: Timetable {
    func boundary(after instant: Date) -> Date?
    func boundary(before instant: Date) -> Date?
    /// `instant` if it is a boundary, else the next one.
    func aligned(up instant: Date) -> Date?
    /// `instant` if it is a boundary, else the one before.
    func aligned(down instant: Date) -> Date?
    /// Where the latest interval starts that is complete at `now`; `isFirst` if no run was ever created.
    func latestStart(at now: Date, isFirst: Bool) -> Date?
}

extension IntervalTimetable {
    func intervalRun(after last: DataInterval?, within bounds: ScheduleBounds, now: Date) -> PlannedRun? {
        var earliest = bounds.earliest.flatMap(aligned(up:))
        if bounds.earliest != nil, earliest == nil { return nil }
        if bounds.catchup != .all {
            guard let latest = latestStart(at: now, isFirst: last == nil) else { return nil }
            earliest = max(latest, earliest ?? latest)
        }
        // A changed schedule makes the last interval end between two boundaries: go on from the one before.
        let following = last.flatMap { aligned(down: $0.end) }
        guard let start = [earliest, following].compactMap(\.self).max(), bounds.admits(start),
            let end = boundary(after: start)
        else { return nil }
        return PlannedRun(start: start, end: end)
    }
}
