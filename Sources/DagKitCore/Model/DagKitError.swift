/// An error that a user reads, on one line: where it is, what is wrong, how to mend it.
///
/// The text never holds a secret or a bound SQL argument.
public protocol DagKitError: Error, CustomStringConvertible {
    /// `file:line`, or ids (`dag/run/task/try`); `nil` if the caller adds it.
    var location: String? { get }

    /// What is wrong, with the offending value in quotes; no capital letter, no full stop.
    var problem: String { get }

    /// What the user can do about it, as a command to them.
    var remedy: String { get }
}

extension DagKitError {
    public var location: String? { nil }

    public var description: String { (location.map { "\($0): " } ?? "") + "\(problem); \(remedy)" }
}
