/// Prints a Double with 18 decimals, every digit exact, as `printf("%.18f")` does.
enum FixedDecimals {
    /// The text; the last decimal is rounded half to even.
    ///
    /// - Precondition: The magnitude is below 10^20.
    static func text(_ number: Double) -> String {
        precondition(number.magnitude < 1e20)
        let magnitude = number.magnitude
        let whole = magnitude.rounded(.down)
        var integer = UInt128(whole)
        var units = fractionUnits(magnitude - whole)
        let scale = UInt128(1_000_000_000_000_000_000)
        if units == scale {
            integer += 1
            units = 0
        }
        let digits = String(units)
        let sign = number.sign == .minus && (integer != 0 || units != 0) ? "-" : ""
        return "\(sign)\(integer).\(String(repeating: "0", count: 18 - digits.count))\(digits)"
    }

    /// A fraction below 1 in units of 10^-18.
    private static func fractionUnits(_ fraction: Double) -> UInt128 {
        guard fraction > 0 else { return 0 }
        // fraction = significand / 2^shift, both whole.
        let shift = 52 - Int(fraction.exponent)
        // Below 2^-68 (3e-21) nothing is left at the 18th decimal.
        guard shift <= 120 else { return 0 }
        let significand = UInt128(fraction.significandBitPattern | 1 << 52)
        // 53 bits times 60 bits: the product fits 128 bits.
        let product = significand * 1_000_000_000_000_000_000
        let quotient = product >> shift
        let remainder = product & ((1 << shift) - 1)
        let half = UInt128(1) << (shift - 1)
        let roundsUp = remainder > half || (remainder == half && !quotient.isMultiple(of: 2))
        return roundsUp ? quotient + 1 : quotient
    }
}
