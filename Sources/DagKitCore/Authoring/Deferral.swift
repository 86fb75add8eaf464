public import FoundationEssentials

/// A wait that the scheduler keeps by itself: no process runs for it, neither meanwhile nor at its end.
///
/// An operator with a ``Operator/deferral`` is never executed by a scheduler: its task is `deferred` from its start, and
/// done when what it waits for has come to pass.
public struct Deferral: Sendable {
    /// Says what a task of a run waits for that starts at an instant; a pure function.
    public let condition: @Sendable (_ run: DAGRun, _ start: Date) -> Awaited

    /// How long the wait may take, from the first start of the task since it was cleared; `nil` for ever.
    public let timeout: Duration?

    /// Whether the task is skipped where it would fail for good.
    public let softFail: Bool

    public init(
        timeout: Duration? = nil, softFail: Bool = false,
        condition: @escaping @Sendable (_ run: DAGRun, _ start: Date) -> Awaited
    ) {
        self.timeout = timeout
        self.softFail = softFail
        self.condition = condition
    }
}
