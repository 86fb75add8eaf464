/// A strict JSON parser over bytes, which can keep the offset of every value it met.
///
/// It counts bytes only; lines and columns are worked out when a mistake or a caller asks for one.
struct JSONParser {
    private let bytes: [UInt8]
    private let limits: JSONLimits
    private var index = 0
    private var depth = 0
    private var path = JSONPath()
    private let recordsOffsets: Bool

    /// Where each value starts, by its path; empty unless asked for.
    private(set) var valueOffsets: [JSONPath: Int] = [:]

    /// Where the key of each member starts, by the member's path; empty unless asked for.
    private(set) var keyOffsets: [JSONPath: Int] = [:]

    init(_ bytes: [UInt8], limits: JSONLimits, recordsOffsets: Bool) {
        self.bytes = bytes
        self.limits = limits
        self.recordsOffsets = recordsOffsets
    }

    /// Parses the whole text as one value.
    mutating func parse() throws(JSONError) -> JSONValue {
        if let limit = limits.bytes, bytes.count > limit {
            throw .tooLarge(bytes: bytes.count, limit: limit)
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
        skipSpace()
        let value = try parseValue()
        skipSpace()
        guard index == bytes.count else { throw unexpected("the end of the text") }
        return value
    }

    private mutating func parseValue() throws(JSONError) -> JSONValue {
        if recordsOffsets { valueOffsets[path] = index }
        switch peek ?? 0 {
        case UInt8(ascii: "{"): return try parseObject()
        case UInt8(ascii: "["): return try parseArray()
        case UInt8(ascii: "\""): return .string(try parseString())
        case UInt8(ascii: "t"): return try parseWord("true", .bool(true))
        case UInt8(ascii: "f"): return try parseWord("false", .bool(false))
        case UInt8(ascii: "n"): return try parseWord("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try parseNumber()
        default: throw unexpected("a value")
        }
    }

    private mutating func parseWord(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        let text = "\(word)"
        guard bytes[index...].starts(with: text.utf8) else { throw unexpected("a value") }
        index += text.utf8.count
        return value
    }
}

// MARK: - Arrays and objects

extension JSONParser {
    private mutating func parseArray() throws(JSONError) -> JSONValue {
        try open()
        var elements: [JSONValue] = []
        if take("]") { return close(.array(elements)) }
        while true {
            if recordsOffsets { path.append(.index(elements.count)) }
            elements.append(try parseValue())
            if recordsOffsets { path.removeLast() }
            skipSpace()
            if take("]") { return close(.array(elements)) }
            guard take(",") else { throw unexpected("\",\" or \"]\"") }
        }
    }

    private mutating func parseObject() throws(JSONError) -> JSONValue {
        try open()
        var members: [String: JSONValue] = [:]
        if take("}") { return close(.object(members)) }
        while true {
            let start = index
            guard peek == UInt8(ascii: "\"") else { throw unexpected("a key in quotes") }
            let key = try parseString()
            guard members[key] == nil else { throw .duplicateKey(key, at: location(of: start)) }
            skipSpace()
            guard take(":") else { throw unexpected("\":\"") }
            members[key] = try parseMember(key, keyOffset: start)
            skipSpace()
            if take("}") { return close(.object(members)) }
            guard take(",") else { throw unexpected("\",\" or \"}\"") }
        }
    }

    private mutating func parseMember(_ key: String, keyOffset: Int) throws(JSONError) -> JSONValue {
        guard recordsOffsets else { return try parseValue() }
        path.append(.key(key))
        keyOffsets[path] = keyOffset
        let value = try parseValue()
        path.removeLast()
        return value
    }

    private mutating func open() throws(JSONError) {
        guard depth < limits.depth else { throw .tooDeep(limit: limits.depth, at: location(of: index)) }
        depth += 1
        index += 1
        skipSpace()
    }

    private mutating func close(_ value: JSONValue) -> JSONValue {
        depth -= 1
        return value
    }
}

// MARK: - Strings

extension JSONParser {
    private mutating func parseString() throws(JSONError) -> String {
        let start = index
        index += 1
        var decoded: [UInt8] = []
        var runStart = index
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                decoded += bytes[runStart..<index]
                index += 1
                guard let text = String(validating: decoded, as: UTF8.self) else {
                    throw .invalidUTF8(at: location(of: start))
                }
                return text
            case UInt8(ascii: "\\"):
                decoded += bytes[runStart..<index]
                try parseEscape(into: &decoded)
                runStart = index
            case 0..<0x20: throw .controlCharacter(bytes[index], at: location(of: index))
            default: index += 1
            }
        }
        throw .unfinished(expected: "the closing quote", at: location(of: start))
    }

