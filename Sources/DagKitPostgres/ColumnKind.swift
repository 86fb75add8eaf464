import DagKitCore
import DagKitSQL
import FoundationEssentials

/// How the texts of a column become values.
///
/// Exact numbers stay text with all their digits, and so does what has no kind of its own: JSON, arrays, UUIDs,
/// dates, times. Instants are UTC text in the form that the whole system stores.
enum ColumnKind {
    case integer, bool, real, bytes, instant, text

    init(oid: UInt32) {
        switch oid {
        case 20, 21, 23, 26: self = .integer  // bigint, smallint, integer, oid
        case 16: self = .bool
        case 700, 701: self = .real
        case 17: self = .bytes
        case 1114, 1184: self = .instant  // timestamp, timestamptz
        default: self = .text
        }
    }

    func value(_ bytes: UnsafeRawBufferPointer) -> SQLValue {
        switch self {
        case .bool: return .integer(bytes.first == UInt8(ascii: "t") ? 1 : 0)
        case .bytes: return .blob(Self.unhexed(bytes))
        case .integer: return Int64(Self.text(bytes)).map(SQLValue.integer) ?? .text(Self.text(bytes))
        case .real: return Double(Self.text(bytes)).map(SQLValue.real) ?? .text(Self.text(bytes))
        case .instant: return .text(Self.instant(Self.text(bytes)))
        case .text: return .text(Self.text(bytes))
        }
    }

    private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
        String(decoding: bytes, as: UTF8.self)
    }

    /// `2025-10-25 12:00:00.5+00` as `2025-10-25 12:00:00.500000`.
    ///
    /// What no `Date` can be, such as `infinity` or a year before Christ, stays as the server writes it.
    private static func instant(_ text: String) -> String {
        let isUTC = text.hasSuffix("+00")
        let clock = isUTC ? text.dropLast(3) : text[...]
        let hasOffset = !isUTC && (clock.dropFirst(11).contains("+") || clock.dropFirst(11).contains("-"))
        // Sessions are in UTC; a statement may have set another zone, though.
        if hasOffset { return (try? Date(isoText: text).databaseText) ?? text }
        switch clock.utf8.count {
        case 19 where clock.utf8.first.map(isDigit) == true: return clock + ".000000"
        case 21...26: return clock + String(repeating: "0", count: 26 - clock.utf8.count)
        default: return text
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    /// The bytes of `\x00ff`.
    private static func unhexed(_ text: UnsafeRawBufferPointer) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: max(0, text.count / 2 - 1)) { buffer, count in
            var index = 2
            while index + 1 < text.count {
                buffer[count] = nibble(text[index]) << 4 | nibble(text[index + 1])
                count += 1
                index += 2
            }
        }
    }

    private static func nibble(_ digit: UInt8) -> UInt8 { digit < 0x3A ? digit - 0x30 : digit - 0x57 }
}
