import DagKitCore
import Testing

@Suite struct CivilDateTests {
    @Test func `days count up through every day of 800 years`() {
        var date = CivilDate(year: 1600, month: 1, day: 1)
        var days = date.daysSinceEpoch

        while date.year < 2400 {
            #expect(CivilDate(daysSinceEpoch: days) == date && date.daysSinceEpoch == days, "\(date)")
            days += 1
            date.day += 1
            if date.day > CivilDate.daysInMonth(date.month, of: date.year) {
                date = CivilDate(
                    year: date.month == 12 ? date.year + 1 : date.year, month: date.month % 12 + 1, day: 1)
            }
        }
    }

    @Test(arguments: [(1970, 1, 1, 4), (2024, 2, 29, 4), (2000, 1, 1, 6), (1900, 1, 1, 1), (2023, 10, 1, 0)])
    func `weekdays are those of the calendar`(year: Int, month: Int, day: Int, weekday: Int) {
        #expect(CivilDate(year: year, month: month, day: day).weekday == weekday)
    }

    @Test func `a reading before 1970 keeps positive fields`() {
        let reading = CivilDateTime(microsecondsSinceEpoch: -1)

        #expect(reading.date == CivilDate(year: 1969, month: 12, day: 31))
        #expect(reading.hour == 23 && reading.minute == 59 && reading.second == 59)
        #expect(reading.microsecond == 999_999)
        #expect(reading.microsecondsSinceEpoch == -1)
    }
}
