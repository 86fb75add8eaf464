extension JSONValue {
    /// The value as compact JSON with sorted keys: equal values have equal texts.
    ///
    /// A number that JSON cannot write (infinite or not a number) is written as `null`, as JavaScript does;
    /// ``JSONCoding`` refuses it instead.
    public var text: String {
        var writer = JSONWriter(indent: nil)
        writer.write(self)
        return writer.text
    }

    /// The value as JSON over several lines, indented by two spaces, with sorted keys.
    public var prettyText: String {
        var writer = JSONWriter(indent: 2)
        writer.write(self)
        return writer.text
    }
}

extension JSONValue: CustomStringConvertible {
    public var description: String { text }
}

/// Prints a value.
struct JSONWriter {
    private(set) var text = ""
    private let indent: Int?
    private var level = 0

    init(indent: Int?) { self.indent = indent }

    mutating func write(_ value: JSONValue) {
        switch value {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .number(let value): text += value.isFinite ? value.description : "null"
        case .string(let value): write(value)
        case .array(let elements):
            write("[", elements, "]") { writer, element in writer.write(element) }
        case .object(let members):
            let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            write("{", sorted, "}") { writer, member in
                writer.write(member.key)
                writer.text += writer.indent == nil ? ":" : ": "
                writer.write(member.value)
            }
        }
    }

    private mutating func write<Item>(
        _ open: String, _ items: [Item], _ close: String, each: (inout JSONWriter, Item) -> Void
    ) {
        text += open
        level += 1
        for (position, item) in items.enumerated() {
            if position > 0 { text += "," }
            breakLine()
            each(&self, item)
        }
        level -= 1
        if !items.isEmpty { breakLine() }
        text += close
    }

    private mutating func breakLine() {
        guard let indent else { return }
        text += "\n"
        text += String(repeating: " ", count: indent * level)
    }

    private mutating func write(_ string: String) {
        text += "\""
        if string.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C }) {
            text += string
        } else {
            for scalar in string.unicodeScalars { write(scalar) }
        }
        text += "\""
    }

    private mutating func write(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\"": text += "\\\""
        case "\\": text += "\\\\"
        case "\n": text += "\\n"
        case "\r": text += "\\r"
        case "\t": text += "\\t"
        case "\u{8}": text += "\\b"
        case "\u{C}": text += "\\f"
        case "\0"..<" ": text += (scalar.value < 16 ? "\\u000" : "\\u00") + String(scalar.value, radix: 16)
        default: text.unicodeScalars.append(scalar)
        }
    }
}
