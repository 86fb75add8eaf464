import FoundationEssentials

/// Reads one ISO 8601 text from left to right.
struct InstantTextReader {
    private let text: String
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: some StringProtocol) {
        self.text = String(text)
        self.bytes = Array(text.utf8)
    }

    /// Microseconds since the epoch; the whole text must have been used up.
    mutating func microseconds() throws(InstantTextError) -> Int64 {
        let day = try date()
        var reading = CivilDateTime(day)
        var offset = 0
        if position < bytes.count {
            guard skip("T") || skip("t") || skip(" ") else { throw .malformed(text) }
            try readTime(into: &reading)
            offset = try zoneOffset()
        }
        guard position == bytes.count else { throw .malformed(text) }
        let microseconds = reading.microsecondsSinceEpoch - Int64(offset) * 1_000_000
        guard Date.representableMicroseconds.contains(microseconds) else {
            throw .fieldOutOfRange(text, field: "a year")
        }
        return microseconds
    }

    private mutating func date() throws(InstantTextError) -> CivilDate {
        let year = try number(4)
        let isExtended = skip("-")
        let month = try number(2)
        if isExtended, !skip("-") { throw .malformed(text) }
        let day = try number(2)
        try check(year, in: 1...9_999, "a year")
        try check(month, in: 1...12, "a month")
        try check(day, in: 1...CivilDate.daysInMonth(month, of: year), "a day")
        return CivilDate(year: year, month: month, day: day)
    }

    private mutating func readTime(into reading: inout CivilDateTime) throws(InstantTextError) {
        reading.hour = try number(2)
        let isExtended = skip(":")
        reading.minute = try number(2)
        if isExtended ? skip(":") : isAtDigit {
            reading.second = try number(2)
            // Rounding up may give a whole second; the arithmetic carries it.
            if skip(".") || skip(",") { reading.microsecond = try fraction() }
        }
        try check(reading.hour, in: 0...23, "an hour")
        try check(reading.minute, in: 0...59, "a minute")
        try check(reading.second, in: 0...59, "a second")
    }

    private mutating func fraction() throws(InstantTextError) -> Int {
        guard isAtDigit else { throw .malformed(text) }
        var value = 0
        var place = 0
        while isAtDigit {
            let digit = Int(bytes[position] - UInt8(ascii: "0"))
            if place < 6 { value = value * 10 + digit }
            if place == 6, digit >= 5 { value += 1 }
            place += 1
            position += 1
        }
        while place < 6 {
            value *= 10
            place += 1
        }
        return value
    }

    /// Seconds east of UTC; 0 when nothing is left to read.
    private mutating func zoneOffset() throws(InstantTextError) -> Int {
        if position == bytes.count || skip("Z") || skip("z") { return 0 }
        let isEast = skip("+")
        guard isEast || skip("-") else { throw .malformed(text) }
        let hours = try number(2)
        let hasColon = skip(":")
        let minutes = hasColon || isAtDigit ? try number(2) : 0
        try check(hours, in: 0...23, "an offset")
        try check(minutes, in: 0...59, "an offset")
        let seconds = hours * 3_600 + minutes * 60
        return isEast ? seconds : -seconds
    }

    private var isAtDigit: Bool {
        position < bytes.count && (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position])
    }

    private mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: scalar) else { return false }
        position += 1
        return true
    }

    private mutating func number(_ width: Int) throws(InstantTextError) -> Int {
        var value = 0
        for _ in 0..<width {
            guard isAtDigit else { throw .malformed(text) }
            value = value * 10 + Int(bytes[position] - UInt8(ascii: "0"))
            position += 1
        }
        return value
    }

    private func check(_ value: Int, in range: ClosedRange<Int>, _ field: String) throws(InstantTextError) {
        guard range.contains(value) else { throw .fieldOutOfRange(text, field: field) }
    }
}
