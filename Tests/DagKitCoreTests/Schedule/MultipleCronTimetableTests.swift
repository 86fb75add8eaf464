import DagKitCore
import FoundationEssentials
import Testing

@Suite struct MultipleCronTimetableTests {
    /// 08:00 each day and 17:30 on Fridays; 2025-10-24 is a Friday.
    private func plan(_ catchup: Catchup, after last: String?, now: String) throws -> RunSchedule.Plan {
        let schedule = Schedule.cronTriggers(["0 8 * * *", "30 17 * * FRI", "0 8 * * FRI"])
        let run = RunSchedule(
            try schedule.timetable(), startDate: try Date(isoText: "2025-10-23"), catchup: catchup)
        let last = try last.map { DataInterval(exactly: try Date(isoText: $0)) }
        return run.plan(after: last, now: try Date(isoText: now))
    }

    @Test func `runs come at the times of all lines, in order, and once where lines meet`() throws {
        let plan = try plan(.all, after: nil, now: "2025-10-25T00:00:00Z")

        #expect(
            plan.due.map(\.logicalDate.isoText) == [
                "2025-10-23T08:00:00+00:00", "2025-10-24T08:00:00+00:00", "2025-10-24T17:30:00+00:00",
            ])
        #expect(plan.next?.logicalDate.isoText == "2025-10-25T08:00:00+00:00")
    }

    @Test func `without catchup the latest missed time of any line is run`() throws {
        let plan = try plan(.latest, after: "2025-10-23T08:00:00Z", now: "2025-10-24T20:00:00Z")

        #expect(plan.due.map(\.logicalDate.isoText) == ["2025-10-24T17:30:00+00:00"])
        #expect(plan.next?.logicalDate.isoText == "2025-10-25T08:00:00+00:00")
    }

    @Test func `a wrong line and an empty list are refused`() {
        #expect(throws: ScheduleError.self) { try Schedule.cronTriggers(["0 8 * * *", "oops"]).timetable() }
        #expect(throws: ScheduleError.noCron) { try Schedule.cronTriggers([]).timetable() }
    }

    @Test func `it is written in JSON as a list of lines, and read in words`() throws {
        let schedule = Schedule.cronTriggers(["0 8 * * *", "30 17 * * FRI"], timeZone: "Europe/Paris")

        let json = try JSONCoding.encode(schedule)

        #expect(json == #"{"cron_triggers":["0 8 * * *","30 17 * * FRI"],"timezone":"Europe/Paris"}"#)
        #expect(try JSONCoding.decode(Schedule.self, from: json) == schedule)
        #expect(schedule.description == "every day at 08:00 and every Friday at 17:30 (Europe/Paris)")
    }
}
