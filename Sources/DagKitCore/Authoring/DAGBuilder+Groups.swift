extension DAGBuilder {
    /// Tasks that belong together: their ids get the group's id in front (`checks.freshness`).
    ///
    /// ```swift
    /// let checks = dag.group("checks", after: loaded, defaults: { $0.retries = 0 }) { dag in
    ///     dag.task("freshness") { … }
    ///     dag.task("spread") { … }
    ///     return dag.wholeGroup
    /// }
    /// dag.empty("end", after: checks)
    /// ```
    ///
    /// - Parameters:
    ///   - upstream: Comes before every task of the group that no task of the group precedes.
    ///   - defaults: Changes, for the tasks of the group, the defaults that hold outside it.
    ///   - about: What the group is for.
    @discardableResult
    public mutating func group<Outputs>(
        _ id: String, after upstream: any Upstream...,
        defaults: (@Sendable (inout TaskDefaults) -> Void)? = nil,
        about: String? = nil, fileID: String = #fileID, line: Int = #line,
        _ build: (inout DAGBuilder) throws -> Outputs
    ) rethrows -> Outputs {
        let location = SourceLocation(file: fileID, line: line)
        let edges = draft.edges(upstream.flatMap(\.links), at: location)
        openGroups.append((id, defaults))
        let full = openGroups.map(\.id).joined(separator: ".")
        if let first = draft.groups[full] {
            draft.problems.append(
                DAGProblem(
                    at: location, "group id \"\(full)\" is already used at line \(first.location.line)",
                    remedy: "rename one of the two"))
        }
        draft.groups[full] = GroupDraft(id: full, about: about, location: location)
        defer {
            openGroups.removeLast()
            draft.close(full, after: edges)
        }
        return try build(&self)
    }

    /// The handle of the group that is being declared: what is declared after it, outside, comes after all its tasks.
    public var wholeGroup: TaskGroupHandle { TaskGroupHandle(id: groupID ?? "") }
}

/// All tasks of a group, as something to be declared after.
public struct TaskGroupHandle: Upstream {
    /// The group's full id.
    public let id: String

    public var links: [UpstreamLink] { [UpstreamLink(.group(id))] }
}
