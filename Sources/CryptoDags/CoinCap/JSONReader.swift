/// A validating reader of one JSON text, pulled value by value; it never reads beyond the bytes.
///
/// It makes no copies: a string or a number is told as the place where it stands.
struct JSONReader {
    /// What kind of value comes next.
    enum Kind { case object, array, string, number, literal }

    /// A string as it stands between its quotes.
    struct Text {
        let range: Range<Int>
        let hasEscapes: Bool
    }

    /// How deep values may nest.
    static let depthLimit = 64

    /// The text.
    let bytes: [UInt8]

    private var position = 0
    private var depth = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Checks the encoding and steps over a byte order mark.
    mutating func open() throws(AssetScanError) {
        do { _ = try UTF8Span(validating: bytes.span) } catch { throw .notUTF8 }
        guard bytes.count <= UInt32.max else { throw .tooLong(limit: Int(UInt32.max)) }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    /// Checks that nothing follows the value.
    mutating func close() throws(AssetScanError) {
        skipBlanks()
        guard position == bytes.count else { throw malformed("text after the end") }
    }

    /// The kind of the next value, which stays unread.
    mutating func peek() throws(AssetScanError) -> Kind {
        skipBlanks()
        switch current {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "-")?, (UInt8(ascii: "0")...UInt8(ascii: "9"))?: return .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"): return .literal
        case nil: throw malformed("the text ends too early")
        default: throw malformed("no value")
        }
    }

    /// Reads an object; `body` reads the value of each key.
    mutating func eachMember(
        _ body: (Text, inout JSONReader) throws(AssetScanError) -> Void
    ) throws(AssetScanError) {
        try enter("{")
        if !skip("}") {
            repeat {
                skipBlanks()
                let key = try string()
                skipBlanks()
                guard skip(":") else { throw malformed("no colon after a key") }
                try body(key, &self)
                skipBlanks()
            } while skip(",")
            guard skip("}") else { throw malformed("no comma or brace after a value") }
        }
        depth -= 1
    }

    /// Reads an array; `body` reads each element.
    mutating func eachElement(
        _ body: (inout JSONReader) throws(AssetScanError) -> Void
    ) throws(AssetScanError) {
        try enter("[")
        if !skip("]") {
            repeat {
                try body(&self)
                skipBlanks()
            } while skip(",")
            guard skip("]") else { throw malformed("no comma or bracket after a value") }
        }
        depth -= 1
    }

    /// Reads a value as a field of an asset.
    mutating func field() throws(AssetScanError) -> RawAsset.Slice {
        switch try peek() {
        case .string:
            let text = try string()
            return slice(text.hasEscapes ? .escaped : .string, text.range)
        case .number: return slice(.number, try number())
        case .literal: return slice(try literal() ? .null : .other, position..<position)
        case .object, .array:
            try skipValue()
            return slice(.other, position..<position)
        }
    }

    private func slice(_ kind: RawAsset.Slice.Kind, _ range: Range<Int>) -> RawAsset.Slice {
        .init(kind: kind, start: UInt32(range.lowerBound), count: UInt32(range.count))
    }

    /// Reads a value as a text; `nil` if it is neither a string nor a number.
    mutating func scalarText() throws(AssetScanError) -> String? {
        switch try peek() {
        case .string: return text(of: try string())
        case .number: return String(decoding: bytes[try number()], as: UTF8.self)
        default:
            try skipValue()
            return nil
        }
    }

    /// What a string means, its escapes read.
    func text(of string: Text) -> String {
        string.hasEscapes
            ? Self.unescaped(bytes[string.range]) : String(decoding: bytes[string.range], as: UTF8.self)
    }

    /// Reads a value and forgets it.
    mutating func skipValue() throws(AssetScanError) {
        switch try peek() {
        case .object:
            try eachMember { _, reader throws(AssetScanError) in try reader.skipValue() }
        case .array:
            try eachElement { reader throws(AssetScanError) in try reader.skipValue() }
        case .string: _ = try string()
        case .number: _ = try number()
        case .literal: _ = try literal()
        }
    }
}

/// Scalars.
extension JSONReader {
    private mutating func number() throws(AssetScanError) -> Range<Int> {
        let start = position
        _ = skip("-")
        if !skip("0") { try takeDigits() }
        if skip(".") { try takeDigits() }
        if skip("e") || skip("E") {
            if !skip("+") { _ = skip("-") }
            try takeDigits()
        }
        if let next = current, Self.isDigit(next) { throw malformed("a zero before a number") }
        return start..<position
    }

