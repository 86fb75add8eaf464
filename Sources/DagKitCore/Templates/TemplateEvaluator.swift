import FoundationEssentials

/// Finds the values of expressions for one attempt.
struct TemplateEvaluator {
    let context: TaskContext

    init(_ context: TaskContext) { self.context = context }

    func value(of node: TemplateNode) async throws -> TemplateValue {
        switch node.kind {
        case .literal(let value): .json(value)
        case .list(let elements): .json(.array(try await list(elements)))
        case .name(let name): try await value(of: name, at: node.place)
        case .member(let owner, let name):
            try await member(name, of: value(of: owner), written: owner.text, at: node.place)
        case .index(let owner, let index):
            try await element(
                at: defined(index), of: value(of: owner), written: owner.text, at: node.place)
        case .call(let owner, let method, let arguments):
            try await call(
                method, on: value(of: owner), written: owner.text, try await values(of: arguments),
                at: node.place)
        case .filter(let input, let filter, let arguments):
            try await apply(filter, to: value(of: input), try await values(of: arguments), at: node.place)
        }
    }

    private func apply(
        _ filter: TemplateFilter, to input: TemplateValue, _ given: [(label: String?, value: TemplateValue)],
        at place: TemplateLocation
    ) throws(TemplateError) -> TemplateValue {
        let arguments = try TemplateArguments(given, of: filter.signature, at: place)
        return try filter.apply(to: input, arguments)
    }

    private func values(
        of arguments: [TemplateArgument]
    ) async throws -> [(label: String?, value: TemplateValue)] {
        var values: [(label: String?, value: TemplateValue)] = []
        for argument in arguments { values.append((argument.label, try await defined(argument.value))) }
        return values
    }

    private func list(_ elements: [TemplateNode]) async throws -> [JSONValue] {
        var values: [JSONValue] = []
        for element in elements { values.append(try await value(of: element).json(at: element.place)) }
        return values
    }

    private func defined(_ node: TemplateNode) async throws -> TemplateValue {
        try await value(of: node).defined()
    }

    // MARK: Names

    private func value(of name: TemplateName, at place: TemplateLocation) async throws -> TemplateValue {
        let date = context.logicalDate
        return switch name {
        case .ds: .string(date.ds)
        case .dsNoDash: .string(date.dsNoDash)
        case .ts: .string(date.ts)
        case .tsNoDash: .string(date.tsNoDash)
        case .tsNoDashWithTZ: .string(date.tsNoDashWithTZ)
        case .logicalDate, .executionDate: .instant(date)
        case .yesterday: .string(date.addingTimeInterval(-86_400).ds)
        case .yesterdayNoDash: .string(date.addingTimeInterval(-86_400).dsNoDash)
        case .tomorrow: .string(date.addingTimeInterval(86_400).ds)
        case .tomorrowNoDash: .string(date.addingTimeInterval(86_400).dsNoDash)
        case .dataIntervalStart: intervalEdge(\.start, at: place)
        case .dataIntervalEnd: intervalEdge(\.end, at: place)
        case .runID: .string(context.runID.rawValue)
        case .taskInstanceKey: .string("\(context.dagID)__\(context.taskID)__\(date.dsNoDash)")
        case .params: .json(context.params)
        case .dag: .object(.dag)
        case .task: .object(.task)
        case .ti, .taskInstance: .object(.ti)
        case .dagRun: .object(.dagRun)
        case .variables: .object(.variables)
        case .conn: .object(.conn)
        case .macros: .object(.macros)
        case .triggeringAssetEvents, .triggeringDatasetEvents: .json(try await triggeringEvents())
        case .notice: context.attempt.notice.map { .json($0.document) } ?? .undefined(.noNotice(at: place))
        }
    }

    /// The updates that made the run, by the URI of their asset, oldest first.
    private func triggeringEvents() async throws -> JSONValue {
        let events = try await context.triggeringAssetEvents()
        return .object(Dictionary(grouping: events, by: \.uri).mapValues { .array($0.map(\.json)) })
    }

    func intervalEdge(_ edge: KeyPath<DataInterval, Date>, at place: TemplateLocation) -> TemplateValue {
        context.dataInterval.map { .instant($0[keyPath: edge]) } ?? .undefined(.noDataInterval(at: place))
    }
}
