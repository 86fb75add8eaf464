/// What somebody asked for while an attempt of a task instance ran: it happens once the attempt is dead.
///
/// The attempt is killed first; whatever it reports afterwards counts as its death and nothing more.
public enum EndRequest: String, CaseIterable, Codable, Hashable, Sendable {
    /// The instance starts anew.
    case clear
    /// The instance counts as succeeded.
    case success
    /// The instance counts as failed and is not tried again.
    case failed
    /// The instance has failed, since another task did and the DAG fails fast.
    case failFast = "fail_fast"
    /// The instance is removed, since its task, or its element of a list, is gone.
    case remove
}
