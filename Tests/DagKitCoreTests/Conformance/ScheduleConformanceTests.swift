import DagKitCore
import FoundationEssentials
import Testing

@Suite struct ScheduleConformanceTests {
    struct Case: Decodable {
        struct Interval: Decodable {
            let data_interval_start: String
            let data_interval_end: String
        }
        struct Run: Decodable, Equatable {
            let logical_date: String
            let data_interval_start: String
            let data_interval_end: String
            let run_after: String?
            let run_id: String?
        }
        struct Table: Decodable {
            let type: String
            let expr: String?
            let timezone: String
            let interval: Double?
            let seconds: Double?
            let by: [String: Int]?
        }
        let id: String
        let group: String
        let timetable: Table
        let start_date: String?
        let end_date: String?
        let catchup: Bool?
        let now: String?
        let last_run: Interval?
        let runs: [Run]?
        let then: Run?
        let run_after: String?
        let expect: Run?
    }

    @Test func `every recorded schedule creates the runs of the reference`() throws {
        let file = try ConformanceFile<Case>.load("schedule_cases.json")

        #expect(file.format == "schedule-cases/1")
        #expect(file.cases.count == 504)
        for vector in file.cases {
            let zones = TimeZones([try Fixture.zone(vector.timetable.timezone)])
            let timetable = try Self.schedule(vector.timetable).timetable(zones: zones)
            if vector.group == "manual" {
                try checkManualRun(vector, timetable)
            } else {
                try checkPlan(vector, timetable)
            }
        }
    }

    private func checkPlan(_ vector: Case, _ timetable: any Timetable) throws {
        let schedule = RunSchedule(
            timetable, startDate: try vector.start_date.map(Fixture.instant),
            endDate: try vector.end_date.map(Fixture.instant),
            catchup: vector.catchup == true ? .all : .latest)
        let last = try vector.last_run.map {
            DataInterval(
                start: try Fixture.instant($0.data_interval_start),
                end: try Fixture.instant($0.data_interval_end))
        }
        let plan = schedule.plan(after: last, now: try Fixture.instant(try #require(vector.now)))

        #expect(plan.due.map(Self.text) == vector.runs?.map(Self.text), "\(vector.id)")
        #expect(plan.next.map(Self.interval) == vector.then.map(Self.interval), "\(vector.id)")
        for run in plan.due + [plan.next].compactMap(\.self) {
            #expect(run.dataInterval.start <= run.dataInterval.end, "\(vector.id)")
            #expect(run.dataInterval.end <= run.runAfter, "\(vector.id)")
        }
    }

    private func checkManualRun(_ vector: Case, _ timetable: any Timetable) throws {
        let trigger = try Fixture.instant(try #require(vector.run_after))
        let expected = try #require(vector.expect)
        let interval = timetable.dataInterval(ofManualRunAt: trigger)

        #expect(interval.start == (try Fixture.instant(expected.data_interval_start)), "\(vector.id)")
        #expect(interval.end == (try Fixture.instant(expected.data_interval_end)), "\(vector.id)")
        #expect(RunType.manual.runID(for: trigger) == expected.run_id, "\(vector.id)")
        #expect(trigger == (try Fixture.instant(expected.logical_date)), "\(vector.id)")
    }

    private static func schedule(_ table: Case.Table) -> Schedule {
        switch table.type {
        case "cron": .cron(table.expr ?? "", timeZone: table.timezone)
        case "cron_trigger":
            .cronTrigger(table.expr ?? "", timeZone: table.timezone, interval: .seconds(table.interval ?? 0))
        case "delta": .every(.seconds(table.seconds ?? 0))
        case "relativedelta":
            .calendar(
                CalendarStep(
                    years: table.by?["years"] ?? 0, months: table.by?["months"] ?? 0,
                    weeks: table.by?["weeks"] ?? 0,
                    days: table.by?["days"] ?? 0, hours: table.by?["hours"] ?? 0))
        default: Schedule(text: "@\(table.type)")
        }
    }

    /// A run on one line, in the vectors' form of an instant.
    private static func text(_ run: PlannedRun) -> String {
        "\(interval(run)) \(run.runID)"
    }

    private static func text(_ run: Case.Run) -> String { "\(interval(run)) \(run.run_id ?? "")" }

    private static func interval(_ run: PlannedRun) -> String {
        [run.logicalDate, run.dataInterval.start, run.dataInterval.end, run.runAfter]
            .map { $0.isoText.dropLast(6) + "Z" }.joined(separator: " ")
    }

    private static func interval(_ run: Case.Run) -> String {
        [run.logical_date, run.data_interval_start, run.data_interval_end, run.run_after ?? ""].joined(
            separator: " ")
    }
}
