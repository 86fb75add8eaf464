extension DAGBuilder {
    /// A task that prepares something which other tasks need and a teardown removes.
    ///
    /// ```swift
    /// let cluster = dag.setup("start_cluster") { context in "cluster-1" }
    /// let work = dag.task("work", reading: cluster.output) { context, name in … }
    /// dag.teardown("stop_cluster", of: cluster, after: work) { context, name in … }
    /// ```
    ///
    /// The tasks between a setup and its teardowns run only if the setup succeeds, whatever their trigger rule.
    public mutating func setup<each Value: Codable & Sendable, Output: Codable & Sendable>(
        _ id: TaskID, reading input: repeat TaskOutput<each Value>, after upstream: any Upstream...,
        options: TaskOptions = TaskOptions(), fileID: String = #fileID, line: Int = #line,
        run body: @escaping @Sendable (TaskContext, repeat each Value) async throws -> Output
    ) -> SetupOutput<Output> {
        var edges: [TaskEdge] = []
        for one in repeat each input { edges.append(TaskEdge(one)) }
        return SetupOutput(
            output: add(
                id, reading: edges, after: upstream, options, at: SourceLocation(file: fileID, line: line),
                name: "SwiftOperator",
                work: TaskWork { context in
                    try EncodedOutput(
                        encoding: try await body(context, repeat try await context.value(of: each input)))
                },
                change: { $0.kind = .setup }))
    }

    /// A setup that returns nothing.
    public mutating func setup<each Value: Codable & Sendable>(
        _ id: TaskID, reading input: repeat TaskOutput<each Value>, after upstream: any Upstream...,
        options: TaskOptions = TaskOptions(), fileID: String = #fileID, line: Int = #line,
        run body: @escaping @Sendable (TaskContext, repeat each Value) async throws -> Void
    ) -> SetupOutput<None> {
        var edges: [TaskEdge] = []
        for one in repeat each input { edges.append(TaskEdge(one)) }
        return SetupOutput(
            output: add(
                id, reading: edges, after: upstream, options, at: SourceLocation(file: fileID, line: line),
                name: "SwiftOperator",
                work: TaskWork { context in
                    try await body(context, repeat try await context.value(of: each input))
                    return nil
                },
                change: { $0.kind = .setup }))
    }

    /// A setup that runs an operator.
    public mutating func setup<Work: Operator>(
        _ id: TaskID, after upstream: any Upstream..., options: TaskOptions = TaskOptions(), run work: Work,
        fileID: String = #fileID, line: Int = #line
    ) -> SetupOutput<Work.Output> {
        SetupOutput(
            output: add(
                id, reading: work.inputs.compactMap(TaskEdge.init(input:)), after: upstream, options,
                at: SourceLocation(file: fileID, line: line), name: Work.operatorName, work: TaskWork(work),
                change: { $0.kind = .setup }))
    }

    /// A task that removes what a setup made, whatever came of the tasks between them.
    ///
    /// It runs once the setup and all that stands in `upstream` are done, if the setup succeeded.
    ///
    /// - Parameter failsRun: Whether the run fails if this does; by default the tasks before it decide alone.
    @discardableResult
    public mutating func teardown<Value: Codable & Sendable>(
        _ id: TaskID, of setup: SetupOutput<Value>, after upstream: any Upstream..., failsRun: Bool = false,
        options: TaskOptions = TaskOptions(), fileID: String = #fileID, line: Int = #line,
        run body: @escaping @Sendable (TaskContext, Value) async throws -> Void
    ) -> TaskOutput<None> {
        add(
            id, reading: [TaskEdge(setup.output)], after: upstream, options.asTeardown,
            at: SourceLocation(file: fileID, line: line), name: "SwiftOperator",
            work: TaskWork { context in
                try await body(context, try await context.value(of: setup.output))
                return nil
            },
            change: { $0.makeTeardown(of: [setup.producer], failsRun: failsRun) })
    }

    /// A teardown that runs an operator, for any number of setups: it runs if one of them succeeded.
    @discardableResult
    public mutating func teardown<Work: Operator>(
        _ id: TaskID, of setups: any AnySetup..., after upstream: any Upstream..., failsRun: Bool = false,
        options: TaskOptions = TaskOptions(), run work: Work, fileID: String = #fileID, line: Int = #line
    ) -> TaskOutput<Work.Output> {
        let producers = setups.map(\.producer)
        return add(
            id, reading: work.inputs.compactMap(TaskEdge.init(input:)), after: setups + upstream,
            options.asTeardown, at: SourceLocation(file: fileID, line: line), name: Work.operatorName,
            work: TaskWork(work), change: { $0.makeTeardown(of: producers, failsRun: failsRun) })
    }
}

/// The handle of a setup: what teardowns are declared of.
public struct SetupOutput<Value: Codable & Sendable>: AnySetup {
    /// What the setup returns, for the tasks that need it.
    public let output: TaskOutput<Value>

    public var producer: TaskID { output.producer }
    public var links: [UpstreamLink] { output.links }
}

/// A ``SetupOutput`` of any type.
public protocol AnySetup: Upstream {
    var producer: TaskID { get }
}

extension TaskOptions {
    /// The options with the trigger rule of teardowns, unless they have a rule of their own.
    var asTeardown: TaskOptions {
        var options = self
        if options.triggerRule == .allSuccess { options.triggerRule = .allDoneSetupSuccess }
        return options
    }
}

extension TaskDraft {
    package mutating func makeTeardown(of setups: [TaskID], failsRun: Bool) {
        kind = .teardown
        undoes = setups
        teardownFailsRun = failsRun
    }
}
