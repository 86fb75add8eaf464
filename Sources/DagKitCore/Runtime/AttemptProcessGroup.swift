/// A service that an executor offers where each attempt has processes of its own, and an output that is its log.
///
/// Whoever ends the attempt then asks all processes below it to end, those that a command left running too, and what commands
/// print goes to the log byte by byte; elsewhere the operator ends the group of its command.
///
/// ```swift
/// services[AttemptProcessGroup.self] = AttemptProcessGroup { bytes in … } noteKill: { … }
/// ```
package struct AttemptProcessGroup: Sendable {
    /// Writes a line, without its line break, to the output of the attempt as it is.
    package let print: @Sendable (ArraySlice<UInt8>) -> Void

    /// Takes note that a command of the attempt, or what it ran, was killed by signal 9: if it was for lack of memory, the
    /// executor finds out.
    package let noteKill: @Sendable () -> Void

    /// Takes note that the command which is all of the task could not be started, as the system was short of something:
    /// nothing of the task has begun, and the executor starts it later.
    package let noteShortage: @Sendable (_ reason: String) -> Void

    /// Whether the executor is ending the attempt: it asks all processes of it to end, and kills them later. An operator that
    /// is cancelled then signals none, as a second signal means to many programs that they must not clean up.
    package let isEnding: @Sendable () -> Bool

    package init(
        print: @escaping @Sendable (ArraySlice<UInt8>) -> Void,
        noteKill: @escaping @Sendable () -> Void = {},
        noteShortage: @escaping @Sendable (_ reason: String) -> Void = { _ in },
        isEnding: @escaping @Sendable () -> Bool = { false }
    ) {
        self.print = print
        self.noteKill = noteKill
        self.noteShortage = noteShortage
        self.isEnding = isEnding
    }
}
