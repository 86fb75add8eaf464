/// An attempt that is to be ended, and why: what its log, its outcome and its task instance tell.
public struct AttemptKill: Hashable, Sendable {
    public let attempt: AttemptID
    public let reason: String

    public init(_ attempt: AttemptID, reason: String) {
        self.attempt = attempt
        self.reason = reason
    }
}
