/// The rule that a TZif file's footer gives for all time after its last transition: `CET-1CEST,M3.5.0,M10.5.0/3`.
struct POSIXTimeZone: Hashable, Sendable {
    /// Seconds east of UTC in standard time.
    let standardOffset: Int

    /// The other half of the year; `nil` where clocks stay.
    let daylight: Daylight?

    struct Daylight: Hashable, Sendable {
        let offset: Int
        /// When daylight time starts, by the clock of standard time.
        let start: Change
        /// When it ends, by the clock of daylight time.
        let end: Change
    }

    /// A day of the year and a second of that day, which may lie outside it.
    struct Change: Hashable, Sendable {
        enum Day: Hashable, Sendable {
            /// Day 1 to 365, never counting 29 February.
            case julian(Int)
            /// Day 0 to 365, counting 29 February.
            case ofYear(Int)
            /// The `week`-th `weekday` of `month`; 5 means the last.
            case weekday(Int, week: Int, month: Int)
        }

        let day: Day
        let second: Int

        /// Seconds from the epoch to the change in `year`, by the clock that then holds.
        func wallSeconds(in year: Int) -> Int64 {
            let newYear = CivilDate(year: year, month: 1, day: 1).daysSinceEpoch
            let days: Int =
                switch day {
                case .julian(let number):
                    newYear + number - (CivilDate.isLeapYear(year) && number >= 60 ? 0 : 1)
                case .ofYear(let number): newYear + number
                case .weekday(let weekday, let week, let month):
                    Self.day(of: weekday, week: week, month: month, year: year)
                }
            return Int64(days) * 86_400 + Int64(second)
        }

        private static func day(of weekday: Int, week: Int, month: Int, year: Int) -> Int {
            let first = CivilDate(year: year, month: month, day: 1)
            let toFirst = (weekday - first.weekday + 7) % 7
            var day = toFirst + (week - 1) * 7
            if day >= CivilDate.daysInMonth(month, of: year) { day -= 7 }
            return first.daysSinceEpoch + day
        }
    }

    func offset(atSeconds seconds: Int64) -> Int {
        guard daylight != nil else { return standardOffset }
        return transitions(around: seconds).last { $0.at <= seconds }?.offset ?? standardOffset
    }

    /// The changes of the year of `seconds` and of its two neighbours, in order.
    func transitions(around seconds: Int64) -> [(at: Int64, offset: Int)] {
        guard let daylight else { return [] }
        let year = CivilDateTime(secondsSinceEpoch: seconds).date.year
        var all: [(at: Int64, offset: Int)] = []
        for year in (year - 1)...(year + 1) {
            all.append((daylight.start.wallSeconds(in: year) - Int64(standardOffset), daylight.offset))
            all.append((daylight.end.wallSeconds(in: year) - Int64(daylight.offset), standardOffset))
        }
        return all.sorted { $0.at < $1.at }
    }
}

extension POSIXTimeZone {
    /// Reads the text of a footer; `nil` if it is malformed.
    init?(_ text: some Sequence<UInt8>) {
        var reader = Reader(bytes: Array(text))
        guard reader.name(), let west = reader.time() else { return nil }
        standardOffset = -west
        if reader.isAtEnd {
            daylight = nil
            return
        }
        guard reader.name() else { return nil }
        let daylightWest = reader.peek(",") ? west - 3_600 : reader.time()
        guard let daylightWest, reader.skip(","), let start = reader.change(), reader.skip(","),
            let end = reader.change(), reader.isAtEnd
        else { return nil }
        daylight = Daylight(offset: -daylightWest, start: start, end: end)
    }

    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        var isAtEnd: Bool { position == bytes.count }

        func peek(_ scalar: Unicode.Scalar) -> Bool {
            position < bytes.count && bytes[position] == UInt8(ascii: scalar)
        }

        mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
            guard peek(scalar) else { return false }
            position += 1
            return true
        }

        /// An abbreviation: letters, or anything between angle brackets.
        mutating func name() -> Bool {
            if skip("<") {
                while position < bytes.count, !peek(">") { position += 1 }
                return skip(">")
            }
            let start = position
            while position < bytes.count, (UInt8(ascii: "A")...UInt8(ascii: "z")).contains(bytes[position]) {
                position += 1
            }
            return position - start >= 3
        }

        /// `[+-]hh[:mm[:ss]]` in seconds.
        mutating func time() -> Int? {
            let isNegative = skip("-")
            if !isNegative { _ = skip("+") }
            guard var seconds = number(upTo: 167) else { return nil }
            seconds *= 3_600
            for unit in [60, 1] where skip(":") {
                guard let part = number(upTo: 59) else { return nil }
                seconds += part * unit
            }
            return isNegative ? -seconds : seconds
        }

        mutating func change() -> Change? {
            guard let day = day() else { return nil }
            guard skip("/") else { return Change(day: day, second: 7_200) }
            guard let second = time() else { return nil }
            return Change(day: day, second: second)
        }

        private mutating func day() -> Change.Day? {
            if skip("J") { return number(upTo: 365).map { .julian(max($0, 1)) } }
            guard skip("M") else { return number(upTo: 365).map { .ofYear($0) } }
            guard let month = number(upTo: 12), month > 0, skip("."), let week = number(upTo: 5), week > 0,
                skip("."), let weekday = number(upTo: 6)
            else { return nil }
            return .weekday(weekday, week: week, month: month)
        }

        private mutating func number(upTo limit: Int) -> Int? {
            var value: Int?
            while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) {
                let longer = (value ?? 0) * 10 + Int(bytes[position] - UInt8(ascii: "0"))
                guard longer <= limit else { return nil }
                value = longer
                position += 1
            }
            return value
        }
    }
}