    private mutating func takeDigits() throws(AssetScanError) {
        let start = position
        while let byte = current, Self.isDigit(byte) { position += 1 }
        guard position > start else { throw malformed("a number without digits") }
    }

    /// Whether the word is `null`.
    private mutating func literal() throws(AssetScanError) -> Bool {
        for word in ["null", "true", "false"] where bytes[position...].starts(with: word.utf8) {
            position += word.utf8.count
            return word == "null"
        }
        throw malformed("no value")
    }

    private mutating func string() throws(AssetScanError) -> Text {
        guard skip("\"") else { throw malformed("no string") }
        let start = position
        var hasEscapes = false
        while true {
            position = endOfPlainText
            switch current {
            case UInt8(ascii: "\""):
                position += 1
                return Text(range: start..<position - 1, hasEscapes: hasEscapes)
            case UInt8(ascii: "\\"):
                position += 1
                hasEscapes = true
                _ = try escape()
            case nil: throw malformed("a string without its end")
            default: throw malformed("a control character in a string")
            }
        }
    }

    /// Where the first byte stands, from here on, that does not mean itself in a string.
    private var endOfPlainText: Int {
        var next = position
        let text = bytes.span.bytes
        while next + 8 <= text.byteCount {
            let word = UInt64(littleEndian: text.unsafeLoadUnaligned(fromByteOffset: next, as: UInt64.self))
            let stops = Self.stops(in: word)
            if stops != 0 { return next + stops.trailingZeroBitCount / 8 }
            next += 8
        }
        while next < bytes.count, bytes[next] >= 0x20, bytes[next] != UInt8(ascii: "\""),
            bytes[next] != UInt8(ascii: "\\")
        {
            next += 1
        }
        return next
    }

    /// Marks the first byte of eight that does not mean itself; what is marked behind it says nothing.
    private static func stops(in word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let high = ones &* 0x80
        let below = { (word: UInt64, bound: UInt64) in (word &- ones &* bound) & ~word & high }
        return below(word, 0x20) | below(word ^ (ones &* 0x22), 1) | below(word ^ (ones &* 0x5C), 1)
    }

    /// What a string with escapes means.
    ///
    /// - Precondition: A reader has read it before: its escapes are sound.
    static func unescaped(_ string: ArraySlice<UInt8>) -> String {
        var reader = JSONReader(Array(string))
        var text = ""
        var start = 0
        while let byte = reader.current {
            reader.position += 1
            guard byte == UInt8(ascii: "\\") else { continue }
            text += String(decoding: reader.bytes[start..<reader.position - 1], as: UTF8.self)
            if let scalar = try? reader.escape() { text.unicodeScalars.append(scalar) }
            start = reader.position
        }
        return text + String(decoding: reader.bytes[start...], as: UTF8.self)
    }

    /// What stands behind a backslash.
    private mutating func escape() throws(AssetScanError) -> Unicode.Scalar {
        guard let byte = current else { throw malformed("a string without its end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw malformed("an unknown escape")
        }
    }

    private mutating func unicodeEscape() throws(AssetScanError) -> Unicode.Scalar {
        let first = try hexadecimal()
        if let scalar = Unicode.Scalar(first) { return scalar }
        // Not a scalar: half of a surrogate pair, which only its other half completes.
        guard (0xD800...0xDBFF).contains(first), skip("\\"), skip("u") else {
            throw malformed("half a surrogate pair")
        }
        let second = try hexadecimal()
        guard (0xDC00...0xDFFF).contains(second) else { throw malformed("half a surrogate pair") }
        let value = 0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)
        guard let scalar = Unicode.Scalar(value) else { throw malformed("half a surrogate pair") }
        return scalar
    }

    private mutating func hexadecimal() throws(AssetScanError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw malformed("an escape without four digits")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}

/// Bytes.
extension JSONReader {
    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipBlanks() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            position += 1
        }
    }

    private mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard current == UInt8(ascii: scalar) else { return false }
        position += 1
        return true
    }

    private mutating func enter(_ scalar: Unicode.Scalar) throws(AssetScanError) {
        guard skip(scalar) else { throw malformed("no value") }
        depth += 1
        guard depth <= Self.depthLimit else { throw .tooDeep(limit: Self.depthLimit) }
        skipBlanks()
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private func malformed(_ what: String) -> AssetScanError { .malformed(what, offset: position) }
}
