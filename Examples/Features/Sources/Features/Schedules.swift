import DagKit

/// One type for many DAGs: the same work by every kind of schedule.
struct Schedules: DAG {
    var configuration: DAGConfiguration

    private static let fixings: [InstantLiteral] = ["2026-03-20T12:00:00Z", "2026-06-19T12:00:00Z"]

    private init(_ id: DAGID, _ schedule: Schedule, catchup: Catchup = .skip) {
        configuration = DAGConfiguration(
            id, schedule: schedule, startDate: "2026-01-01", catchup: catchup, tags: ["schedules"],
            isPausedAtCreation: true)
    }

    func build(_ dag: inout DAGBuilder) {
        dag.task("tick") { context in context.logger.info("the run of \(context.logicalDate.isoText)") }
    }

    static let all: [any DAG] = [
        // For the day that has passed, at its end, by the clock on the wall in Paris.
        Schedules("daily_in_paris", .cron("@daily", timeZone: "Europe/Paris"), catchup: .all),
        // For the instant itself.
        Schedules("at_the_open", .cronTrigger("30 9 * * MON-FRI", timeZone: "America/New_York")),
        Schedules("twice_a_week", .cronTriggers(["0 9 * * MON", "0 17 * * FRI"])),
        Schedules("every_ninety_minutes", .every(.minutes(90)), catchup: .latest),
        Schedules("month_by_month", .calendar(CalendarStep(months: 1))),
        Schedules("launch", .once),
        Schedules("without_pause", .continuous),
        Schedules("fixings", .events(fixings.compactMap(\.date))),
        Schedules("fresh_or_nightly", .assetsOrTime(.any(Asset("s3://market/prices")), .daily)),
    ]
}
