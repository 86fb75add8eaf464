/// The days that the two day fields of a cron line name.
struct CronDays: Hashable, Sendable {
    /// Bit `n` is set if the `n`-th day of a month is due; `nil` if the field restricts nothing.
    var daysOfMonth: UInt64?

    /// Whether the last day of each month is due.
    var includesLastDay = false

    /// Bit `n` is set if weekday `n` is due, 0 for Sunday; `nil` if the field restricts nothing.
    var weekdays: UInt64?

    /// For each weekday the bits 1 to 5 of its occurrences in a month; bit 6 stands for the last one.
    var occurrences: [UInt8] = []

    /// The days of one month that are due, bit `n` for day `n`.
    func mask(year: Int, month: Int) -> UInt64 {
        let count = CivilDate.daysInMonth(month, of: year)
        let all = (UInt64(1) << (count + 1)) - 2
        switch (ofMonth(count: count), ofWeek(year: year, month: month, count: count)) {
        case (nil, nil): return all
        case (let days?, nil): return days & all
        case (nil, let days?): return days & all
        case (let some?, let others?): return (some | others) & all
        }
    }

    private func ofMonth(count: Int) -> UInt64? {
        guard let daysOfMonth else { return nil }
        return includesLastDay ? daysOfMonth | 1 << UInt64(count) : daysOfMonth
    }

    private func ofWeek(year: Int, month: Int, count: Int) -> UInt64? {
        guard let weekdays else { return nil }
        let firstWeekday = CivilDate(year: year, month: month, day: 1).weekday
        var mask: UInt64 = 0
        for weekday in 0..<7 where weekdays & 1 << UInt64(weekday) != 0 {
            let first = 1 + (weekday - firstWeekday + 7) % 7
            for (index, day) in stride(from: first, through: count, by: 7).enumerated()
            where isDue(weekday: weekday, occurrence: index + 1, isLast: day + 7 > count) {
                mask |= 1 << UInt64(day)
            }
        }
        return mask
    }

    private func isDue(weekday: Int, occurrence: Int, isLast: Bool) -> Bool {
        guard !occurrences.isEmpty else { return true }
        return occurrences[weekday] & 1 << UInt8(occurrence) != 0
            || (isLast && occurrences[weekday] & 64 != 0)
    }
}
