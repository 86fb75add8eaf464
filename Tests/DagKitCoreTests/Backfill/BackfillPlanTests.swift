import DagKitCore
import FoundationEssentials
import Testing

@Suite struct BackfillPlanTests {
    private static func spec(_ schedule: Schedule, start: InstantLiteral = "2026-01-05") throws -> DAGSpec {
        var draft = GraphDraft(configuration: DAGConfiguration("past", schedule: schedule, startDate: start))
        draft.tasks = try DAGSpec.row(TaskOptions()).draft().tasks
        return try DAGSpec(draft, zones: TimeZones())
    }

    private static func day(_ text: String) throws -> Date { try Date(isoText: text) }

    private static func plan(
        _ spec: DAGSpec, _ from: String, _ through: String, _ reprocessing: Backfill.Reprocessing = .none,
        backwards: Bool = false, existing: [DAGRun] = [], now: String = "2026-02-01"
    ) throws -> [BackfillDate] {
        try BackfillPlan(
            of: spec, from: day(from), through: day(through), reprocessing: reprocessing,
            runsBackwards: backwards, existing: existing, now: day(now)
        ).dates
    }

    @Test(arguments: [
        // Both ends are meant; the start date of the dag is no bound.
        (Schedule.daily, "2026-01-03", "2026-01-06", ["01-03T00", "01-04T00", "01-05T00", "01-06T00"]),
        (.cron("0 12 * * *"), "2026-01-03", "2026-01-05", ["01-03T12", "01-04T12"]),
        // Steps stay on the grid of the start date.
        (
            .every(.hours(10)), "2026-01-04", "2026-01-05T12:00:00Z",
            ["01-04T04", "01-04T14", "01-05T00", "01-05T10"]
        ),
        (.every(.hours(10)), "2026-01-05T01:00:00Z", "2026-01-05T21:00:00Z", ["01-05T10", "01-05T20"]),
    ])
    func `the dates are those of the schedule`(
        schedule: Schedule, from: String, through: String, dates: [String]
    ) throws {
        let found = try Self.plan(Self.spec(schedule), from, through)

        #expect(found.map { String($0.logicalDate.isoText.prefix(13).dropFirst(5)) } == dates)
    }

    @Test func `an interval that has not ended is left out, and the latest come first if asked for`() throws {
        let found = try Self.plan(
            Self.spec(.daily), "2026-01-28", "2026-02-05", backwards: true, now: "2026-01-31T12:00:00Z")

        #expect(
            found.map { String($0.logicalDate.isoText.prefix(10)) } == [
                "2026-01-30", "2026-01-29", "2026-01-28",
            ])
    }

    @Test(arguments: [
        (Backfill.Reprocessing.none, ["already exists", "already exists", "in flight", nil]),
        (.failed, ["already exists", "clear", "in flight", nil]),
        (.completed, ["clear", "clear", "in flight", nil]),
    ])
    func `what becomes of a date that has a run is the user's choice`(
        reprocessing: Backfill.Reprocessing, fates: [String?]
    ) throws {
        let spec = try Self.spec(.daily)
        let states: [RunState] = [.success, .failed, .running]
        let runs = try states.enumerated().map { index, state in
            let date = try Self.day("2026-01-0\(index + 1)")
            var run = DAGRun.manual(spec, logicalDate: date, by: "ada", at: .noon)
            run.state = state
            return run
        }

        let found = try Self.plan(spec, "2026-01-01", "2026-01-04", reprocessing, existing: runs)

        #expect(found.map { $0.exceptionReason ?? ($0.reprocesses == nil ? nil : "clear") } == fates)
    }

    @Test func `a range that cannot be is refused in one line`() throws {
        let depending = try DAGSpec(Self.spec(.daily).draft().depending, zones: TimeZones())
        let lines: [(String, () throws -> [BackfillDate])] = [
            (
                #"the range "2026-01-02T00:00:00+00:00" to "2026-01-01T00:00:00+00:00" goes backwards in time; write the earlier date first, and --run-backwards to begin with the latest"#,
                { try Self.plan(Self.spec(.daily), "2026-01-02", "2026-01-01") }
            ),
            (
                #"dag "past" has schedule "None", which has no dates; give it a schedule, or trigger runs with dags trigger --logical-date"#,
                { try Self.plan(Self.spec(.none), "2026-01-01", "2026-01-02") }
            ),
            (
                #"dag "past" has no data interval from "2026-01-02T01:00:00+00:00" to "2026-01-02T02:00:00+00:00" that has ended; write a wider range"#,
                { try Self.plan(Self.spec(.daily), "2026-01-02T01:00:00Z", "2026-01-02T02:00:00Z") }
            ),
            (
                #"dag "past" has more than "100000" dates in this range; write a narrower one"#,
                { try Self.plan(Self.spec(.every(.seconds(1))), "2026-01-05", "2026-01-07") }
            ),
            (
                #"dag "past" cannot run backwards: task "load" depends on the run before; leave --run-backwards out"#,
                { try Self.plan(depending, "2026-01-01", "2026-01-02", backwards: true) }
            ),
        ]

        for (line, body) in lines {
            let error = #expect(throws: BackfillError.self) { try body() }
            #expect(error?.description == line)
        }
    }
}

extension GraphDraft {
    /// The draft with a first task that depends on its past.
    fileprivate var depending: GraphDraft {
        var draft = self
        draft.tasks[0].options.dependsOnPast = true
        return draft
    }
}
