/// Collects the tasks of a DAG while its author's `build` declares them.
///
/// It cannot be copied and so does not outlive `build`.
public struct DAGBuilder: ~Copyable {
    package internal(set) var draft: GraphDraft

    /// The ids of the groups that are open, the outermost first, and what they change of the defaults.
    var openGroups: [(id: String, adjustment: DefaultsAdjustment?)] = []

    /// The mapped group that is open; `nil` outside of one.
    var openMapping: OpenMapping?

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
            at: SourceLocation(file: fileID, line: line), name: Work.operatorName, work: TaskWork(work))
    }

    /// A task that looks by a closure whether something is so, again and again.
    ///
    /// ```swift
    /// let export = dag.sensor("export", waiting: SensorOptions(pokeInterval: .minutes(5))) { context in
    ///     try await context.newestExport().map(Poke.done) ?? .notYet("no export yet")
    /// }
    /// ```
    @discardableResult
    public mutating func sensor<each Value: Codable & Sendable, Output: Codable & Sendable>(
        _ id: TaskID, reading input: repeat TaskOutput<each Value>, after upstream: any Upstream...,
        waiting: SensorOptions = SensorOptions(), options: TaskOptions = TaskOptions(),
        fileID: String = #fileID, line: Int = #line,
        poke: @escaping @Sendable (TaskContext, repeat each Value) async throws -> Poke<Output>
    ) -> TaskOutput<Output> {
        var edges: [TaskEdge] = []
        for one in repeat each input { edges.append(TaskEdge(one)) }
        return add(
            id, reading: edges, after: upstream, options, at: SourceLocation(file: fileID, line: line),
            name: "SwiftSensor",
            work: TaskWork { context in
                let output = try await SensorLoop(waiting, in: context).run { context in
                    try await poke(context, repeat try await context.value(of: each input))
                }
                return try EncodedOutput(encoding: output)
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

    /// The full id of the innermost open group; `nil` outside of groups.
    var groupID: String? { openGroups.isEmpty ? nil : openGroups.map(\.id).joined(separator: ".") }

    func qualified(_ id: TaskID) -> TaskID { groupID.map { TaskID("\($0).\(id)") } ?? id }

    /// Adds a task; `change` sets what only some kinds of tasks have.
    mutating func add<Value>(
        _ id: TaskID, reading data: [TaskEdge] = [], after upstream: [any Upstream], _ options: TaskOptions,
        at location: SourceLocation, name: String, work: TaskWork,
        change: (inout TaskDraft) -> Void = { _ in }
    ) -> TaskOutput<Value> {
        let full = qualified(id)
        let order = draft.edges(upstream.flatMap(\.links), at: location)
        var task = TaskDraft(
            id: full, group: groupID, edges: data + order, options: options, operatorName: name, work: work,
            location: location)
        task.adjustments = openGroups.compactMap(\.adjustment)
        if let mapping = openMapping {
            task.mapping = mapping.shape
            task.mapGroup = mapping.id
            task.edges += mapping.edges
        }
        change(&task)
        draft.tasks.append(task)
        return TaskOutput(producer: full, shape: openMapping == nil ? .single : .sameIndex)
    }
}
