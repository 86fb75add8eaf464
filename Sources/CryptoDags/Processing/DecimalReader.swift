/// Reads one decimal text into units of 10^-18.
struct DecimalReader {
    private let text: String
    private var digits: [UInt8] = []
    /// How many of ``digits`` stand before the point, after the exponent is applied.
    private var pointPosition = 0
    private var isNegative = false

    init(_ text: some StringProtocol) { self.text = String(text) }

    /// The value; the whole text must be a number.
    mutating func units() throws(AmountError) -> Int128 {
        try scan()
        let magnitude = try scaledMagnitude()
        return isNegative ? -Int128(magnitude) : Int128(magnitude)
    }

    private mutating func scan() throws(AmountError) {
        var rest = Substring(text).utf8
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            rest.removeFirst()
        }
        takeDigits(&rest)
        pointPosition = digits.count
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            takeDigits(&rest)
        }
        guard !digits.isEmpty else { throw .malformed(text) }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest.removeFirst()
            pointPosition += try exponent(rest)
        } else if !rest.isEmpty {
            throw .malformed(text)
        }
    }

    private mutating func takeDigits(_ rest: inout Substring.UTF8View) {
        while let byte = rest.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            digits.append(byte - UInt8(ascii: "0"))
            rest.removeFirst()
        }
    }

    private func exponent(_ rest: Substring.UTF8View) throws(AmountError) -> Int {
        guard let first = rest.first, let value = Int(Substring(rest)) else { throw .malformed(text) }
        let isSigned = first == UInt8(ascii: "-") || first == UInt8(ascii: "+")
        guard rest.count - (isSigned ? 1 : 0) <= 6 else { throw .malformed(text) }
        return value
    }

    /// The first digits as units, the dropped ones rounded half to even.
    private func scaledMagnitude() throws(AmountError) -> UInt128 {
        guard let firstDigit = digits.firstIndex(where: { $0 != 0 }) else { return 0 }
        let kept = pointPosition + Amount.scale
        guard kept - firstDigit <= 38 else { throw .overflow(text) }
        guard kept >= 0 else { return 0 }
        var value: UInt128 = 0
        for position in firstDigit..<max(kept, firstDigit) {
            value = value * 10 + UInt128(position < digits.count ? digits[position] : 0)
        }
        if roundsUp(droppingFrom: kept, isOdd: !value.isMultiple(of: 2)) { value += 1 }
        guard value <= Amount.largestUnits else { throw .overflow(text) }
        return value
    }

    private func roundsUp(droppingFrom kept: Int, isOdd: Bool) -> Bool {
        guard kept < digits.count else { return false }
        if digits[kept] != 5 { return digits[kept] > 5 }
        return isOdd || digits[(kept + 1)...].contains { $0 != 0 }
    }
}
