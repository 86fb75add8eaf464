/// A JSON Schema, as far as params need one: what a value must be.
///
/// ```swift
/// let schema = try JSONSchema(["type": "integer", "minimum": 1, "maximum": 1000])
/// schema.problems(with: 5000, at: "limit")  // ["limit" is 5000, above 1000]
/// ```
///
/// Known are `type`, `enum`, `const`, `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum`, `multipleOf`,
/// `minLength`, `maxLength`, `format` (`date`, `date-time`, `email`, `uri`, `uuid`), `items`, `minItems`, `maxItems`,
/// `uniqueItems`, `properties`, `required` and `additionalProperties` (true or false), and the words that only describe:
/// `title`, `description`, `default`, `examples`, `$schema`, `$id`. Others are refused, so that none is overlooked.
public struct JSONSchema: Hashable, Sendable {
    /// The schema as it was written.
    public let document: JSONValue
    private let types: Set<String>
    private let properties: [String: JSONSchema]
    private let items: [JSONSchema]

    /// Reads a schema.
    ///
    /// - Throws: ``JSONSchemaError`` with what is wrong with it.
    public init(_ document: JSONValue) throws(JSONSchemaError) {
        guard case .object(let words) = document else {
            throw JSONSchemaError("a schema is \(document.kind), not an object")
        }
        for word in words.keys.sorted() where !Self.words.contains(word) {
            let near = NearMiss.nearest(to: word, among: Self.words)
            throw JSONSchemaError("schema keyword \"\(word)\" is not known", near: near)
        }
        self.document = document
        types = try Self.types(words["type"])
        for word in Self.numbers { try Self.check(word, words[word], "a number") { $0.number != nil } }
        for word in Self.counts {
            try Self.check(word, words[word], "a whole number from 0") { ($0.integer ?? -1) >= 0 }
        }
        try Self.check("enum", words["enum"], "a list of values") { !($0.array ?? []).isEmpty }
        try Self.check("required", words["required"], "a list of names") {
            $0.array?.allSatisfy { $0.string != nil } ?? false
        }
        for word in ["uniqueItems", "additionalProperties"] {
            try Self.check(word, words[word], "true or false") { $0.bool != nil }
        }
        if let format = words["format"] {
            guard let name = format.string, JSONFormat(rawValue: name) != nil else {
                throw JSONSchemaError(
                    "schema format \(format.text) is not known",
                    near: format.string.flatMap {
                        NearMiss.nearest(to: $0, among: JSONFormat.allCases.map(\.rawValue))
                    })
            }
        }
        var properties: [String: JSONSchema] = [:]
        try Self.check("properties", words["properties"], "an object") { $0.object != nil }
        for (name, schema) in words["properties"]?.object ?? [:] { properties[name] = try JSONSchema(schema) }
        self.properties = properties
        items = if let items = words["items"] { [try JSONSchema(items)] } else { [] }
    }

