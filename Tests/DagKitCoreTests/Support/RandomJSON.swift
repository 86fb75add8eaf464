import DagKitCore

extension JSONValue {
    /// A value of at most `depth` levels, with awkward numbers and characters.
    static func random(depth: Int = 4, using random: inout some RandomNumberGenerator) -> JSONValue {
        switch Int.random(in: 0...(depth > 0 ? 9 : 6), using: &random) {
        case 0: return .null
        case 1: return .bool(.random(using: &random))
        case 2:
            return .integer(
                Int64(truncatingIfNeeded: random.next() >> UInt64.random(in: 0...63, using: &random)))
        case 3, 4: return .number(randomNumber(using: &random))
        case 5, 6: return .string(randomString(using: &random))
        case 7:
            return .array(
                (0..<Int.random(in: 0...4, using: &random)).map { _ in
                    .random(depth: depth - 1, using: &random)
                })
        default:
            var members: [String: JSONValue] = [:]
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                members[randomString(using: &random)] = .random(depth: depth - 1, using: &random)
            }
            return .object(members)
        }
    }

    private static func randomNumber(using random: inout some RandomNumberGenerator) -> Double {
        let number = Double(bitPattern: random.next())
        return number.isFinite ? number : 0.1
    }

    private static func randomString(using random: inout some RandomNumberGenerator) -> String {
        let alphabet: [Unicode.Scalar] = [
            "a", "\"", "\\", "/", "\n", "\u{0}", "\u{1f}", "\u{7f}", "é", "😀", "\u{2028}", "~",
        ]
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            text.append(alphabet.randomElement(using: &random) ?? "x")
        }
        return String(text)
    }
}
