import DagKitCore
import FoundationEssentials

/// The runs that a scheduler must create at one moment, or the one that a manual trigger makes.
struct ScheduleVector: Vector {
    static let format = "schedule-cases/1"

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

    struct Interval: Decodable {
        let data_interval_start: String
        let data_interval_end: String
    }

    struct Run: Decodable {
        let logical_date: String
        let data_interval_start: String
        let data_interval_end: String
        let run_after: String?
        let run_id: String?

        var text: String {
            [logical_date, data_interval_start, data_interval_end, run_after, run_id].compactMap(\.self)
                .joined(separator: " ")
        }
    }

    struct Table: Decodable {
        let type: String
        let expr: String?
        let timezone: String?
        let interval: Double?
        let seconds: Double?
        let by: [String: Int]?
    }

    func mismatch(zones: SystemZones) throws -> Mismatch? {
        let schedule = try self.schedule()
        let table = TimeZones(loading: schedule.timeZoneNames, from: zones)
        let timetable = try schedule.timetable(zones: table)
        let (expected, got) =
            group == "manual" ? try manualRuns(timetable) : try plannedRuns(timetable)
        return expected == got ? nil : Mismatch(expected: expected, got: got)
    }

    private func plannedRuns(_ timetable: any Timetable) throws -> (expected: String, got: String) {
        let schedule = RunSchedule(
            timetable, startDate: try start_date.map { try Date(isoText: $0) },
            endDate: try end_date.map { try Date(isoText: $0) }, catchup: catchup == true ? .all : .latest)
        let last = try last_run.map {
            DataInterval(
                start: try Date(isoText: $0.data_interval_start), end: try Date(isoText: $0.data_interval_end)
            )
        }
        let plan = schedule.plan(after: last, now: try Date(isoText: try value(now, "now")))
        let due = plan.due.map { "\(text($0)) \($0.runID)" }
        return (
            "\((runs ?? []).map(\.text)) then \(then?.text ?? "none")",
            "\(due) then \(plan.next.map(text) ?? "none")"
        )
    }

    private func manualRuns(_ timetable: any Timetable) throws -> (expected: String, got: String) {
        let trigger = try Date(isoText: try value(run_after, "run_after"))
        let interval = timetable.dataInterval(ofManualRunAt: trigger)
        let parts = [trigger, interval.start, interval.end].map(\.vectorText)
        let expected = try value(expect, "expect")
        return (expected.text, (parts + [RunType.manual.runID(for: trigger)]).joined(separator: " "))
    }

    private func text(_ run: PlannedRun) -> String {
        [run.logicalDate, run.dataInterval.start, run.dataInterval.end, run.runAfter].map(\.vectorText)
            .joined(separator: " ")
    }

    private func schedule() throws -> Schedule {
        switch timetable.type {
        case "cron": .cron(try value(timetable.expr, "expr"), timeZone: timetable.timezone)
        case "cron_trigger":
            .cronTrigger(
                try value(timetable.expr, "expr"), timeZone: timetable.timezone,
                interval: .seconds(timetable.interval ?? 0))
        case "delta": .every(.seconds(try value(timetable.seconds, "seconds")))
        case "relativedelta": .calendar(Self.step(try value(timetable.by, "by")))
        case "once": .once
        case "continuous": .continuous
        case "none": .none
        default: throw VectorFileError.malformed("timetable type \(timetable.type)")
        }
    }

    private static func step(_ parts: [String: Int]) -> CalendarStep {
        CalendarStep(
            years: parts["years"] ?? 0, months: parts["months"] ?? 0, weeks: parts["weeks"] ?? 0,
            days: parts["days"] ?? 0, hours: parts["hours"] ?? 0, minutes: parts["minutes"] ?? 0,
            seconds: parts["seconds"] ?? 0)
    }

    private func value<Value>(_ value: Value?, _ name: String) throws -> Value {
        guard let value else { throw VectorFileError.malformed("\(id) has no \(name)") }
        return value
    }
}
