public import FoundationEssentials

/// The instants at which a cron line is due.
///
/// A line with a restricted hour field follows the wall clock: a time that comes twice is due the second time,
/// one that is skipped is due later by the length of the gap. A line for every hour is due whenever the clock
/// on the wall shows one of its times, so that it runs on through clock changes.
extension CronExpression {
    /// The first instant after `instant` that is due; `nil` if none is within 50 years.
    ///
    /// - Complexity: a few hundred steps even for a line that never fires.
    public func next(after instant: Date, in zone: TimeZoneRules = .utc) -> Date? {
        let seconds = instant.microsecondsSinceEpoch.flooredDivision(by: 1_000_000).quotient
        let found = isEveryHour ? nextElapsed(after: seconds, zone) : nextWall(after: seconds, zone)
        return found.map { Date(microseconds: $0 * 1_000_000) }
    }

    /// The last instant before `instant` that is due; `nil` if none is within 50 years.
    public func previous(before instant: Date, in zone: TimeZoneRules = .utc) -> Date? {
        let (floor, rest) = instant.microsecondsSinceEpoch.flooredDivision(by: 1_000_000)
        let seconds = rest == 0 ? floor : floor + 1
        let found = isEveryHour ? previousElapsed(before: seconds, zone) : previousWall(before: seconds, zone)
        return found.map { Date(microseconds: $0 * 1_000_000) }
    }

    /// The instant of the last reading of the wall clock before the one at `instant`.
    ///
    /// Unlike ``previous(before:in:)`` it may be `instant` again, or later, when a clock change lies between.
    func wallClockStepBack(from instant: Date, in zone: TimeZoneRules) -> Date? {
        guard !isEveryHour else { return previous(before: instant, in: zone) }
        let seconds = instant.microsecondsSinceEpoch.flooredDivision(by: 1_000_000).quotient
        let reading = previousReading(before: seconds + Int64(zone.offset(atSeconds: seconds)))
        return reading.map { Date(microseconds: zone.instant(ofWallSeconds: $0) * 1_000_000) }
    }

    private func nextWall(after seconds: Int64, _ zone: TimeZoneRules) -> Int64? {
        nextReading(after: seconds + Int64(zone.offset(atSeconds: seconds))).map(zone.instant(ofWallSeconds:))
    }

    /// Skips readings that have their instant only at or after `seconds`: those of a gap and of a repeated hour.
    private func previousWall(before seconds: Int64, _ zone: TimeZoneRules) -> Int64? {
        var reading = seconds + Int64(zone.offset(atSeconds: seconds))
        while let earlier = previousReading(before: reading) {
            let instant = zone.instant(ofWallSeconds: earlier)
            if instant < seconds { return reachable(instant, before: seconds, zone) }
            reading = earlier
        }
        return nil
    }

    /// The last time before `seconds` that steps forwards reach, given the one that the wall clock names.
    ///
    /// Of several readings in a gap a step forwards reaches the first, and goes on from where that has moved to.
    private func reachable(_ instant: Int64, before seconds: Int64, _ zone: TimeZoneRules) -> Int64? {
        guard let change = zone.previousTransition(atOrBefore: instant) else { return instant }
        let gap = Int64(zone.offset(atSeconds: change) - zone.offset(atSeconds: change - 1))
        guard instant < change + gap else { return instant }
        var (current, last): (Int64, Int64?) = (change - 1, nil)
        while let next = nextWall(after: current, zone), next < seconds { (current, last) = (next, next) }
        return last ?? previousWall(before: change, zone)
    }

    /// Goes from one clock change to the next, and reads the wall clock between them.
    private func nextElapsed(after seconds: Int64, _ zone: TimeZoneRules) -> Int64? {
        var start = seconds
        while true {
            let offset = Int64(zone.offset(atSeconds: start))
            guard let reading = nextReading(after: start + offset) else { return nil }
            guard let change = zone.nextTransition(after: start), reading - offset >= change else {
                return reading - offset
            }
            // From here on the clock shows other times; the instant of the change itself may be due.
            let shown = change + Int64(zone.offset(atSeconds: change))
            if nextReading(after: shown - 1) == shown { return change }
            start = change
        }
    }

    private func previousElapsed(before seconds: Int64, _ zone: TimeZoneRules) -> Int64? {
        var end = seconds
        while true {
            let offset = Int64(zone.offset(atSeconds: end - 1))
            guard let reading = previousReading(before: end + offset) else { return nil }
            guard let change = zone.previousTransition(atOrBefore: end - 1), reading - offset < change else {
                return reading - offset
            }
            end = change
        }
    }
}

/// Readings of a wall clock, in seconds since the epoch as if it were UTC.
extension CronExpression {
    /// How many years are searched: no kind of day keeps away for longer than 40.
    private static let horizon = 50

