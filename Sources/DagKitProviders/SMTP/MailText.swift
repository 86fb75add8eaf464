/// The encodings of mail: base64, quoted-printable, encoded words, and the text of dates and lists.
enum MailText {
    // MARK: Bodies

    /// Base64 in lines of 76 characters, each ended.
    static func base64(_ bytes: [UInt8]) -> String {
        let digits = base64Digits(bytes)
        var lines = ""
        lines.reserveCapacity(digits.count + digits.count / 38 + 2)
        for start in stride(from: 0, to: digits.count, by: 76) {
            lines += String(decoding: digits[start..<min(start + 76, digits.count)], as: UTF8.self) + "\r\n"
        }
        return lines
    }

    /// The digits of base64 without line breaks.
    static func base64Digits(_ bytes: [UInt8]) -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var digits: [UInt8] = []
        digits.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let word = group.enumerated().reduce(0) { $0 | Int($1.element) << (16 - 8 * $1.offset) }
            for place in 0..<4 {
                let isPadding = place > group.count
                digits.append(isPadding ? UInt8(ascii: "=") : alphabet[word >> (18 - 6 * place) & 63])
            }
        }
        return digits
    }

    /// Quoted-printable UTF-8 with lines of at most 76 characters, each ended.
    static func quotedPrintable(_ text: String) -> String {
        var output = ""
        let lines = text.split(omittingEmptySubsequences: false) { ["\n", "\r\n", "\r"].contains($0) }
        for (number, line) in lines.enumerated() {
            // A text that ends with a line break has an empty rest behind it.
            if number == lines.count - 1, line.isEmpty { break }
            output += quotedLine(Array(line.utf8)) + "\r\n"
        }
        return output
    }

    private static func quotedLine(_ bytes: [UInt8]) -> String {
        var output = ""
        var width = 0
        for (index, byte) in bytes.enumerated() {
            let isLast = index == bytes.count - 1
            let piece = quoted(byte, isLast: isLast)
            // One place is kept for the "=" of a soft break, except at the line's end.
            if width + piece.utf8.count > (isLast ? 76 : 75) {
                output += "=\r\n"
                width = 0
            }
            output += piece
            width += piece.utf8.count
        }
        return output
    }

    private static func quoted(_ byte: UInt8, isLast: Bool) -> String {
        let isBlank = byte == 0x20 || byte == 0x09
        let isPlain = isBlank ? !isLast : (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "=")
        return isPlain ? String(UnicodeScalar(byte)) : "=" + hex(byte)
    }

    static func hex(_ byte: UInt8) -> String {
        let digits = Array("0123456789ABCDEF")
        return "\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
    }

    // MARK: Header fields

    /// A header line, folded; text that is not plain ASCII becomes encoded words.
    static func field(_ name: String, text: String) -> String {
        let flat = oneLine(text)
        return field(
            name, words: isPlain(flat) ? flat.split(separator: " ").map(String.init) : encodedWords(flat))
    }

    /// A header line with the words folded at column 76.
    static func field(_ name: String, words: [String]) -> String {
        var output = "\(name):"
        var width = output.utf8.count
        for word in words {
            if width + 1 + word.utf8.count > 76, width > name.utf8.count + 1 {
                output += "\r\n"
                width = 0
            }
            output += " \(word)"
            width += 1 + word.utf8.count
        }
        return output + "\r\n"
    }

    /// An address as a header holds it, in words.
    static func words(of address: MailAddress) -> [String] {
        guard let name = address.name else { return [address.mailbox] }
        let isAtom = name.utf8.allSatisfy {
            $0 == 0x20 || (0x30...0x39).contains($0) || (0x41...0x5A).contains($0)
                || (0x61...0x7A).contains($0)
        }
        let phrase: [String]
        if isAtom {
            phrase = name.split(separator: " ").map(String.init)
        } else if isPlain(name) {
            phrase = ["\"" + name.flatMap { "\"\\".contains($0) ? ["\\", $0] : [$0] } + "\""]
        } else {
            phrase = encodedWords(name)
        }
        return phrase + ["<\(address.mailbox)>"]
    }

    /// Encoded words (RFC 2047, base64), none of which parts a character, short enough to stand behind a field's name.
    static func encodedWords(_ text: String) -> [String] {
        // 39 bytes are 52 digits, 12 characters frame them, and no line may be longer than 76.
        var words: [String] = []
        var bytes: [UInt8] = []
        for scalar in text.unicodeScalars {
            let next = Array(String(scalar).utf8)
            if bytes.count + next.count > 39 {
                words.append(encodedWord(bytes))
                bytes = []
            }
            bytes += next
        }
        return words + (bytes.isEmpty ? [] : [encodedWord(bytes)])
    }

    private static func encodedWord(_ bytes: [UInt8]) -> String {
        "=?UTF-8?B?\(String(decoding: base64Digits(bytes), as: UTF8.self))?="
    }

    /// A parameter such as `filename="report.csv"`, or its UTF-8 form (RFC 2231).
    static func parameter(_ name: String, _ value: String) -> String {
        let flat = oneLine(value)
        if isPlain(flat) {
            return "\(name)=\"" + flat.flatMap { "\"\\".contains($0) ? ["\\", $0] : [$0] } + "\""
        }
        let coded = flat.utf8.map { byte -> String in
            let isToken =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || "-._~".utf8.contains(byte)
            return isToken ? String(UnicodeScalar(byte)) : "%" + hex(byte)
        }
        return "\(name)*=UTF-8''\(coded.joined())"
    }

    /// Whether a text can stand in a header as it is; what looks like an encoded word cannot.
    static func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x20...0x7E).contains($0) } && !text.contains("=?") && text.utf8.count <= 900
    }

    /// The text without line breaks and other control characters.
    static func oneLine(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
    }

    // MARK: Lists of addresses

    static func trimmed(_ text: String) -> String {
        let start = text.drop(while: \.isWhitespace)
        guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(start[...end])
    }

    static func unquoted(_ text: String) -> String {
        var output = ""
        var isEscaped = false
        for character in text {
            if character == "\\", !isEscaped {
                isEscaped = true
            } else {
                output.append(character)
                isEscaped = false
            }
        }
        return output
    }

    /// The parts between commas and semicolons that stand outside of quotes; empty ones are left out.
    static func parts(of text: String) -> [String] {
        var parts = [""]
        var isQuoted = false
        for character in text {
            if character == "\"" { isQuoted.toggle() }
            if !isQuoted, character == "," || character == ";" {
                parts.append("")
            } else {
                parts[parts.count - 1].append(character)
            }
        }
        return parts.filter { !trimmed($0).isEmpty }
    }
}
