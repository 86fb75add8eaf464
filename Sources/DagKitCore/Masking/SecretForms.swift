/// The forms in which text formats write a secret.
enum SecretForms {
    /// The secret itself, percent-encoded, in base64 and as a JSON string writes it.
    static func all(of secret: String) -> Set<[UInt8]> {
        let bytes = Array(secret.utf8)
        var forms: Set<[UInt8]> = [bytes]
        for hexDigits in [upperDigits, lowerDigits] {
            forms.insert(percentEncoded(bytes, hexDigits, keeping: []))
            forms.insert(percentEncoded(bytes, hexDigits, keeping: Array("/".utf8)))
            forms.insert(percentEncoded(bytes, hexDigits, keeping: Array("!*'()".utf8)))
            forms.insert(
                percentEncoded(bytes, hexDigits, keeping: [blank]).map {
                    $0 == blank ? UInt8(ascii: "+") : $0
                })
        }
        for alphabet in [base64Alphabet, base64URLAlphabet] {
            for offset in 0..<3 { forms.insert(base64(bytes, offset, alphabet)) }
        }
        for escapesSlash in [false, true] {
            forms.insert(json(secret, escapesSlash: escapesSlash, isASCII: false))
            forms.insert(json(secret, escapesSlash: escapesSlash, isASCII: true))
        }
        return forms
    }

    private static let blank = UInt8(ascii: " ")
    private static let upperDigits = Array("0123456789ABCDEF".utf8)
    private static let lowerDigits = Array("0123456789abcdef".utf8)
    private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
    private static let base64Alphabet = letters + Array("+/".utf8)
    private static let base64URLAlphabet = letters + Array("-_".utf8)

    private static func percentEncoded(_ bytes: [UInt8], _ hexDigits: [UInt8], keeping kept: [UInt8])
        -> [UInt8]
    {
        bytes.flatMap { byte in
            letters.contains(byte) || "-._~".utf8.contains(byte) || kept.contains(byte)
                ? [byte] : [UInt8(ascii: "%"), hexDigits[Int(byte >> 4)], hexDigits[Int(byte & 15)]]
        }
    }

    /// The characters that show the secret and nothing else, when it starts at `offset` in a group of three bytes.
    private static func base64(_ bytes: [UInt8], _ offset: Int, _ alphabet: [UInt8]) -> [UInt8] {
        let padded = Array(repeating: 0, count: offset) + bytes
        let characters = (0..<padded.count * 8 / 6).map { index in
            let bit = index * 6
            let next = bit / 8 + 1 < padded.count ? UInt16(padded[bit / 8 + 1]) : 0
            let window = UInt16(padded[bit / 8]) << 8 | next
            return alphabet[Int(window >> UInt16(10 - bit % 8) & 63)]
        }
        // The first characters of a shifted secret carry bits of what stands before it.
        return Array(characters.dropFirst(offset == 0 ? 0 : offset + 1))
    }

    private static func json(_ secret: String, escapesSlash: Bool, isASCII: Bool) -> [UInt8] {
        var text: [UInt8] = []
        for scalar in secret.unicodeScalars {
            switch scalar {
            case "\"": text += Array("\\\"".utf8)
            case "\\": text += Array("\\\\".utf8)
            case "/" where escapesSlash: text += Array("\\/".utf8)
            case "\n": text += Array("\\n".utf8)
            case "\r": text += Array("\\r".utf8)
            case "\t": text += Array("\\t".utf8)
            case "\u{8}": text += Array("\\b".utf8)
            case "\u{C}": text += Array("\\f".utf8)
            case _ where scalar.value < 32 || (isASCII && scalar.value > 126):
                for unit in UTF16.encode(scalar) ?? .init() { text += unicodeEscape(unit) }
            default: text += Array(UTF8.encode(scalar) ?? .init())
            }
        }
        return text
    }

    private static func unicodeEscape(_ unit: UInt16) -> [UInt8] {
        Array("\\u".utf8) + [12, 8, 4, 0].map { lowerDigits[Int(unit >> UInt16($0) & 15)] }
    }
}
