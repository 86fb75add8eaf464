/// What a calendar and a clock on a wall show: a day and a time of day, in no time zone.
///
/// Conversions treat the reading as if it were UTC; ``TimeZoneRules`` turns it into an instant of a zone.
public struct CivilDateTime: Hashable, Sendable, Comparable {
    /// The day.
    public var date: CivilDate

    /// The hour, 0 to 23.
    public var hour: Int

    /// The minute, 0 to 59.
    public var minute: Int

    /// The second, 0 to 59.
    public var second: Int

    /// The microsecond, 0 to 999,999.
    public var microsecond: Int

    /// Creates a reading from fields that are known to be in range.
    public init(_ date: CivilDate, hour: Int = 0, minute: Int = 0, second: Int = 0, microsecond: Int = 0) {
        self.date = date
        self.hour = hour
        self.minute = minute
        self.second = second
        self.microsecond = microsecond
    }

    /// Creates the reading of a UTC clock, `microsecondsSinceEpoch` after 1970-01-01 00:00:00.
    public init(microsecondsSinceEpoch: Int64) {
        let (days, timeOfDay) = microsecondsSinceEpoch.flooredDivision(by: 86_400_000_000)
        let (seconds, microsecond) = timeOfDay.quotientAndRemainder(dividingBy: 1_000_000)
        self.init(secondsSinceEpoch: days * 86_400 + seconds)
        self.microsecond = Int(microsecond)
    }

    /// Creates the reading of a UTC clock, `secondsSinceEpoch` after 1970-01-01 00:00:00.
    public init(secondsSinceEpoch: Int64) {
        let (days, timeOfDay) = secondsSinceEpoch.flooredDivision(by: 86_400)
        let time = Int(timeOfDay)
        self.init(
            CivilDate(daysSinceEpoch: Int(days)), hour: time / 3_600, minute: time / 60 % 60,
            second: time % 60)
    }

    /// Seconds since 1970-01-01 00:00:00, read as UTC; the microseconds are left out.
    public var secondsSinceEpoch: Int64 {
        Int64(date.daysSinceEpoch) * 86_400 + Int64(hour * 3_600 + minute * 60 + second)
    }

    /// Microseconds since 1970-01-01 00:00:00, read as UTC.
    public var microsecondsSinceEpoch: Int64 { secondsSinceEpoch * 1_000_000 + Int64(microsecond) }

    public static func < (left: CivilDateTime, right: CivilDateTime) -> Bool {
        left.microsecondsSinceEpoch < right.microsecondsSinceEpoch
    }
}

extension Int64 {
    /// The quotient rounded down, and the remainder, which has the divisor's sign.
    func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
