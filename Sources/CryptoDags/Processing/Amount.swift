public import DagKit

/// An exact decimal number with 18 decimals, for prices, supplies and market capitalisations.
///
/// It holds 38 digits, 20 before the point, as PostgreSQL's `NUMERIC(38,18)` does, so every engine can hold
/// every value. What cannot be kept exactly is rounded half to even, once.
///
/// ```swift
/// let supply = try Amount("18209912.0000000000000000")
/// let price = try Amount("9811.9724285486045699")
/// let cap = try supply.multiplied(by: price)
/// cap.text(places: 2)  // 178675154470.30
/// ```
public struct Amount: Hashable, Sendable {
    /// How many decimals there are.
    public static let scale = 18

    /// The value times 10^18.
    public let units: Int128

    /// Zero.
    public static let zero = Amount(uncheckedUnits: 0)

    /// Creates the value `units` / 10^18.
    ///
    /// - Throws: ``AmountError/overflow(_:)`` if it has more than 38 digits.
    public init(units: Int128) throws(AmountError) {
        guard units.magnitude <= Self.largestUnits else { throw .overflow("\(units)e-18") }
        self.units = units
    }

    /// Creates a whole number.
    public init(_ whole: Int) {
        // 2^63 is below 10^19: the product always fits.
        self.units = Int128(whole) * PowersOfTen.value(Self.scale)
    }

    init(uncheckedUnits units: Int128) { self.units = units }

    /// Reads a decimal number: sign, digits, point, exponent (`-1.5`, `.5`, `1e-7`).
    ///
    /// Decimals beyond the 18th are rounded half to even.
    ///
    /// - Throws: ``AmountError/malformed(_:)``, also for `NaN`, blanks and thousands separators, and
    ///   ``AmountError/overflow(_:)``.
    public init(_ text: some StringProtocol) throws(AmountError) {
        let text = String(text)
        try self.init(utf8: text.utf8.span)
    }

    /// Reads a decimal number from its UTF-8 bytes.
    init(utf8 text: Span<UInt8>) throws(AmountError) {
        do { self.init(uncheckedUnits: try DecimalReader.units(text)) } catch {
            let shown = String(decoding: text.indices.map { text[$0] }, as: UTF8.self)
            throw error == .malformed ? .malformed(shown) : .overflow(shown)
        }
    }

    /// The largest magnitude of ``units``: 38 nines.
    static let largestUnits: UInt128 = UInt128(PowersOfTen.value(38)) - 1
}

/// Arithmetic.
extension Amount {
    /// The product, with a 256-bit intermediate, rounded half to even to 18 decimals.
    ///
    /// - Throws: ``AmountError/overflow(_:)``.
    public func multiplied(by other: Amount) throws(AmountError) -> Amount {
        let (high, low) = units.magnitude.multipliedFullWidth(by: other.units.magnitude)
        let divisor = UInt128(PowersOfTen.value(Self.scale))
        guard high < divisor else { throw .overflow("\(self) x \(other)") }
        let (quotient, remainder) = divisor.dividingFullWidth((high, low))
        let rounded = Self.roundHalfEven(quotient, remainder: remainder, divisor: divisor)
        guard rounded <= Self.largestUnits else { throw .overflow("\(self) x \(other)") }
        let isNegative = (units < 0) != (other.units < 0)
        return Amount(uncheckedUnits: isNegative ? -Int128(rounded) : Int128(rounded))
    }

    /// The value divided by 10^`power`, rounded half to even to `places` decimals.
    ///
    /// - Precondition: `power` is 0 to 18, `places` is 0 to 18.
    public func divided(byPowerOfTen power: Int, roundedTo places: Int = Amount.scale) -> Amount {
        precondition((0...18).contains(power) && (0...18).contains(places))
        let dropped = power + Self.scale - places
        // One division, so that nothing is rounded twice.
        let divisor = UInt128(PowersOfTen.value(dropped))
        let (quotient, remainder) = units.magnitude.quotientAndRemainder(dividingBy: divisor)
        let rounded = Self.roundHalfEven(quotient, remainder: remainder, divisor: divisor)
        // Rounding can carry past 38 nines only when nothing is divided away; the largest value stays then.
        let scaled = rounded.multipliedReportingOverflow(by: UInt128(PowersOfTen.value(Self.scale - places)))
        let magnitude = scaled.overflow ? Self.largestUnits : min(scaled.partialValue, Self.largestUnits)
        return Amount(uncheckedUnits: units < 0 ? -Int128(magnitude) : Int128(magnitude))
    }

    /// The value rounded half to even to `places` decimals.
    ///
    /// - Precondition: `places` is 0 to 18.
    public func rounded(toPlaces places: Int) -> Amount { divided(byPowerOfTen: 0, roundedTo: places) }

