extension DAGBuilder {
    /// A task that chooses one path; the first tasks on the others are skipped.
    ///
    /// ```swift
    /// enum Size: String, BranchPath { case small, large }
    ///
    /// let size = dag.branch("choose", reading: rows) { context, rows in rows > 1000 ? Size.large : .small }
    /// let quick = dag.task("load_at_once", after: size[.small]) { … }
    /// let slow = dag.task("load_in_parts", after: size[.large]) { … }
    /// dag.empty("end", after: quick, slow, options: TaskOptions(triggerRule: .noneFailedMinOneSuccess))
    /// ```
    ///
    /// A task on a path that was not chosen still runs if it also follows one that was. The decision is stored, so
    /// that a skipped task which is cleared is skipped again.
    @discardableResult
    public mutating func branch<each Value: Codable & Sendable, Path: BranchPath>(
        _ id: TaskID, reading input: repeat TaskOutput<each Value>, after upstream: any Upstream...,
        options: TaskOptions = TaskOptions(), fileID: String = #fileID, line: Int = #line,
        run body: @escaping @Sendable (TaskContext, repeat each Value) async throws -> Path
    ) -> BranchOutput<Path> {
        var edges: [TaskEdge] = []
        for one in repeat each input { edges.append(TaskEdge(one)) }
        return branch(id, edges, after: upstream, options, at: SourceLocation(file: fileID, line: line)) {
            context in
            [try await body(context, repeat try await context.value(of: each input))]
        }
    }

    /// A task that chooses any number of paths; the first tasks on the others are skipped.
    @discardableResult
    public mutating func branch<each Value: Codable & Sendable, Path: BranchPath>(
        _ id: TaskID, reading input: repeat TaskOutput<each Value>, after upstream: any Upstream...,
        options: TaskOptions = TaskOptions(), fileID: String = #fileID, line: Int = #line,
        run body: @escaping @Sendable (TaskContext, repeat each Value) async throws -> [Path]
    ) -> BranchOutput<Path> {
        var edges: [TaskEdge] = []
        for one in repeat each input { edges.append(TaskEdge(one)) }
        return branch(id, edges, after: upstream, options, at: SourceLocation(file: fileID, line: line)) {
            context in
            try await body(context, repeat try await context.value(of: each input))
        }
    }

    private mutating func branch<Path: BranchPath>(
        _ id: TaskID, _ edges: [TaskEdge], after upstream: [any Upstream], _ options: TaskOptions,
        at location: SourceLocation, choose: @escaping @Sendable (TaskContext) async throws -> [Path]
    ) -> BranchOutput<Path> {
        let task: TaskOutput<[Path]> = add(
            id, reading: edges, after: upstream, options, at: location, name: "BranchOperator",
            work: TaskWork { context in
                let paths = try await choose(context)
                context.logger.info(
                    "chose \(paths.isEmpty ? "no path" : paths.map(\.rawValue).joined(separator: ", "))")
                return try EncodedOutput(encoding: paths)
            },
            change: { $0.skipRule = .branch })
        return BranchOutput(producer: task.producer)
    }

    /// A task that says whether the run goes on.
    ///
    /// Where it does not, all tasks that follow are skipped but teardowns; with `skipping: .directDownstream` the
    /// direct ones alone, and trigger rules decide about the rest.
    @discardableResult
    public mutating func shortCircuit<each Value: Codable & Sendable>(
        _ id: TaskID, reading input: repeat TaskOutput<each Value>, after upstream: any Upstream...,
        skipping extent: SkipExtent = .allDownstream, options: TaskOptions = TaskOptions(),
        fileID: String = #fileID, line: Int = #line,
        run body: @escaping @Sendable (TaskContext, repeat each Value) async throws -> Bool
    ) -> TaskOutput<Bool> {
        var edges: [TaskEdge] = []
        for one in repeat each input { edges.append(TaskEdge(one)) }
        return add(
            id, reading: edges, after: upstream, options, at: SourceLocation(file: fileID, line: line),
            name: "ShortCircuitOperator",
            work: TaskWork { context in
                let goesOn = try await body(context, repeat try await context.value(of: each input))
                context.logger.info(goesOn ? "the run goes on" : "the run does not go on from here")
                return try EncodedOutput(encoding: goesOn)
            },
            change: { $0.skipRule = .shortCircuit(skipsAll: extent == .allDownstream) })
    }

    /// A point after which only the latest scheduled run goes on: in a run whose successor is due already, the
    /// direct downstream tasks are skipped. Runs that somebody triggered always go on.
    @discardableResult
    public mutating func latestOnly(
        _ id: TaskID, after upstream: any Upstream..., options: TaskOptions = TaskOptions(),
        fileID: String = #fileID, line: Int = #line
    ) -> TaskOutput<None> {
        add(
            id, after: upstream, options, at: SourceLocation(file: fileID, line: line),
            name: "LatestOnlyOperator", work: .nothing, change: { $0.skipRule = .latestOnly })
    }
}

/// How far a short circuit skips.
public enum SkipExtent: Hashable, Sendable {
    /// Every task that follows, over any number of edges, whatever its trigger rule.
    case allDownstream
    /// The direct downstream tasks; trigger rules decide about the rest.
    case directDownstream
}
