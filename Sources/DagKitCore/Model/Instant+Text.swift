public import FoundationEssentials

/// Whole microseconds, the grain in which instants are compared and stored.
extension Date {
    /// Creates the instant `microseconds` after 1970-01-01 00:00:00 UTC.
    public init(microseconds: Int64) {
        self.init(
            timeIntervalSinceReferenceDate: Double(microseconds - Self.referenceMicroseconds) / 1_000_000)
    }

    /// Microseconds since 1970-01-01 00:00:00 UTC, rounded to the nearest; clamped outside the years 1 to 9999.
    public var microsecondsSinceEpoch: Int64 {
        // Seconds and fraction apart: their product with a million would not fit a Double's 53 bits.
        let clamped = min(max(timeIntervalSinceReferenceDate, -1e12), 1e12)
        let seconds = clamped.rounded(.down)
        let fraction = ((clamped - seconds) * 1_000_000).rounded()
        let sinceEpoch = Int64(seconds) * 1_000_000 + Int64(fraction) + Self.referenceMicroseconds
        let representable = Self.representableMicroseconds
        return min(max(sinceEpoch, representable.lowerBound), representable.upperBound)
    }

    /// The nearest instant that is a whole number of microseconds: what a store gives back.
    public var roundedToMicroseconds: Date { Date(microseconds: microsecondsSinceEpoch) }

    /// The years 1 to 9999, in microseconds since 1970.
    static let representableMicroseconds: ClosedRange<Int64> =
        -62_135_596_800_000_000...253_402_300_799_999_999

    /// 2001-01-01 00:00:00 UTC, from which `Date` counts, in microseconds since 1970.
    private static let referenceMicroseconds: Int64 = 978_307_200_000_000
}

/// Text in UTC, as Airflow writes it.
extension Date {
    /// `2024-03-05T00:00:00+00:00`; microseconds appear only when they are not zero.
    public var isoText: String {
        InstantText.render(
            self, dateSeparator: "-", between: "T", timeSeparator: ":", fraction: .nonZero, "+00:00")
    }

    /// `2024-03-05 00:00:00.000000`: UTC with all six digits, so that text order is time order.
    public var databaseText: String {
        InstantText.render(self, dateSeparator: "-", between: " ", timeSeparator: ":", fraction: .always, "")
    }

    /// `2024-03-05T00:00:00.123+0000`: UTC to the millisecond, as it stands in logs.
    package var logText: String {
        InstantText.render(
            self, dateSeparator: "-", between: "T", timeSeparator: ":", fraction: .milliseconds, "+0000")
    }

    /// The day, `2024-03-05`; `{{ ds }}` in a template.
    public var ds: String { InstantText.renderDay(self, separator: "-") }

    /// The day without dashes, `20240305`; `{{ ds_nodash }}` in a template.
    public var dsNoDash: String { InstantText.renderDay(self, separator: nil) }

    /// The same as ``isoText``; `{{ ts }}` in a template.
    public var ts: String { isoText }

    /// `20240305T000000`, without microseconds; `{{ ts_nodash }}` in a template.
    public var tsNoDash: String {
        InstantText.render(self, dateSeparator: nil, between: "T", timeSeparator: nil, fraction: .never, "")
    }

    /// `20240305T000000+0000`; microseconds appear only when they are not zero; `{{ ts_nodash_with_tz }}`.
    public var tsNoDashWithTZ: String {
        InstantText.render(
            self, dateSeparator: nil, between: "T", timeSeparator: nil, fraction: .nonZero, "+0000")
    }

    /// Reads ISO 8601 text: a date, or a date and a time parted by `T` or a space.
    ///
    /// Seconds and a fraction are optional, the dashes and colons may be left out, and what has neither `Z`
    /// nor an offset is UTC. A fraction finer than microseconds is rounded. ``isoText`` and ``databaseText``
    /// read back as the same instant.
    ///
    /// - Throws: ``InstantTextError``.
    public init(isoText text: some StringProtocol) throws(InstantTextError) {
        var reader = InstantTextReader(text)
        self.init(microseconds: try reader.microseconds())
    }
}

/// Why a text is no instant.
public enum InstantTextError: DagKitError, Equatable {
    case malformed(String)
    case fieldOutOfRange(String, field: String)

    public var problem: String {
        switch self {
        case .malformed(let text): "\"\(text)\" is not a date or time"
        case .fieldOutOfRange(let text, let field): "\"\(text)\" has \(field) that no calendar has"
        }
    }

    public var remedy: String { "write it as 2025-10-01 or 2025-10-01T12:30:00+00:00" }
}

/// Renders instants by civil arithmetic, into one buffer.
private enum InstantText {
    enum Fraction { case never, nonZero, always, milliseconds }

    static func render(
        _ instant: Date, dateSeparator: Unicode.Scalar?, between: Unicode.Scalar,
        timeSeparator: Unicode.Scalar?,
        fraction: Fraction, _ suffix: StaticString
    ) -> String {
        let reading = CivilDateTime(microsecondsSinceEpoch: instant.microsecondsSinceEpoch)
        return String(unsafeUninitializedCapacity: 40) { buffer in
            var writer = DigitWriter(buffer: buffer)
            writer.day(reading.date, separator: dateSeparator)
            writer.put(between)
            writer.digits(reading.hour, width: 2)
            writer.put(timeSeparator)
            writer.digits(reading.minute, width: 2)
            writer.put(timeSeparator)
            writer.digits(reading.second, width: 2)
            if fraction == .always || (fraction == .nonZero && reading.microsecond != 0) {
                writer.put(".")
                writer.digits(reading.microsecond, width: 6)
            } else if fraction == .milliseconds {
                writer.put(".")
                writer.digits(reading.microsecond / 1000, width: 3)
            }
            suffix.withUTF8Buffer { bytes in for byte in bytes { writer.put(byte) } }
            return writer.count
        }
    }

    static func renderDay(_ instant: Date, separator: Unicode.Scalar?) -> String {
        let reading = CivilDateTime(microsecondsSinceEpoch: instant.microsecondsSinceEpoch)
        return String(unsafeUninitializedCapacity: 16) { buffer in
            var writer = DigitWriter(buffer: buffer)
            writer.day(reading.date, separator: separator)
            return writer.count
        }
    }
}

/// Writes zero-padded numbers into a buffer.
private struct DigitWriter {
    let buffer: UnsafeMutableBufferPointer<UInt8>
    var count = 0

    mutating func put(_ byte: UInt8) {
        buffer[count] = byte
        count += 1
    }

    mutating func put(_ scalar: Unicode.Scalar?) {
        if let scalar { put(UInt8(ascii: scalar)) }
    }

    mutating func digits(_ value: Int, width: Int) {
        var rest = value
        for place in stride(from: count + width - 1, through: count, by: -1) {
            buffer[place] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
        count += width
    }

    mutating func day(_ date: CivilDate, separator: Unicode.Scalar?) {
        digits(date.year, width: 4)
        put(separator)
        digits(date.month, width: 2)
        put(separator)
        digits(date.day, width: 2)
    }
}