    /// The sum.
    ///
    /// - Throws: ``AmountError/overflow(_:)``.
    public func adding(_ other: Amount) throws(AmountError) -> Amount {
        // Both are below 10^38, so the sum is below 2^128 but perhaps not below 2^127.
        let (sum, overflows) = units.addingReportingOverflow(other.units)
        guard !overflows, sum.magnitude <= Self.largestUnits else { throw .overflow("\(self) + \(other)") }
        return Amount(uncheckedUnits: sum)
    }

    /// The sum of a sequence; zero if it is empty.
    ///
    /// - Throws: ``AmountError/overflow(_:)``.
    public static func sum(_ amounts: some Sequence<Amount>) throws(AmountError) -> Amount {
        var total = Amount.zero
        for amount in amounts { total = try total.adding(amount) }
        return total
    }

    /// The value without its sign.
    public var magnitude: Amount { units < 0 ? -self : self }

    /// The value with the other sign.
    public static prefix func - (amount: Amount) -> Amount { Amount(uncheckedUnits: -amount.units) }

    static func roundHalfEven(_ quotient: UInt128, remainder: UInt128, divisor: UInt128) -> UInt128 {
        let rest = divisor - remainder
        if remainder > rest { return quotient + 1 }
        return remainder == rest && quotient & 1 == 1 ? quotient + 1 : quotient
    }
}

extension Amount: Comparable {
    public static func < (left: Amount, right: Amount) -> Bool { left.units < right.units }
}

extension Amount: CustomStringConvertible {
    /// The exact value, without an exponent and without zeros at the end: `0.0000000228759514`.
    public var description: String {
        let (whole, fraction) = wholeAndFraction
        // A machine word is printed many times faster than 128 bits.
        let digits = UInt64(exactly: whole).map { String($0) } ?? String(whole)
        var text = units < 0 ? "-" + digits : digits
        guard fraction != 0 else { return text }
        text += "."
        text += Self.decimals(fraction)
        return text
    }

    private var wholeAndFraction: (whole: UInt128, fraction: UInt64) {
        let (whole, fraction) = units.magnitude.quotientAndRemainder(
            dividingBy: UInt128(PowersOfTen.value(Self.scale)))
        return (whole, UInt64(fraction))
    }

    /// The digits behind the point, without zeros at the end.
    private static func decimals(_ fraction: UInt64) -> String {
        String(unsafeUninitializedCapacity: scale) { buffer in
            var rest = fraction
            var count = 0
            for place in stride(from: scale - 1, through: 0, by: -1) {
                let digit = UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
                if count == 0, digit != 0 { count = place + 1 }
                buffer.initializeElement(at: place, to: UInt8(ascii: "0") + digit)
            }
            return count
        }
    }

    /// The value rounded half to even to exactly `places` decimals: `0.30`; never `-0.00`.
    ///
    /// - Precondition: `places` is 0 to 18.
    public func text(places: Int) -> String {
        let value = rounded(toPlaces: places)
        let parts = value.description.split(separator: ".", omittingEmptySubsequences: false)
        guard places > 0 else { return String(parts[0]) }
        let fraction = parts.count > 1 ? String(parts[1]) : ""
        return "\(parts[0]).\(fraction)\(String(repeating: "0", count: places - fraction.count))"
    }

    /// The nearest Double, for statistics and for columns of type REAL.
    public var doubleValue: Double {
        let magnitude = units.magnitude
        let value: Double
        if magnitude < 1 << 53 {
            // Both are exact Doubles, so the division rounds once.
            value = Double(UInt64(magnitude)) / 1e18
        } else {
            value = Self.quotient(magnitude, scaledBy: max(0, magnitude.leadingZeroBitCount - 1))
        }
        return units < 0 ? -value : value
    }

    /// The nearest Double to `magnitude` / 10^18, by way of a whole quotient that has more bits than a Double.
    private static func quotient(_ magnitude: UInt128, scaledBy shift: Int) -> Double {
        var (quotient, remainder) = (magnitude << shift).quotientAndRemainder(
            dividingBy: UInt128(PowersOfTen.value(scale)))
        // 67 or 68 bits: five go, and what is lost only has to tell a half from more than a half.
        if quotient & 31 != 0 || remainder != 0 { quotient |= 32 }
        quotient >>= 5
        return Double(sign: .plus, exponent: 5 - shift, significand: Double(UInt64(quotient)))
    }
}

extension Amount: Codable {
    /// Reads the exact text; a number would have passed through a Double.
    public init(from decoder: any Decoder) throws {
        try self.init(try decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Amount: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int) { self.init(value) }
}

/// Why a text or a result is no ``Amount``.
public enum AmountError: DagKitError, Equatable {
    case malformed(String)
    case overflow(String)

    public var problem: String {
        switch self {
        case .malformed(let text): "\"\(text.prefix(80))\" is not a decimal number"
        case .overflow(let text): "\"\(text.prefix(80))\" has more than 20 digits before the point"
        }
    }

    public var remedy: String {
        switch self {
        case .malformed: "write digits with a point, such as 0.5 or 5e-1"
        case .overflow: "check the source for this value"
        }
    }
}
