public import FoundationEssentials

/// When a DAG runs, as its author writes it.
///
/// A plain value that names its time zone; ``timetable(zones:defaultTimeZone:)`` checks it and makes it work.
///
/// ```swift
/// let schedule: Schedule = .cron("30 2 * * MON-FRI", timeZone: "Europe/Paris")
/// schedule.description  // every weekday at 02:30 (Europe/Paris)
/// ```
public enum Schedule: Hashable, Sendable {
    /// A run for each span between two times of a cron line, when it has passed; Airflow's default.
    case cron(String, timeZone: String? = nil)

    /// A run at each time of a cron line, for that instant or the `interval` before it.
    case cronTrigger(String, timeZone: String? = nil, interval: Duration = .zero)

    /// A run at each time of any of some cron lines, for that instant or the `interval` before it; a time that two
    /// lines name makes one run.
    case cronTriggers([String], timeZone: String? = nil, interval: Duration = .zero)

    /// A run for each span of this length, counted from the start date in elapsed time.
    case every(Duration)

    /// A run for each step of the UTC calendar, counted from the start date.
    case calendar(CalendarStep)

    /// One run, at the start date.
    case once

    /// One run after the other.
    case continuous

    /// No runs but those that somebody triggers.
    case none

    /// A run at each of these instants.
    case events([Date], restrictsManualRuns: Bool = false)

    /// A run once these assets were updated since the last such run.
    case assets(AssetCondition)

    /// Runs of both kinds: by the time, and once the assets were updated.
    indirect case assetsOrTime(AssetCondition, Schedule)

    /// At the start of each hour.
    public static let hourly: Schedule = .cron("@hourly")
    /// At each midnight.
    public static let daily: Schedule = .cron("@daily")
    /// At each midnight from Saturday to Sunday.
    public static let weekly: Schedule = .cron("@weekly")
    /// At midnight on the first day of each month.
    public static let monthly: Schedule = .cron("@monthly")
    /// At midnight on the first day of January, April, July and October.
    public static let quarterly: Schedule = .cron("@quarterly")
    /// At midnight on 1 January.
    public static let yearly: Schedule = .cron("@yearly")

    /// Reads what Airflow takes as a schedule: a preset (`@once`, `@continuous`, `none`, `@daily`) or a cron line.
    ///
    /// A cron line is checked by ``timetable(zones:defaultTimeZone:)``.
    public init(text: String, timeZone: String? = nil) {
        switch text.lowercased() {
        case "@once": self = .once
        case "@continuous": self = .continuous
        case "none", "@none", "": self = .none
        default: self = .cron(text, timeZone: timeZone)
        }
    }

    /// The same schedule, of which a cron line that names no zone is in this one.
    package func inDefaultTimeZone(_ zone: String) -> Schedule {
        switch self {
        case .cron(let text, nil): .cron(text, timeZone: zone)
        case .cronTrigger(let text, nil, let interval): .cronTrigger(text, timeZone: zone, interval: interval)
        case .cronTriggers(let texts, nil, let interval):
            .cronTriggers(texts, timeZone: zone, interval: interval)
        case .assetsOrTime(let condition, let time):
            .assetsOrTime(condition, time.inDefaultTimeZone(zone))
        default: self
        }
    }

    /// What must be updated for an asset-driven run; `nil` for a schedule that goes by the time alone.
    public var assetCondition: AssetCondition? {
        switch self {
        case .assets(let condition), .assetsOrTime(let condition, _): condition
        default: nil
        }
    }

    /// Whether runs are planned by the time, so that they need a first one.
    package var goesByTime: Bool {
        switch self {
        case .none, .assets: false
        default: true
        }
    }

    /// The zones whose rules are needed to make a timetable.
    public var timeZoneNames: Set<String> {
        switch self {
        case .cron(_, let zone?), .cronTrigger(_, let zone?, _), .cronTriggers(_, let zone?, _): [zone]
        case .assetsOrTime(_, let time): time.timeZoneNames
        default: []
        }
    }

    /// Makes the timetable.
    ///
    /// - Parameter defaultTimeZone: the zone of a cron line that names none.
    /// - Throws: ``ScheduleError``.
    public func timetable(
        zones: TimeZones = TimeZones(), defaultTimeZone: String = "UTC"
    ) throws(ScheduleError) -> any Timetable {
        switch self {
        case .cron(let text, let zone):
            let (cron, rules) = try Self.read(text, zone ?? defaultTimeZone, zones)
            return CronIntervalTimetable(cron, in: rules)
        case .cronTrigger(let text, let zone, let interval):
            guard interval >= .zero else { throw .badStep(interval.shortText) }
            let (cron, rules) = try Self.read(text, zone ?? defaultTimeZone, zones)
            return CronTriggerTimetable(cron, in: rules, interval: interval)
        case .cronTriggers(let texts, let zone, let interval):
            guard !texts.isEmpty else { throw .noCron }
            var lines: [CronTriggerTimetable] = []
            for text in texts {
                guard interval >= .zero else { throw .badStep(interval.shortText) }
                let (cron, rules) = try Self.read(text, zone ?? defaultTimeZone, zones)
                lines.append(CronTriggerTimetable(cron, in: rules, interval: interval))
            }
            return MultipleCronTimetable(lines)
        case .every(let duration): return try Self.stepping(.duration(duration), duration.shortText)
        case .calendar(let step): return try Self.stepping(.calendar(step), step.shortText)
        case .once: return OnceTimetable()
        case .continuous: return ContinuousTimetable()
        case .none, .assets: return ManualTimetable()
        case .assetsOrTime(_, let time):
            guard time.goesByTime, time.assetCondition == nil else { throw .notTime(time.text) }
            return try time.timetable(zones: zones, defaultTimeZone: defaultTimeZone)
        case .events(let events, let restricts):
            return EventsTimetable(events, restrictsManualRuns: restricts)
        }
    }

    private static func read(
        _ text: String, _ zone: String, _ zones: TimeZones
    ) throws(ScheduleError) -> (CronExpression, TimeZoneRules) {
        let cron: CronExpression
        do { cron = try CronExpression(text) } catch { throw .cron(error) }
        do { return (cron, try zones.rules(named: zone)) } catch { throw .timeZone(error) }
    }

    private static func stepping(_ step: StepTimetable.Step, _ text: String) throws(ScheduleError)
        -> StepTimetable
    {
        guard StepTimetable.isForward(step) else { throw .badStep(text) }
        return StepTimetable(step)
    }
}

/// Why a ``Schedule`` cannot work.
public enum ScheduleError: DagKitError, Equatable {
    case cron(CronError)
    case timeZone(TimeZoneError)
    case badStep(String)
    case noCron
    /// What stands beside assets is no time.
    case notTime(String)

    public var problem: String {
        switch self {
        case .cron(let cause): cause.problem
        case .timeZone(let cause): cause.problem
        case .badStep(let text): "the schedule goes by \"\(text)\", which never gets on"
        case .noCron: "the schedule lists no cron line"
        case .notTime(let text): "the schedule goes by assets or by \"\(text)\", which is no time"
        }
    }

    public var remedy: String {
        switch self {
        case .cron(let cause): cause.remedy
        case .timeZone(let cause): cause.remedy
        case .badStep: "write a span above zero, such as .minutes(30)"
        case .noCron: "write one cron line at least, or .none"
        case .notTime: "name a schedule that goes by the time, or write .assets alone"
        }
    }
}
