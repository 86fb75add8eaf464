/// Whatever a task can be declared after: the handle of another task, of a whole group, or a list of handles.
public protocol Upstream: Sendable {
    /// The edges that a task gets which is declared after this.
    var links: [UpstreamLink] { get }
}

/// An edge to be drawn: what comes first, and what is said of the edge.
public struct UpstreamLink: Hashable, Sendable {
    /// What comes first.
    public enum Origin: Hashable, Sendable {
        case task(TaskID)
        /// The tasks of a group that nothing in the group follows.
        case group(String)
    }

    public let origin: Origin

    /// The path of a branch on which the task lies; `nil` where no branch decides.
    public var path: String?

    /// What graphs write beside the edge.
    public var label: String?

    public init(_ origin: Origin, path: String? = nil, label: String? = nil) {
        self.origin = origin
        self.path = path
        self.label = label
    }
}

extension Upstream {
    /// The same with a label, which graphs write beside its edges.
    ///
    /// ```swift
    /// dag.task("load", after: cleaned.labelled("few rows")) { … }
    /// ```
    public func labelled(_ label: String) -> LabelledUpstream {
        LabelledUpstream(
            links: links.map { link in
                var labelled = link
                labelled.label = label
                return labelled
            })
    }
}

/// What a task is declared after, with a label for the edges.
public struct LabelledUpstream: Upstream {
    public let links: [UpstreamLink]
}

extension Array: Upstream where Element: Upstream {
    public var links: [UpstreamLink] { flatMap(\.links) }
}
