import DagKitCore
import FoundationEssentials
import Testing

@Suite struct ScheduleTests {
    @Test(arguments: [
        (Schedule.cron("*/30 * * * *"), "every 30 minutes"), (.hourly, "every hour"),
        (.daily, "every day at 00:00"),
        (.cron("5 * * * *"), "every hour at minute 5"), (.cron("* * * * *"), "every minute"),
        (.cron("30 2 * * MON-FRI", timeZone: "Europe/Paris"), "every weekday at 02:30 (Europe/Paris)"),
        (.weekly, "every Sunday at 00:00"), (.monthly, "on day 1 of every month at 00:00"),
        (.yearly, "on day 1 of January at 00:00"),
        (.cron("0 8,20 L * *"), "on the last day of every month at 08:00 and 20:00"),
        (.cron("0 */2 * * *"), "every day every 2 hours"), (.cron("0 0 13 * FRI"), "cron 0 0 13 * FRI"),
        (.cron("0 0 * * 5#2"), "cron 0 0 * * 5#2"), (.cron("no\ncron"), "cron no cron"),
        (.every(.minutes(30)), "every 30 minutes"), (.every(.hours(1)), "every hour"),
        (.every(.days(1)), "every day"),
        (.every(.seconds(5_400)), "every 90 minutes"),
        (.every(.milliseconds(500)), "every 500000 microseconds"),
        (.calendar(CalendarStep(years: 1, days: 2)), "every 12 months, 2 days"), (.once, "once"),
        (.continuous, "one run after the other"), (.none, "never by itself"),
    ])
    func `a schedule is told in words`(schedule: Schedule, words: String) {
        #expect(schedule.description == words)
    }

    @Test(arguments: [
        (Schedule.cron("*/30 * * * *"), #""*\/30 * * * *""#), (.daily, #""@daily""#), (.once, #""@once""#),
        (.continuous, #""@continuous""#), (.none, "null"),
        (.cron("0 8 * * *", timeZone: "Europe/Paris"), #"{"cron":"0 8 * * *","timezone":"Europe\/Paris"}"#),
        (.cronTrigger("0 8 * * *", interval: .hours(1)), #"{"cron_trigger":"0 8 * * *","interval":3600}"#),
        (.every(.minutes(30)), #"{"every":1800}"#), (.every(.milliseconds(1_500)), #"{"every":1.5}"#),
        (.calendar(CalendarStep(months: 1)), #"{"calendar":{"days":0,"months":1,"seconds":0}}"#),
        (.events([Date(microseconds: 0)]), #"{"events":["1970-01-01T00:00:00+00:00"]}"#),
    ])
    func `a schedule goes through JSON and back`(schedule: Schedule, json: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]

        #expect(String(decoding: try encoder.encode(schedule), as: UTF8.self) == json)
        #expect(try JSONDecoder().decode(Schedule.self, from: Data(json.utf8)) == schedule)
    }

    @Test(arguments: [#"{"every":1e300}"#, #"{"every":"x"}"#, "{}", "5", #"{"events":["soon"]}"#])
    func `JSON that is no schedule is refused`(json: String) {
        #expect(throws: (any Error).self) { try JSONDecoder().decode(Schedule.self, from: Data(json.utf8)) }
    }

    @Test(arguments: [
        (Schedule.every(.zero), #"the schedule goes by "0 microseconds", which never gets on"#),
        (.every(.nanoseconds(999)), #"the schedule goes by "0 microseconds", which never gets on"#),
        (
            .calendar(CalendarStep(months: 1, days: -1)),
            #"the schedule goes by "1 month, -1 days", which never gets on"#
        ),
        (.cron("0 0 * * 8"), #"cron "0 0 * * 8" has "8" for the day of week, which goes from 0 to 7"#),
        (.cron("@daily", timeZone: "Mars/Base"), #"time zone "Mars/Base" does not exist"#),
    ])
    func `a schedule that cannot work says why`(schedule: Schedule, problem: String) {
        let error = #expect(throws: ScheduleError.self) { try schedule.timetable() }

        #expect(error?.problem == problem)
    }

    @Test func `a cron line without a zone is read in the default one`() throws {
        let zones = TimeZones(loading: ["Europe/Paris"], from: FixtureZones())
        let timetable = try Schedule.daily.timetable(zones: zones, defaultTimeZone: "Europe/Paris")
        let interval = timetable.dataInterval(ofManualRunAt: try Fixture.instant("2024-07-02T12:00:00Z"))

        #expect(interval.end.isoText == "2024-07-01T22:00:00+00:00")
    }

    @Test func `a Bool says what catchup is in Airflow's words`() {
        let (on, off): (Catchup, Catchup) = (true, false)

        #expect(on == .all && off == .latest)
    }

    @Test(arguments: [
        ("scheduled__2024-01-01T00:00:00+00:00", RunType.scheduled), ("manual__x", .manual),
        ("mine", .manual),
        ("backfill__x", .backfill), ("dataset_triggered__x", .assetTriggered),
        ("asset_triggered__x", .assetTriggered),
    ])
    func `a run id tells the run's type`(runID: String, type: RunType) {
        #expect(RunType(runID: runID) == type)
    }

    @Test func `months keep their day where they have it`() throws {
        let timetable = try Schedule.calendar(CalendarStep(months: 1)).timetable()
        let january = DataInterval(
            start: try Fixture.instant("2023-12-31"), end: try Fixture.instant("2024-01-31"))
        let bounds = ScheduleBounds(catchup: .all)
        let run = timetable.nextRun(after: january, within: bounds, now: try Fixture.instant("2024-06-01"))

        #expect(run?.dataInterval.end.ds == "2024-02-29")
    }
}
