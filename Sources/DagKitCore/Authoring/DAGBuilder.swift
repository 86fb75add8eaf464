/// Collects the tasks of a DAG while its author's `build` declares them.
///
/// It cannot be copied and so does not outlive `build`.
public struct DAGBuilder: ~Copyable {
    package private(set) var draft: GraphDraft
    private var prefixes: [String] = []

    package init(_ configuration: DAGConfiguration) {
        draft = GraphDraft(configuration: configuration)
    }

    /// A task that does nothing: a point where edges meet.
    @discardableResult
    public mutating func empty(
        _ id: TaskID, after upstream: any Upstream..., options: TaskOptions = TaskOptions(),
        fileID: String = #fileID, line: Int = #line
    ) -> TaskOutput<None> {
        let location = SourceLocation(file: fileID, line: line)
        return add(id, after: upstream, options, at: location, name: "EmptyOperator", work: .nothing)
    }

    /// A task that runs an operator.
    ///
    /// The operator's inputs draw their own edges.
    @discardableResult
    public mutating func task<Work: Operator>(
        _ id: TaskID, after upstream: any Upstream..., options: TaskOptions = TaskOptions(), run work: Work,
        fileID: String = #fileID, line: Int = #line
    ) -> TaskOutput<Work.Output> {
        add(
            id, reading: work.inputs.compactMap(TaskEdge.init(input:)), after: upstream, options,
            at: SourceLocation(file: fileID, line: line), name: Work.operatorName,
            work: TaskWork(templates: work.templates) { context in
                try EncodedOutput(encoding: try await work.execute(in: context))
            })
    }

    /// A task that runs a closure on the outputs of other tasks and returns a value.
    ///
    /// `reading` is data and order, `after` is order alone.
    @discardableResult
    public mutating func task<each Value: Codable & Sendable, Output: Codable & Sendable>(
        _ id: TaskID, reading input: repeat TaskOutput<each Value>, after upstream: any Upstream...,
        options: TaskOptions = TaskOptions(), fileID: String = #fileID, line: Int = #line,
        run body: @escaping @Sendable (TaskContext, repeat each Value) async throws -> Output
    ) -> TaskOutput<Output> {
        var edges: [TaskEdge] = []
        for one in repeat each input { edges.append(TaskEdge(one)) }
        return add(
            id, reading: edges, after: upstream, options, at: SourceLocation(file: fileID, line: line),
            name: "SwiftOperator",
            work: TaskWork { context in
                try EncodedOutput(
                    encoding: try await body(context, repeat try await context.value(of: each input)))
            })
    }

    /// A task that runs a closure on the outputs of other tasks and returns nothing.
    @discardableResult
    public mutating func task<each Value: Codable & Sendable>(
        _ id: TaskID, reading input: repeat TaskOutput<each Value>, after upstream: any Upstream...,
        options: TaskOptions = TaskOptions(), fileID: String = #fileID, line: Int = #line,
        run body: @escaping @Sendable (TaskContext, repeat each Value) async throws -> Void
    ) -> TaskOutput<None> {
        var edges: [TaskEdge] = []
        for one in repeat each input { edges.append(TaskEdge(one)) }
        return add(
            id, reading: edges, after: upstream, options, at: SourceLocation(file: fileID, line: line),
            name: "SwiftOperator",
            work: TaskWork { context in
                try await body(context, repeat try await context.value(of: each input))
                return nil
            })
    }

    /// One task instance per element of an upstream list, whose length is known only when the run gets there.
    ///
    /// The output gathers the values that the instances return, in the order of the elements.
    @discardableResult
    public mutating func map<Element: Codable & Sendable, Output: Codable & Sendable>(
        _ id: TaskID, over elements: TaskOutput<[Element]>, after upstream: any Upstream...,
        options: TaskOptions = TaskOptions(), fileID: String = #fileID, line: Int = #line,
        run body: @escaping @Sendable (TaskContext, Element) async throws -> Output
    ) -> TaskOutput<[Output]> {
        let _: TaskOutput<Output> = add(
            id, reading: [TaskEdge(elements)], after: upstream, options,
            at: SourceLocation(file: fileID, line: line), name: "SwiftOperator",
            mappedOver: elements.producer,
            work: TaskWork { context in
                let element = try await context.element(of: elements, at: context.mapIndex)
                return try EncodedOutput(encoding: try await body(context, element))
            })
        return TaskOutput(producer: qualified(id), shape: .gathered)
    }

    /// Tasks that belong together: their ids get the group's id in front (`checks.freshness`).
    public mutating func group<Outputs>(
        _ id: String, _ build: (inout DAGBuilder) throws -> Outputs
    ) rethrows -> Outputs {
        prefixes.append(id)
        defer { prefixes.removeLast() }
        return try build(&self)
    }

    private func qualified(_ id: TaskID) -> TaskID {
        prefixes.isEmpty ? id : TaskID((prefixes + [id.rawValue]).joined(separator: "."))
    }

    private mutating func add<Value>(
        _ id: TaskID, reading data: [TaskEdge] = [], after upstream: [any Upstream], _ options: TaskOptions,
        at location: SourceLocation, name: String, mappedOver: TaskID? = nil, work: TaskWork
    ) -> TaskOutput<Value> {
        let full = qualified(id)
        draft.tasks.append(
            TaskDraft(
                id: full, group: prefixes.isEmpty ? nil : prefixes.joined(separator: "."),
                edges: data + upstream.flatMap(\.producers).map { TaskEdge(to: $0) }, options: options,
                operatorName: name,
                mappedOver: mappedOver, work: work, location: location))
        return TaskOutput(producer: full)
    }
}
