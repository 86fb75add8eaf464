import FoundationEssentials

/// The few calls that templates know.
extension TemplateEvaluator {
    /// Arguments as they were written, with their labels.
    typealias Given = [(label: String?, value: TemplateValue)]

    /// `owner.method(arguments)`.
    func call(
        _ method: String, on owner: TemplateValue, written: String, _ given: Given,
        at place: TemplateLocation
    ) async throws -> TemplateValue {
        switch (owner, method) {
        case (.undefined, _): return owner
        case (.object(.ti), "xcom_pull"): return try await pullOutputs(given, at: place)
        case (.object(.variableTexts), "get"), (.object(.variableTrees), "get"), (.object(.conn), "get"),
            (.json(.object), "get"):
            return try await get(from: owner, written: written, given, at: place)
        case (.object(.macros), "ds_add"): return try Self.addDays(given, at: place)
        case (.object(.macros), "ds_format"): return try Self.reformatDay(given, at: place)
        case (.instant(let date), _):
            return try Self.call(method, on: date, written: written, given, at: place)
        case (.json(.string), _):
            guard let filter = Self.stringMethods[method] else { break }
            let arguments = try TemplateArguments(given, of: filter.signature, at: place)
            return try filter.apply(to: owner, arguments)
        default: break
        }
        let nearest = NearMiss.nearest(to: method, among: Self.methods(of: owner))
        throw TemplateError.unknownMember("\(method)()", of: written, nearest: nearest, at: place)
    }

    private static let stringMethods: [String: TemplateFilter] = [
        "upper": .upper, "lower": .lower, "strip": .trim, "replace": .replace,
    ]

    private static func methods(of owner: TemplateValue) -> [String] {
        switch owner {
        case .object(.ti): ["xcom_pull"]
        case .object(.variableTexts), .object(.variableTrees), .object(.conn), .json(.object): ["get"]
        case .object(.macros): ["ds_add", "ds_format"]
        case .instant: dateMethods
        case .json(.string): stringMethods.keys.sorted()
        default: []
        }
    }

    // MARK: get

    /// `get('key', default)` of variables, connections and objects.
    private func get(
        from owner: TemplateValue, written: String, _ given: Given, at place: TemplateLocation
    ) async throws -> TemplateValue {
        let signature = TemplateSignature(
            "\(written).get('key', default)", ["key", "default"], required: 1)
        let arguments = try TemplateArguments(given, of: signature, at: place)
        let found = try await member(arguments.string("key"), of: owner, written: written, at: place)
        if case .undefined = found, let other = arguments["default"] { return other }
        return found
    }

    // MARK: Outputs of other tasks

    private static let pull = TemplateSignature(
        "ti.xcom_pull(task_ids='task', key='key', map_indexes=0, default=value)",
        ["task_ids", "key", "map_indexes", "default"], required: 1, positional: 1)

    private func pullOutputs(_ given: Given, at place: TemplateLocation) async throws -> TemplateValue {
        let arguments = try TemplateArguments(given, of: Self.pull, at: place)
        let key = try arguments.string("key", default: XCom.returnValue)
        let index = try arguments.integer("map_indexes")
        guard case .json(.array(let tasks))? = arguments["task_ids"] else {
            let task = try arguments.string("task_ids")
            return try await output(of: task, key: key, index: index, at: place)
                ?? arguments["default"] ?? .undefined(.noOutput(task: task, key: key, at: place))
        }
        var outputs: [JSONValue] = []
        for task in tasks {
            guard let id = task.string else {
                throw TemplateError.wrongKind(
                    found: task.kind, by: Self.pull.usage, expected: "task ids", at: place)
            }
            let output =
                try await output(of: id, key: key, index: index, at: place)
                ?? arguments["default"] ?? .undefined(.noOutput(task: id, key: key, at: place))
            outputs.append(try output.json(at: place))
        }
        return .json(.array(outputs))
    }

    /// The output of a task: one value, or a list if the task is mapped; `nil` if there is none.
    private func output(
        of task: String, key: String, index: Int64?, at place: TemplateLocation
    ) async throws -> TemplateValue? {
        let stored = try await context.services.metadata.outputs(
            of: TaskID(task), key: key, in: context.attempt.key.run)
        if let index {
            return try stored.first { Int64($0.task.mapIndex) == index }.map { .json(try Self.tree(of: $0)) }
        }
        guard let first = stored.first else { return nil }
        if first.task.mapIndex < 0 { return .json(try Self.tree(of: first)) }
        return .json(.array(try stored.map(Self.tree)))
    }

    private static func tree(of output: XCom) throws(JSONError) -> JSONValue {
        try JSONValue(parsing: output.output.json)
    }
}