    private mutating func parseEscape(into decoded: inout [UInt8]) throws(JSONError) {
        let start = index
        index += 1
        guard let letter = peek else {
            throw .unfinished(expected: "the rest of the escape", at: location(of: start))
        }
        index += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): decoded.append(letter)
        case UInt8(ascii: "b"): decoded.append(0x08)
        case UInt8(ascii: "f"): decoded.append(0x0C)
        case UInt8(ascii: "n"): decoded.append(0x0A)
        case UInt8(ascii: "r"): decoded.append(0x0D)
        case UInt8(ascii: "t"): decoded.append(0x09)
        case UInt8(ascii: "u"): decoded += String(try parseScalar(from: start)).utf8
        default: throw invalidEscape(from: start)
        }
    }

    private mutating func parseScalar(from start: Int) throws(JSONError) -> Character {
        guard let first = parseCodeUnit() else { throw invalidEscape(from: start) }
        if let scalar = Unicode.Scalar(first) { return Character(scalar) }
        guard UTF16.isLeadSurrogate(first), take("\\"), take("u"), let second = parseCodeUnit(),
            UTF16.isTrailSurrogate(second)
        else { throw invalidEscape(from: start) }
        return Character(UTF16.decode(UTF16.EncodedScalar([first, second])))
    }

    /// Reads four hexadecimal digits.
    private mutating func parseCodeUnit() -> UInt16? {
        guard index + 4 <= bytes.count else { return nil }
        var unit: UInt16 = 0
        for byte in bytes[index..<index + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else { return nil }
            unit = unit << 4 | UInt16(digit)
        }
        index += 4
        return unit
    }

    private func invalidEscape(from start: Int) -> JSONError {
        let end = Swift.min(bytes.count, Swift.max(index, start + 2))
        return .invalidEscape(String(decoding: bytes[start..<end], as: UTF8.self), at: location(of: start))
    }
}

// MARK: - Numbers

extension JSONParser {
    private mutating func parseNumber() throws(JSONError) -> JSONValue {
        let start = index
        let isWhole = try scanNumber(from: start)
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if isWhole, text != "-0", let value = Int64(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else {
            throw .numberOutOfRange(Self.shortened(text), at: location(of: start))
        }
        return .number(value)
    }

    /// Moves past a number and says whether it has neither fraction nor exponent.
    private mutating func scanNumber(from start: Int) throws(JSONError) -> Bool {
        _ = take("-")
        let leadsWithZero = peek == UInt8(ascii: "0")
        let wholeDigits = skipDigits()
        guard wholeDigits == 1 || (wholeDigits > 1 && !leadsWithZero) else {
            throw invalidNumber(from: start)
        }
        var isWhole = true
        if take(".") {
            isWhole = false
            guard skipDigits() > 0 else { throw invalidNumber(from: start) }
        }
        if take("e") || take("E") {
            isWhole = false
            if !take("+") { _ = take("-") }
            guard skipDigits() > 0 else { throw invalidNumber(from: start) }
        }
        return isWhole
    }

    private mutating func skipDigits() -> Int {
        let start = index
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { index += 1 }
        return index - start
    }

    private func invalidNumber(from start: Int) -> JSONError {
        let text = bytes[start...].prefix { byte in
            let character = Character(Unicode.Scalar(byte))
            return byte < 0x80 && (character.isLetter || character.isNumber || "+-.".contains(character))
        }
        return .invalidNumber(Self.shortened(String(decoding: text, as: UTF8.self)), at: location(of: start))
    }

    private static func shortened(_ text: String) -> String {
        text.count <= 40 ? text : text.prefix(40) + "…"
    }
}

// MARK: - Bytes and places

extension JSONParser {
    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    /// Moves past a character if it is next, and past the space after a comma or colon.
    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        index += 1
        if character == "," || character == ":" { skipSpace() }
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { index += 1 }
    }

    private func unexpected(_ expected: String) -> JSONError {
        guard index < bytes.count else { return .unfinished(expected: expected, at: location(of: index)) }
        let rest = String(decoding: bytes[index...].prefix(4), as: UTF8.self)
        let found = rest.unicodeScalars.first.map { "\"\($0.escaped(asASCII: false))\"" } ?? "byte"
        return .unexpected(found: found, expected: expected, at: location(of: index))
    }

    private func location(of offset: Int) -> JSONLocation { LineTable(bytes).location(of: offset) }
}
