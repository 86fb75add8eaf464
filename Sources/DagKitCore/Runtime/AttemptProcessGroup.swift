/// A service that an executor offers where each attempt has a process group of its own, and an output that is its log.
///
/// Commands are then started into that group, so that whoever ends the attempt ends them with it, and what they print goes
/// to the log byte by byte; elsewhere each command leads a group of its own, which its operator ends.
///
/// ```swift
/// services[AttemptProcessGroup.self] = AttemptProcessGroup { bytes in … }
/// ```
package struct AttemptProcessGroup: Sendable {
    /// Writes a line, without its line break, to the output of the attempt as it is.
    package let print: @Sendable (ArraySlice<UInt8>) -> Void

    package init(print: @escaping @Sendable (ArraySlice<UInt8>) -> Void) { self.print = print }
}