    private static let numbers = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]
    private static let counts = ["minLength", "maxLength", "minItems", "maxItems"]
    private static let words: Set<String> = Set(
        numbers + counts + [
            "type", "enum", "const", "format", "items", "uniqueItems", "properties", "required",
            "additionalProperties",
            "title", "description", "default", "examples", "$schema", "$id",
        ])

    private static func types(_ value: JSONValue?) throws(JSONSchemaError) -> Set<String> {
        guard let value else { return [] }
        let names = value.string.map { [$0] } ?? value.array?.compactMap(\.string) ?? []
        let known = ["null", "boolean", "integer", "number", "string", "array", "object"]
        for name in names where !known.contains(name) {
            throw JSONSchemaError(
                "schema type \"\(name)\" is not known", near: NearMiss.nearest(to: name, among: known))
        }
        if names.isEmpty { throw JSONSchemaError("schema type is \(value.kind), not a name") }
        return Set(names)
    }

    private static func check(
        _ word: String, _ value: JSONValue?, _ expected: String, _ isRight: (JSONValue) -> Bool
    ) throws(JSONSchemaError) {
        guard let value, !isRight(value) else { return }
        throw JSONSchemaError("schema keyword \"\(word)\" is \(value.text), not \(expected)")
    }

    // MARK: Checking

    /// All that is wrong with a value.
    ///
    /// - Parameter path: What the value is called in the messages.
    public func problems(with value: JSONValue, at path: String) -> [SchemaProblem] {
        if !types.isEmpty, !types.contains(where: { Self.isOfType($0, value) }) {
            let expected = types.sorted().joined(separator: " or ")
            return [
                SchemaProblem(
                    "\"\(path)\" is \(value.text), not of type \(expected)", "write one of type \(expected)")
            ]
        }
        if let choices = document["enum"]?.array, !choices.contains(value) {
            let near = value.string.flatMap { text in
                NearMiss.nearest(to: text, among: choices.compactMap(\.string))
            }
            let all = choices.map(\.text).joined(separator: ", ")
            return [
                SchemaProblem(
                    "\"\(path)\" is \(value.text)",
                    near.map { "did you mean \"\($0)\"?" } ?? "write one of \(all)")
            ]
        }
        if let constant = document["const"], constant != value {
            return [SchemaProblem("\"\(path)\" is \(value.text)", "write \(constant.text)")]
        }
        switch value {
        case .integer, .number: return numberProblems(value.number ?? 0, value.text, path)
        case .string(let text): return textProblems(text, path)
        case .array(let elements): return listProblems(elements, path)
        case .object(let members): return objectProblems(members, path)
        case .null, .bool: return []
        }
    }

    private static func isOfType(_ type: String, _ value: JSONValue) -> Bool {
        switch (type, value) {
        case ("null", .null), ("boolean", .bool), ("integer", .integer), ("number", .integer),
            ("number", .number),
            ("string", .string), ("array", .array), ("object", .object):
            true
        case ("integer", .number(let number)): number.rounded() == number
        default: false
        }
    }

    private func numberProblems(_ number: Double, _ text: String, _ path: String) -> [SchemaProblem] {
        var found: [SchemaProblem] = []
        func limit(_ word: String, _ name: String, _ holds: (Double, Double) -> Bool, _ remedy: String) {
            guard let bound = document[word], let value = bound.number, !holds(number, value) else { return }
            found.append(
                SchemaProblem(
                    "\"\(path)\" is \(text), \(name) \(bound.text)", "write \(remedy) \(bound.text)"))
        }
        limit("minimum", "below", >=, "at least")
        limit("maximum", "above", <=, "at most")
        limit("exclusiveMinimum", "not above", >, "more than")
        limit("exclusiveMaximum", "not below", <, "less than")
        if let step = document["multipleOf"]?.number, step > 0, (number / step).rounded() != number / step {
            let bound = document["multipleOf"]?.text ?? ""
            found.append(
                SchemaProblem(
                    "\"\(path)\" is \(text), no multiple of \(bound)", "write a multiple of \(bound)"))
        }
        return found
    }

    private func textProblems(_ text: String, _ path: String) -> [SchemaProblem] {
        var found: [SchemaProblem] = []
        let shown = JSONValue.string(String(text.prefix(60))).text
        if let least = document["minLength"]?.integer, text.unicodeScalars.count < least {
            found.append(
                SchemaProblem(
                    "\"\(path)\" is \(shown), shorter than \(least)", "write at least \(least) characters"))
        }
        if let most = document["maxLength"]?.integer, text.unicodeScalars.count > most {
            found.append(
                SchemaProblem("\"\(path)\" is longer than \(most)", "write at most \(most) characters"))
        }
        if let format = document["format"]?.string.flatMap(JSONFormat.init(rawValue:)), !format.admits(text) {
            found.append(
                SchemaProblem("\"\(path)\" is \(shown), no \(format.name)", "write it as \(format.example)"))
        }
        return found
    }

    private func listProblems(_ elements: [JSONValue], _ path: String) -> [SchemaProblem] {
        var found: [SchemaProblem] = []
        if let least = document["minItems"]?.integer, elements.count < least {
            found.append(
                SchemaProblem("\"\(path)\" has \(elements.count) elements", "write at least \(least)"))
        }
        if let most = document["maxItems"]?.integer, elements.count > most {
            found.append(SchemaProblem("\"\(path)\" has \(elements.count) elements", "write at most \(most)"))
        }
        if document["uniqueItems"]?.bool == true, Set(elements).count < elements.count {
            found.append(SchemaProblem("\"\(path)\" has an element twice", "write each once"))
        }
        guard let schema = items.first else { return found }
        return found + elements.enumerated().flatMap { schema.problems(with: $1, at: "\(path)[\($0)]") }
    }

    private func objectProblems(_ members: [String: JSONValue], _ path: String) -> [SchemaProblem] {
        let prefix = path.isEmpty ? "" : path + "."
        var found: [SchemaProblem] = []
        for name in document["required"]?.array?.compactMap(\.string) ?? [] where members[name] == nil {
            found.append(SchemaProblem("\"\(prefix)\(name)\" is missing", "give it a value"))
        }
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            if let schema = properties[name] {
                found += schema.problems(with: value, at: prefix + name)
            } else if document["additionalProperties"]?.bool == false {
                let near = NearMiss.nearest(to: name, among: properties.keys)
                found.append(
                    SchemaProblem(
                        "\"\(prefix)\(name)\" is not known",
                        near.map { "did you mean \"\($0)\"?" }
                            ?? "write one of \(properties.keys.sorted().joined(separator: ", "))"))
            }
        }
        return found
    }
}

/// One thing that is wrong with a value.
public struct SchemaProblem: DagKitError, Hashable {
    public let problem: String
    public let remedy: String

    init(_ problem: String, _ remedy: String) {
        self.problem = problem
        self.remedy = remedy
    }
}

/// What is wrong with a schema.
public struct JSONSchemaError: DagKitError, Hashable {
    public let problem: String
    public let remedy: String

    init(_ problem: String, near: String? = nil) {
        self.problem = problem
        remedy = near.map { "did you mean \"\($0)\"?" } ?? "mend the schema"
    }
}
