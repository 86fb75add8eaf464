import FoundationEssentials

/// What may stand behind a `|`.
enum TemplateFilter: String, CaseIterable, Sendable {
    case ds, ts, `default`, upper, lower, trim, tojson, length, int, replace, join
    case dsNoDash = "ds_nodash"
    case tsNoDash = "ts_nodash"
    case tsNoDashWithTZ = "ts_nodash_with_tz"

    /// The filter of that name, or of Jinja's other name for it.
    init?(named name: String) {
        switch name {
        case "d": self = .default
        case "count": self = .length
        default: self.init(rawValue: name)
        }
    }

    static var names: String { allCases.map(\.rawValue).sorted().joined(separator: ", ") }

    static func nearest(to name: String) -> String? {
        NearMiss.nearest(to: name, among: allCases.map(\.rawValue))
    }

    var signature: TemplateSignature {
        switch self {
        case .default:
            TemplateSignature("default('value', false)", ["default_value", "boolean"], required: 1)
        case .replace: TemplateSignature("replace('old', 'new')", ["old", "new"], required: 2)
        case .join: TemplateSignature("join(',')", ["d"])
        case .int: TemplateSignature("int(0)", ["default"])
        default: TemplateSignature(rawValue)
        }
    }

    /// The value behind the filter.
    ///
    /// - Throws: ``TemplateError`` if the filter does not take such a value, or there is none.
    func apply(to input: TemplateValue, _ arguments: TemplateArguments) throws(TemplateError) -> TemplateValue
    {
        if self == .default { return Self.defaulted(input, arguments) }
        let input = try input.defined()
        let place = arguments.place
        switch self {
        case .ds: return .string(try date(input, at: place).ds)
        case .dsNoDash: return .string(try date(input, at: place).dsNoDash)
        case .ts: return .string(try date(input, at: place).ts)
        case .tsNoDash: return .string(try date(input, at: place).tsNoDash)
        case .tsNoDashWithTZ: return .string(try date(input, at: place).tsNoDashWithTZ)
        case .upper: return .string(try input.text(at: place).uppercased())
        case .lower: return .string(try input.text(at: place).lowercased())
        case .trim: return .string(Self.trimmed(try input.text(at: place)))
        case .tojson: return .string(try input.json(at: place).text)
        case .length: return .integer(try length(of: input, at: place))
        case .int: return try Self.wholeNumber(of: input, else: arguments.integer("default") ?? 0)
        case .replace: return try Self.replaced(input, arguments)
        case .join: return try joined(input, arguments)
        case .default: return input
        }
    }

    /// The input, or the default in place of nothing; with `boolean` also in place of what Python takes for false.
    private static func defaulted(_ input: TemplateValue, _ arguments: TemplateArguments) -> TemplateValue {
        let isMissing =
            if case .undefined = input { true } else {
                (arguments["boolean"]?.isTrue ?? false) && !input.isTrue
            }
        return isMissing ? arguments["default_value"] ?? input : input
    }

    /// A date, or a text that is one: outputs and params are JSON, which has no dates.
    private func date(_ input: TemplateValue, at place: TemplateLocation) throws(TemplateError) -> Date {
        switch input {
        case .instant(let date): return date
        case .json(.string(let text)):
            if let date = try? Date(isoText: text) { return date }
            throw .notADate(format: "2024-03-05T00:00:00+00:00", at: place)
        default:
            throw .wrongKind(found: input.kind, by: "| \(rawValue)", expected: "a date", at: place)
        }
    }

    private static func trimmed(_ text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(String.UnicodeScalarView(scalars[first...last]))
    }

    private func length(of input: TemplateValue, at place: TemplateLocation) throws(TemplateError) -> Int {
        switch input {
        case .json(.string(let text)): return text.unicodeScalars.count
        case .json(.array(let elements)): return elements.count
        case .json(.object(let members)): return members.count
        default:
            throw .wrongKind(
                found: input.kind, by: "| length", expected: "a string, an array or an object", at: place)
        }
    }

    /// As in Jinja: the whole part of a number or of its text, `other` for anything else.
    private static func wholeNumber(of input: TemplateValue, else other: Int64) -> TemplateValue {
        let number: Int64? =
            switch input {
            case .json(.integer(let value)): value
            case .json(.number(let value)): Int64(exactly: value.rounded(.towardZero))
            case .json(.bool(let value)): value ? 1 : 0
            case .json(.string(let text)): wholeNumber(in: trimmed(text))
            default: nil
            }
        return .json(.integer(number ?? other))
    }

    private static func wholeNumber(in text: String) -> Int64? {
        Int64(text) ?? Double(text).flatMap { Int64(exactly: $0.rounded(.towardZero)) }
    }

    private static func replaced(
        _ input: TemplateValue, _ arguments: TemplateArguments
    ) throws(TemplateError) -> TemplateValue {
        let old = Array(try arguments.string("old").unicodeScalars)
        let new = try arguments.string("new").unicodeScalars
        let text = Array(try input.text(at: arguments.place).unicodeScalars)
        guard !old.isEmpty else {
            throw .wrongKind(
                found: "", by: "replace", expected: "a text that is not empty", at: arguments.place)
        }
        var result = String.UnicodeScalarView()
        var position = 0
        while position < text.count {
            if text[position...].starts(with: old) {
                result.append(contentsOf: new)
                position += old.count
            } else {
                result.append(text[position])
                position += 1
            }
        }
        return .string(String(result))
    }

    private func joined(
        _ input: TemplateValue, _ arguments: TemplateArguments
    ) throws(TemplateError) -> TemplateValue {
        let place = arguments.place
        guard case .json(.array(let elements)) = input else {
            throw .wrongKind(found: input.kind, by: "| join", expected: "an array", at: place)
        }
        let separator = try arguments.string("d", default: "")
        var texts: [String] = []
        for element in elements { texts.append(try TemplateValue.json(element).text(at: place)) }
        return .string(texts.joined(separator: separator))
    }
}
