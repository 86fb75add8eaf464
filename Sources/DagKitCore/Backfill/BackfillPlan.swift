public import FoundationEssentials

/// What a backfill would do, decided from the schedule and from the runs that there are.
///
/// ```swift
/// let plan = try BackfillPlan(of: spec, from: monday, through: friday, existing: runs, now: now)
/// plan.dates.filter(\.isPending).count  // how many runs there will be
/// ```
public struct BackfillPlan: Hashable, Sendable {
    /// The dates in the order in which they get their runs.
    public let dates: [BackfillDate]

    /// Plans the dates whose data intervals have ended, the earliest first unless `runsBackwards`.
    ///
    /// - Parameter existing: The DAG's runs with a logical date in the range.
    /// - Throws: ``BackfillError`` if there is nothing to plan, or the DAG forbids it.
    public init(
        of spec: DAGSpec, from: Date, through: Date, reprocessing: Backfill.Reprocessing = .none,
        runsBackwards: Bool = false, existing: [DAGRun], now: Date
    ) throws(BackfillError) {
        guard from <= through else { throw .emptyRange(from: from, through: through) }
        let schedule = spec.schedule
        guard schedule.timetable.hasDates else {
            throw .noSchedule(spec.id, spec.configuration.schedule.text)
        }
        if runsBackwards, let task = spec.tasks.first(where: { $0.pastRule != nil }) {
            throw .backwards(spec.id, task: task.id)
        }
        let planned = schedule.runs(from: from, through: through, now: now, limit: Self.mostDates + 1)
        guard planned.count <= Self.mostDates else { throw .tooManyDates(spec.id) }
        guard !planned.isEmpty else { throw .noDates(spec.id, from: from, through: through) }
        let runs = Dictionary(existing.compactMap { run in run.logicalDate.map { ($0, run) } }) { $1 }
        let ordered = runsBackwards ? planned.reversed() : planned
        dates = ordered.map { Self.date($0, runs[$0.logicalDate], reprocessing) }
    }

    /// How many dates a backfill has at most.
    static let mostDates = 100_000

    private static func date(
        _ planned: PlannedRun, _ run: DAGRun?, _ reprocessing: Backfill.Reprocessing
    ) -> BackfillDate {
        guard let run else { return BackfillDate(planned) }
        if !run.state.isFinished { return BackfillDate(planned, exceptionReason: BackfillDate.inFlight) }
        let isChosen =
            reprocessing == .completed || (reprocessing == .failed && run.state == .failed)
        return isChosen
            ? BackfillDate(planned, reprocesses: run.runID)
            : BackfillDate(planned, exceptionReason: BackfillDate.exists)
    }
}

extension Timetable {
    /// Whether the timetable tells which dates lie in a span.
    var hasDates: Bool { isPeriodic || self is EventsTimetable }
}

extension RunSchedule {
    /// The runs whose logical dates lie in a span and whose data intervals have ended, also where the schedule as such
    /// starts later.
    func runs(from: Date, through: Date, now: Date, limit: Int) -> [PlannedRun] {
        let bounds = ScheduleBounds(earliest: anchor(from), latest: through, catchup: .all)
        var runs: [PlannedRun] = []
        var next = timetable.nextRun(after: nil, within: bounds, now: now)
        while let run = next, run.runAfter <= now, run.logicalDate <= through, runs.count < limit {
            if run.logicalDate >= from { runs.append(run) }
            next = timetable.nextRun(after: run.dataInterval, within: bounds, now: now)
            if let following = next, following.logicalDate <= run.logicalDate { break }
        }
        return runs
    }

    /// The first instant from `from` on that lies on the grid of a schedule that goes in steps from its start date.
    private func anchor(_ from: Date) -> Date {
        guard let start = self.bounds.earliest, let steps = timetable as? StepTimetable else { return from }
        guard case .duration(let length) = steps.step else { return min(start, from) == start ? start : from }
        let offset = from.microsecondsSinceEpoch - start.microsecondsSinceEpoch
        let (quotient, remainder) = offset.flooredDivision(by: length.microseconds)
        let count = quotient + (remainder > 0 ? 1 : 0)
        return Date(microseconds: start.microsecondsSinceEpoch + count * length.microseconds)
    }
}

/// Why a backfill cannot be made, or changed.
public enum BackfillError: DagKitError, Equatable {
    case emptyRange(from: Date, through: Date)
    case noSchedule(DAGID, String)
    case noDates(DAGID, from: Date, through: Date)
    case tooManyDates(DAGID)
    case backwards(DAGID, task: TaskID)
    case overlapping(DAGID, other: Int64)
    case unknown(Int64)
    case ended(Int64, String)

    public var problem: String {
        switch self {
        case .emptyRange(let from, let through):
            "the range \"\(from.isoText)\" to \"\(through.isoText)\" goes backwards in time"
        case .noSchedule(let dag, let schedule):
            "dag \"\(dag)\" has schedule \"\(schedule)\", which has no dates"
        case .noDates(let dag, let from, let through):
            "dag \"\(dag)\" has no data interval from \"\(from.isoText)\" to \"\(through.isoText)\" that has ended"
        case .tooManyDates(let dag):
            "dag \"\(dag)\" has more than \"\(BackfillPlan.mostDates)\" dates in this range"
        case .backwards(let dag, let task):
            "dag \"\(dag)\" cannot run backwards: task \"\(task)\" depends on the run before"
        case .overlapping(let dag, let other):
            "dag \"\(dag)\" has backfill \"\(other)\" in this range already"
        case .unknown(let id): "backfill \"\(id)\" does not exist"
        case .ended(let id, let state): "backfill \"\(id)\" is \(state)"
        }
    }

    public var remedy: String {
        switch self {
        case .emptyRange: "write the earlier date first, and --run-backwards to begin with the latest"
        case .noSchedule: "give it a schedule, or trigger runs with dags trigger --logical-date"
        case .noDates: "write a wider range"
        case .tooManyDates: "write a narrower one"
        case .backwards: "leave --run-backwards out"
        case .overlapping(_, let other): "wait for its end, or end it with: dagctl backfill cancel \(other)"
        case .unknown: "see all with: dagctl backfill list"
        case .ended: "create another one"
        }
    }
}
