/// Reads one decimal text, as UTF-8, into units of 10^-18, without a copy of its digits.
struct DecimalReader {
    /// Why a text is no amount.
    enum Failure: Error { case malformed, overflow }

    private var isNegative = false

    /// Where the digits lie, a point among them.
    private var digits = 0..<0

    /// How many digits from the first of ``digits`` on are kept: those before the point and 18 decimals, after the
    /// exponent is applied; less than none if the value is smaller than any unit.
    private var kept = 0

    /// The value; the whole text must be a number.
    static func units(_ text: Span<UInt8>) throws(Failure) -> Int128 {
        var reader = DecimalReader()
        try reader.scan(text)
        let magnitude = try reader.magnitude(text)
        return reader.isNegative ? -Int128(magnitude) : Int128(magnitude)
    }

    private mutating func scan(_ text: Span<UInt8>) throws(Failure) {
        var position = 0
        if !text.isEmpty, Self.isSign(text[0]) {
            isNegative = text[0] == UInt8(ascii: "-")
            position = 1
        }
        let start = position
        Self.skipDigits(text, &position)
        let whole = position - start
        var count = whole
        if position < text.count, text[position] == UInt8(ascii: ".") {
            position += 1
            let fraction = position
            Self.skipDigits(text, &position)
            count += position - fraction
        }
        guard count > 0 else { throw .malformed }
        digits = start..<position
        kept = whole + Amount.scale
        if position < text.count { kept += try Self.exponent(text, from: position) }
    }

    private static func skipDigits(_ text: Span<UInt8>, _ position: inout Int) {
        while position < text.count, isDigit(text[position]) { position += 1 }
    }

    /// What follows the digits: `e`, a sign perhaps, and one to six digits.
    private static func exponent(_ text: Span<UInt8>, from start: Int) throws(Failure) -> Int {
        guard text[start] | 0x20 == UInt8(ascii: "e") else { throw .malformed }
        var position = start + 1
        let isSigned = position < text.count && isSign(text[position])
        let isNegative = isSigned && text[position] == UInt8(ascii: "-")
        if isSigned { position += 1 }
        guard (1...6).contains(text.count - position) else { throw .malformed }
        var value = 0
        while position < text.count {
            guard isDigit(text[position]) else { throw .malformed }
            value = value * 10 + Int(text[position] & 15)
            position += 1
        }
        return isNegative ? -value : value
    }

    /// The kept digits as units, the dropped ones rounded half to even.
    private func magnitude(_ text: Span<UInt8>) throws(Failure) -> UInt128 {
        var position = digits.lowerBound
        var left = kept
        // Zeros in front are no digits of the value.
        while position < digits.upperBound, text[position] <= UInt8(ascii: "0") {
            if text[position] == UInt8(ascii: "0") { left -= 1 }
            position += 1
        }
        guard position < digits.upperBound else { return 0 }
        guard left <= 38 else { throw .overflow }
        guard left >= 0 else { return 0 }
        var value = take(&left, of: text, from: &position)
        if left > 0 { value *= UInt128(PowersOfTen.value(left)) }
        if roundsUp(text, from: position, isOdd: value & 1 == 1) { value += 1 }
        guard value <= Amount.largestUnits else { throw .overflow }
        return value
    }

    /// The next `left` digits, or all that there are.
    private func take(_ left: inout Int, of text: Span<UInt8>, from position: inout Int) -> UInt128 {
        var value: UInt128 = 0
        while left > 0, position < digits.upperBound {
            // As many digits at once as a machine word holds.
            var chunk: UInt64 = 0
            var count = 0
            while count < min(left, 19), position < digits.upperBound {
                let byte = text[position]
                position += 1
                guard byte != UInt8(ascii: ".") else { continue }
                chunk = chunk &* 10 &+ UInt64(byte & 15)
                count += 1
            }
            value = value &* UInt128(PowersOfTen.value(count)) &+ UInt128(chunk)
            left -= count
        }
        return value
    }

    private func roundsUp(_ text: Span<UInt8>, from start: Int, isOdd: Bool) -> Bool {
        var position = start
        if position < digits.upperBound, text[position] == UInt8(ascii: ".") { position += 1 }
        guard position < digits.upperBound else { return false }
        let first = text[position]
        guard first == UInt8(ascii: "5"), !isOdd else { return first >= UInt8(ascii: "5") }
        for position in position + 1..<digits.upperBound
        where Self.isDigit(text[position]) && text[position] != 0x30 {
            return true
        }
        return false
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    private static func isSign(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
    }
}
