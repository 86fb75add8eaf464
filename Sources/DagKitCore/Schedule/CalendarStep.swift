import FoundationEssentials

/// A step of the calendar: months keep their day where they have it, so that 31 January is followed by 28 February.
///
/// ```swift
/// let quarter = CalendarStep(months: 3)
/// ```
public struct CalendarStep: Hashable, Sendable, Codable {
    /// Whole months, years counted as twelve.
    public var months: Int

    /// Whole days, weeks counted as seven.
    public var days: Int

    /// The rest, in seconds.
    public var seconds: Int

    /// Creates a step that goes by all of its parts, the longest first.
    public init(
        years: Int = 0, months: Int = 0, weeks: Int = 0, days: Int = 0, hours: Int = 0, minutes: Int = 0,
        seconds: Int = 0
    ) {
        self.months = years * 12 + months
        self.days = weeks * 7 + days
        self.seconds = hours * 3_600 + minutes * 60 + seconds
    }

    /// Whether each part goes forwards or stands still, and one goes.
    var isForward: Bool { months >= 0 && days >= 0 && seconds >= 0 && (months, days, seconds) != (0, 0, 0) }

    /// The length of the step as Airflow counts it to round an instant: a year has 365 days, a month 30.
    var nominalMicroseconds: Int64 {
        let days = Int64(months / 12 * 365 + months % 12 * 30 + days)
        return (days * 86_400 + Int64(seconds)) * 1_000_000
    }

    /// The instant a step after `instant`, by UTC's calendar; `count` is -1 for a step back.
    func applied(to instant: Date, count: Int = 1) -> Date {
        var reading = CivilDateTime(microsecondsSinceEpoch: instant.microsecondsSinceEpoch)
        let (year, month) = Int64(reading.date.year * 12 + reading.date.month - 1 + months * count)
            .flooredDivision(by: 12)
        reading.date.year = Int(year)
        reading.date.month = Int(month) + 1
        let lastDay = CivilDate.daysInMonth(reading.date.month, of: reading.date.year)
        reading.date.day = min(reading.date.day, lastDay)
        let elapsed = Int64(days * 86_400 + seconds) * Int64(count) * 1_000_000
        return Date(microseconds: reading.microsecondsSinceEpoch + elapsed)
    }
}
