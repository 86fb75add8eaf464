extension DAGBuilder {
    /// One task instance per element of an upstream list, whose length is known only when the run gets there.
    ///
    /// The output gathers the values that the instances return, in the order of the elements. What all instances
    /// need beside their element is read as elsewhere.
    ///
    /// - Parameter name: What lists and logs call the instance of an element, beside its index.
    @discardableResult
    public mutating func map<
        Element: Codable & Sendable, each Value: Codable & Sendable, Output: Codable & Sendable
    >(
        _ id: TaskID, over elements: TaskOutput<[Element]>, reading input: repeat TaskOutput<each Value>,
        after upstream: any Upstream..., named name: (@Sendable (Element) -> String)? = nil,
        options: TaskOptions = TaskOptions(), fileID: String = #fileID, line: Int = #line,
        run body: @escaping @Sendable (TaskContext, Element, repeat each Value) async throws -> Output
    ) -> TaskOutput<[Output]> {
        var edges = [TaskEdge(elements)]
        for one in repeat each input { edges.append(TaskEdge(one)) }
        return map(
            id, .list(elements.producer), edges, after: upstream, options,
            at: SourceLocation(file: fileID, line: line)
        ) { context in
            let element = try await context.element(of: elements, at: context.mapIndex)
            if let name { context.outbox.name(name(element)) }
            return try await body(context, element, repeat try await context.value(of: each input))
        }
    }

    /// One task instance per element of lists that are zipped, crossed, changed or written in the DAG.
    @discardableResult
    public mutating func map<Element: Sendable, each Value: Codable & Sendable, Output: Codable & Sendable>(
        _ id: TaskID, over elements: MappedInput<Element>, reading input: repeat TaskOutput<each Value>,
        after upstream: any Upstream..., named name: (@Sendable (Element) -> String)? = nil,
        options: TaskOptions = TaskOptions(), fileID: String = #fileID, line: Int = #line,
        run body: @escaping @Sendable (TaskContext, Element, repeat each Value) async throws -> Output
    ) -> TaskOutput<[Output]> {
        var edges = elements.edges
        for one in repeat each input { edges.append(TaskEdge(one)) }
        return map(
            id, elements.shape, edges, after: upstream, options, at: SourceLocation(file: fileID, line: line)
        ) { context in
            let list = try await elements.read(context)
            guard context.mapIndex < list.count else {
                throw OutputError.missing(
                    producer: elements.shape.sources.first ?? context.taskID, reader: context.taskID)
            }
            let element = try list.element(context.mapIndex)
            if let name { context.outbox.name(name(element)) }
            return try await body(context, element, repeat try await context.value(of: each input))
        }
    }

    private mutating func map<Output: Codable & Sendable>(
        _ id: TaskID, _ shape: MapShape, _ edges: [TaskEdge], after upstream: [any Upstream],
        _ options: TaskOptions,
        at location: SourceLocation, body: @escaping @Sendable (TaskContext) async throws -> Output
    ) -> TaskOutput<[Output]> {
        if let group = openMapping {
            draft.problems.append(
                DAGProblem(
                    at: location,
                    "task \"\(qualified(id))\" is mapped within the mapped group \"\(group.id)\"",
                    remedy: "map it outside the group, or map the group over a product"))
        }
        let task: TaskOutput<Output> = add(
            id, reading: edges, after: upstream, options, at: location, name: "SwiftOperator",
            work: TaskWork { context in try EncodedOutput(encoding: try await body(context)) },
            change: { $0.mapping = shape })
        return TaskOutput(producer: task.producer, shape: .gathered)
    }

    // MARK: Mapped groups

    /// A group of tasks that is run once per element of a list: each task gets an instance per element, and instances
    /// follow each other by their place.
    ///
    /// ```swift
    /// let reports = dag.mapGroup("per_coin", over: symbols) { dag, symbol in
    ///     let price = dag.task("fetch", reading: symbol) { context, symbol in … }
    ///     let report = dag.task("report", reading: symbol, price) { context, symbol, price in … }
    ///     return dag.gathered(report)
    /// }
    /// dag.task("publish", reading: reports) { context, reports in … }
    /// ```
    ///
    /// What a task of the group returns is read in the group as it is, and outside as a list: the group's closure
    /// returns it by ``gathered(_:)``.
    @discardableResult
    public mutating func mapGroup<Element: Codable & Sendable, Outputs>(
        _ id: String, over elements: TaskOutput<[Element]>, after upstream: any Upstream...,
        defaults: (@Sendable (inout TaskDefaults) -> Void)? = nil, about: String? = nil,
        fileID: String = #fileID, line: Int = #line,
        _ build: (inout DAGBuilder, TaskOutput<Element>) throws -> Outputs
    ) rethrows -> Outputs {
        let location = SourceLocation(file: fileID, line: line)
        if let group = openMapping {
            draft.problems.append(
                DAGProblem(
                    at: location, "group \"\(id)\" is mapped within the mapped group \"\(group.id)\"",
                    remedy: "map one group over a product of the two lists"))
        }
        let outer = openMapping
        let full = (openGroups.map(\.id) + [id]).joined(separator: ".")
        openMapping = OpenMapping(id: full, shape: .list(elements.producer), edges: [TaskEdge(elements)])
        defer { openMapping = outer }
        let element = TaskOutput<Element>(
            producer: elements.producer, shape: elements.shape == .gathered ? .gatheredElement : .element)
        return try group(
            id, after: upstream.flatMap(\.links).asUpstream, defaults: defaults, about: about, fileID: fileID,
            line: line
        ) { dag in
            try build(&dag, element)
        }
    }

    /// The values that all instances of a task of a mapped group return, for tasks outside the group.
    public func gathered<Value: Codable & Sendable>(_ output: TaskOutput<Value>) -> TaskOutput<[Value]> {
        TaskOutput<[Value]>(producer: output.producer, shape: .gathered)
    }
}

/// The mapped group that is being declared.
struct OpenMapping: Sendable {
    let id: String
    let shape: MapShape
    let edges: [TaskEdge]
}

/// Links as something to be declared after.
struct Links: Upstream {
    let links: [UpstreamLink]
}

extension [UpstreamLink] {
    var asUpstream: Links { Links(links: self) }
}
