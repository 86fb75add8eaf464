import FoundationEssentials

/// Reads the members of a JSON object one by one and collects what is wrong with them.
struct FieldReader {
    let node: JSONNode
    private let file: String
    private var known: Set<String> = []
    private(set) var problems: [DAGProblem] = []

    init(_ node: JSONNode, file: String) {
        self.node = node
        self.file = file
        if node.members == nil {
            report(node, "\(what(node)) is \(node.value.kind), not an object", "write { … }")
        }
    }

    /// Where a node stands.
    func place(_ node: JSONNode, atKey: Bool = false) -> SourceLocation {
        let location = atKey ? node.keyLocation : node.location
        return SourceLocation(file: file, line: location.line, column: location.column)
    }

    /// A path in words that a reader finds: `/dags/housekeeping/tasks/0`.
    private func what(_ node: JSONNode) -> String {
        node.path.steps.isEmpty ? "the document" : node.path.description
    }

    mutating func report(_ node: JSONNode, atKey: Bool = false, _ problem: String, _ remedy: String) {
        problems.append(DAGProblem(at: place(node, atKey: atKey), problem, remedy: remedy))
    }

    mutating func add(_ others: [DAGProblem]) { problems += others }

    /// The member called `key`; a null counts as absent.
    mutating func field(_ key: String) -> JSONNode? {
        known.insert(key)
        guard let field = node[key], !field.value.isNull else { return nil }
        return field
    }

    private mutating func typed<Value>(_ key: String, _ expected: String, _ read: (JSONNode) -> Value?)
        -> Value?
    {
        guard let field = field(key) else { return nil }
        if let value = read(field) { return value }
        report(field, "\(what(field)) is \(Self.shown(field.value)), not \(expected)", "write \(expected)")
        return nil
    }

    private static func shown(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): "\"\(text.prefix(60))\""
        case .integer, .number, .bool: "\"\(value.text)\""
        default: value.kind
        }
    }

    mutating func string(_ key: String) -> String? { typed(key, "a text") { $0.value.string } }

    mutating func integer(_ key: String) -> Int? {
        typed(key, "a whole number") { if case .integer(let value) = $0.value { Int(value) } else { nil } }
    }

    mutating func bool(_ key: String) -> Bool? { typed(key, "true or false") { $0.value.bool } }

    mutating func strings(_ key: String) -> [String]? {
        typed(key, "a list of texts") { node in
            if let one = node.value.string { return [one] }
            let texts = node.value.array?.compactMap(\.string)
            return texts?.count == node.value.array?.count ? texts : nil
        }
    }

    /// An asset, or a list of them: each a URI, or an object.
    mutating func assets(_ key: String) -> [Asset] {
        guard let field = field(key) else { return [] }
        return (field.elements ?? [field]).compactMap { node in
            do throws(AssetError) {
                return try Asset(json: node.value)
            } catch {
                report(node, error.problem, error.remedy)
                return nil
            }
        }
    }

    mutating func object(_ key: String) -> JSONValue? {
        typed(key, "an object") { $0.value.object.map(JSONValue.object) }
    }

    mutating func instant(_ key: String) -> Date? {
        typed(key, "a date such as \"2026-01-31\"") { $0.value.string.flatMap { try? Date(isoText: $0) } }
    }

    mutating func duration(_ key: String) -> Duration? {
        typed(key, "seconds, or a span such as \"5m\"") { Self.duration($0.value) }
    }

    /// One of the values of an enumeration with text values.
    mutating func choice<Value: RawRepresentable & CaseIterable>(_ key: String) -> Value?
    where Value.RawValue == String {
        guard let text = string(key), let field = node[key] else { return nil }
        if let value = Value(rawValue: text) { return value }
        let all = Value.allCases.map(\.rawValue)
        let near = NearMiss.nearest(to: text, among: all)
        report(
            field, "\(what(field)) is \"\(text)\"",
            near.map { "did you mean \"\($0)\"?" } ?? "use one of \(all.joined(separator: ", "))")
        return nil
    }

    /// Reports the members that nobody asked for.
    mutating func finish(also others: Set<String> = []) {
        let allowed = known.union(others)
        for (key, field) in node.members ?? [] where !allowed.contains(key) {
            let near = NearMiss.nearest(to: key, among: allowed)
            report(
                field, atKey: true, "key \"\(key)\" is not known here",
                near.map { "did you mean \"\($0)\"?" }
                    ?? "use one of \(allowed.sorted().joined(separator: ", "))")
        }
    }

    /// Seconds as a number, or a number with a unit: `90`, `"90s"`, `"5m"`, `"2h"`, `"1d"`.
    static func duration(_ value: JSONValue) -> Duration? {
        if let seconds = value.number {
            return seconds >= 0 ? .seconds(clamping: (seconds * 1000).rounded(.down) / 1000) : nil
        }
        guard let text = value.string, let unit = text.last, let count = Int(text.dropLast()), count >= 0
        else { return nil }
        return switch unit {
        case "s": .seconds(clamping: Double(count))
        case "m": .minutes(count)
        case "h": .hours(count)
        case "d": .days(count)
        default: nil
        }
    }
}
