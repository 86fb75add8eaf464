extension DAGBuilder {
    /// One task instance per element of an upstream list, whose length is known only when the run gets there.
    ///
    /// The output gathers the values that the instances return, in the order of the elements.
    @discardableResult
    public mutating func map<Element: Codable & Sendable, Output: Codable & Sendable>(
        _ id: TaskID, over elements: TaskOutput<[Element]>, after upstream: any Upstream...,
        options: TaskOptions = TaskOptions(), fileID: String = #fileID, line: Int = #line,
        run body: @escaping @Sendable (TaskContext, Element) async throws -> Output
    ) -> TaskOutput<[Output]> {
        let task: TaskOutput<Output> = add(
            id, reading: [TaskEdge(elements)], after: upstream, options,
            at: SourceLocation(file: fileID, line: line), name: "SwiftOperator",
            work: TaskWork { context in
                let element = try await context.element(of: elements, at: context.mapIndex)
                return try EncodedOutput(encoding: try await body(context, element))
            },
            change: { $0.mappedOver = elements.producer })
        return TaskOutput(producer: task.producer, shape: .gathered)
    }
}
