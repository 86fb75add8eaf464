import DagKitCore
import FoundationEssentials
import Testing

@Suite struct RunScheduleTests {
    private func schedule(_ schedule: Schedule, from start: String?, catchup: Catchup) throws -> RunSchedule {
        let zones = TimeZones(loading: schedule.timeZoneNames, from: FixtureZones())
        return RunSchedule(
            try schedule.timetable(zones: zones), startDate: try start.map(Fixture.instant), catchup: catchup)
    }

    private func interval(_ start: String, _ end: String) throws -> DataInterval {
        DataInterval(start: try Fixture.instant(start), end: try Fixture.instant(end))
    }

    @Test func `catchup decides how many missed runs are created`() throws {
        let now = try Fixture.instant("2024-06-15T10:17:00Z")

        func due(_ catchup: Catchup) throws -> [String] {
            try schedule(.hourly, from: "2024-06-15T06:00:00Z", catchup: catchup).plan(after: nil, now: now)
                .due.map(\.runID)
        }

        #expect(try due(.skip) == [])
        #expect(try due(.latest) == ["scheduled__2024-06-15T09:00:00+00:00"])
        #expect(try due(.all).count == 4)
    }

    @Test func `a skipping schedule creates what became due since it is active`() throws {
        let daily = try schedule(.hourly, from: "2024-06-01", catchup: .skip)
        let unpaused = try Fixture.instant("2024-06-15T10:17:00Z")
        let later = try Fixture.instant("2024-06-15T11:00:05Z")

        #expect(daily.plan(after: nil, now: unpaused).next?.runID == "scheduled__2024-06-15T10:00:00+00:00")
        #expect(
            daily.plan(after: nil, now: later, activeSince: unpaused).due.map(\.runID)
                == ["scheduled__2024-06-15T10:00:00+00:00"])
    }

    @Test func `a schedule that skips still runs once and without end`() throws {
        let now = try Fixture.instant("2024-06-15T10:17:00Z")

        #expect(
            try schedule(.once, from: "2024-06-01", catchup: .skip).plan(after: nil, now: now).due.count == 1)
        #expect(
            try schedule(.continuous, from: "2024-06-01", catchup: .skip).plan(after: nil, now: now).due.count
                == 1)
    }

    @Test func `a limit leaves the rest for later`() throws {
        let hourly = try schedule(.hourly, from: "2020-01-01", catchup: .all)
        let plan = hourly.plan(after: nil, now: try Fixture.instant("2024-01-01"), limit: 3)

        #expect(plan.due.count == 3)
        #expect(plan.next?.runID == "scheduled__2020-01-01T03:00:00+00:00")
        #expect(hourly.plan(after: nil, now: try Fixture.instant("2024-01-01"), limit: 0).due.isEmpty)
    }

    @Test func `a line that never fires plans nothing, and at once`() throws {
        let never = try schedule(
            .cron("0 0 30 2 *", timeZone: "Europe/Paris"), from: "2020-01-01", catchup: .all)
        let plan = never.plan(after: nil, now: try Fixture.instant("2024-01-01"))

        #expect(plan.due.isEmpty && plan.next == nil)
    }

    @Test func `a daily DAG loses no run on the day whose hour is skipped`() throws {
        let daily = try schedule(
            .cron("0 2 * * *", timeZone: "Europe/Paris"), from: "2026-03-01", catchup: .latest)
        let last = try interval("2026-03-27T01:00:00Z", "2026-03-28T01:00:00Z")
        let plan = daily.plan(after: last, now: try Fixture.instant("2026-03-29T01:00:05Z"))

        #expect(plan.due.map(\.runID) == ["scheduled__2026-03-28T01:00:00+00:00"])
    }

    @Test(arguments: Catchup.allCases)
    func `planning moment by moment creates what one look at the end creates`(catchup: Catchup) throws {
        for line in ["0 * * * *", "30 2 * * *", "0 */2 * * *", "*/15 2 * * *", "0 0 * * MON"] {
            for name in ["Europe/Paris", "Australia/Lord_Howe", "America/New_York", "Africa/Casablanca"] {
                let start = "2024-03-01T00:00:00Z"
                let all = try schedule(.cron(line, timeZone: name), from: start, catchup: .all)
                let stepwise = try schedule(.cron(line, timeZone: name), from: start, catchup: catchup)
                let end = try Fixture.instant("2024-04-10T00:00:00Z")
                var now = try Fixture.instant(start)
                let activeSince = now
                var created: [PlannedRun] = []
                while let next = stepwise.plan(
                    after: created.last?.dataInterval, now: now, activeSince: activeSince
                ).next,
                    next.runAfter <= end
                {
                    now = next.runAfter
                    created +=
                        stepwise.plan(
                            after: created.last?.dataInterval, now: now, activeSince: activeSince
                        ).due
                }

                let expected = all.plan(after: nil, now: end).due
                #expect(created.suffix(expected.count) == expected[...], "\(line) in \(name)")
                #expect(created.count - expected.count <= 1, "\(line) in \(name)")
            }
        }
    }

    @Test func `a manual run's data ends by the trigger, whatever the clocks do`() throws {
        var generator = SplitMix(seed: 9)
        for name in ["Europe/Paris", "Australia/Lord_Howe", "America/New_York", "America/Santiago"] {
            for line in [
                "*/15 * * * *", "30 1 * * *", "*/15 1-3 * * *", "0 */2 * * *", "0 0 * * *", "0 2 * * *",
            ] {
                let timetable = try schedule(.cron(line, timeZone: name), from: nil, catchup: .all).timetable
                for _ in 0..<200 {
                    let day = Int64.random(in: 19_700...20_800, using: &generator)
                    let trigger = Date(
                        microseconds: day * 86_400_000_000
                            + Int64.random(in: 0..<86_400_000_000, using: &generator))
                    let interval = timetable.dataInterval(ofManualRunAt: trigger)

                    #expect(
                        interval.start < interval.end && interval.end <= trigger, "\(line) \(trigger.isoText)"
                    )
                }
            }
        }
    }

    @Test func `the latest missed event is run, and no other`() throws {
        let events = try ["2024-01-01", "2024-02-01", "2024-03-01"].map(Fixture.instant)
        let now = try Fixture.instant("2024-02-10")
        let latest = try schedule(.events(events), from: "2023-01-01", catchup: .latest).plan(
            after: nil, now: now)
        let all = try schedule(.events(events), from: "2023-01-01", catchup: .all).plan(after: nil, now: now)

        #expect(latest.due.map(\.logicalDate) == [events[1]] && latest.next?.logicalDate == events[2])
        #expect(all.due.map(\.logicalDate) == Array(events[..<2]))
    }

    @Test func `a restricted manual run stands for the event before it`() throws {
        let events = try ["2024-01-01", "2024-02-01"].map(Fixture.instant)
        let timetable = EventsTimetable(events, restrictsManualRuns: true)

        #expect(timetable.dataInterval(ofManualRunAt: try Fixture.instant("2024-01-20")).start == events[0])
        #expect(timetable.dataInterval(ofManualRunAt: try Fixture.instant("2023-01-20")).start == events[0])
    }

    @Test func `a timetable that stands still does not hold up the scheduler`() throws {
        struct Stuck: Timetable {
            func nextRun(after last: DataInterval?, within bounds: ScheduleBounds, now: Date) -> PlannedRun? {
                PlannedRun(dataInterval: DataInterval(exactly: .distantPast), runAfter: .distantPast)
            }
            func dataInterval(ofManualRunAt instant: Date) -> DataInterval { DataInterval(exactly: instant) }
        }

        #expect(RunSchedule(Stuck(), catchup: .all).plan(after: nil, now: .distantFuture).due.count == 1)
        #expect(RunSchedule(Stuck(), catchup: .skip).plan(after: nil, now: .distantFuture).due.isEmpty)
    }
}