    func nextReading(after seconds: Int64) -> Int64? {
        let (day, second) = (seconds + 1).flooredDivision(by: 86_400)
        let date = CivilDate(daysSinceEpoch: Int(day))
        guard let found = nextDay(onOrAfter: date) else { return nil }
        if found == date, let time = time(atOrAfter: Int(second)) { return day * 86_400 + Int64(time) }
        guard let time = time(atOrAfter: 0) else { return nil }
        if found > date { return Int64(found.daysSinceEpoch) * 86_400 + Int64(time) }
        return nextDay(onOrAfter: CivilDate(daysSinceEpoch: Int(day) + 1)).map {
            Int64($0.daysSinceEpoch) * 86_400 + Int64(time)
        }
    }

    func previousReading(before seconds: Int64) -> Int64? {
        let (day, second) = (seconds - 1).flooredDivision(by: 86_400)
        let date = CivilDate(daysSinceEpoch: Int(day))
        guard let found = previousDay(onOrBefore: date) else { return nil }
        if found == date, let time = time(atOrBefore: Int(second)) { return day * 86_400 + Int64(time) }
        guard let time = time(atOrBefore: 86_399) else { return nil }
        if found < date { return Int64(found.daysSinceEpoch) * 86_400 + Int64(time) }
        return previousDay(onOrBefore: CivilDate(daysSinceEpoch: Int(day) - 1)).map {
            Int64($0.daysSinceEpoch) * 86_400 + Int64(time)
        }
    }

    func nextDay(onOrAfter date: CivilDate) -> CivilDate? {
        var (year, month, day) = (date.year, date.month, date.day)
        while year <= date.year + Self.horizon {
            if months.hasBit(month), let found = days.mask(year: year, month: month).firstBit(from: day) {
                return CivilDate(year: year, month: month, day: found)
            }
            (year, month, day) = month == 12 ? (year + 1, 1, 1) : (year, month + 1, 1)
        }
        return nil
    }

    func previousDay(onOrBefore date: CivilDate) -> CivilDate? {
        var (year, month, day) = (date.year, date.month, date.day)
        while year >= date.year - Self.horizon {
            if months.hasBit(month), let found = days.mask(year: year, month: month).lastBit(upTo: day) {
                return CivilDate(year: year, month: month, day: found)
            }
            (year, month, day) = month == 1 ? (year - 1, 12, 31) : (year, month - 1, 31)
        }
        return nil
    }

    /// The first second of a day, from `second` on, that is due.
    private func time(atOrAfter second: Int) -> Int? {
        let (hour, minute) = (second / 3_600, second / 60 % 60)
        if hours.hasBit(hour) {
            if minutes.hasBit(minute), let found = seconds.firstBit(from: second % 60) {
                return hour * 3_600 + minute * 60 + found
            }
            if let found = minutes.firstBit(from: minute + 1), let first = seconds.firstBit(from: 0) {
                return hour * 3_600 + found * 60 + first
            }
        }
        guard let found = hours.firstBit(from: hour + 1), let minute = minutes.firstBit(from: 0),
            let first = seconds.firstBit(from: 0)
        else { return nil }
        return found * 3_600 + minute * 60 + first
    }

    /// The last second of a day, up to `second`, that is due.
    private func time(atOrBefore second: Int) -> Int? {
        let (hour, minute) = (second / 3_600, second / 60 % 60)
        if hours.hasBit(hour) {
            if minutes.hasBit(minute), let found = seconds.lastBit(upTo: second % 60) {
                return hour * 3_600 + minute * 60 + found
            }
            if let found = minutes.lastBit(upTo: minute - 1), let last = seconds.lastBit(upTo: 59) {
                return hour * 3_600 + found * 60 + last
            }
        }
        guard let found = hours.lastBit(upTo: hour - 1), let minute = minutes.lastBit(upTo: 59),
            let last = seconds.lastBit(upTo: 59)
        else { return nil }
        return found * 3_600 + minute * 60 + last
    }
}

extension UInt64 {
    func hasBit(_ index: Int) -> Bool { self >> UInt64(index) & 1 == 1 }

    /// The lowest set bit at or above `index`.
    func firstBit(from index: Int) -> Int? {
        let rest = index > 63 ? 0 : self & ~((1 << UInt64(index)) - 1)
        return rest == 0 ? nil : rest.trailingZeroBitCount
    }

    /// The highest set bit at or below `index`.
    func lastBit(upTo index: Int) -> Int? {
        guard index >= 0 else { return nil }
        let rest = index >= 63 ? self : self & ((1 << UInt64(index + 1)) - 1)
        return rest == 0 ? nil : 63 - rest.leadingZeroBitCount
    }
}
