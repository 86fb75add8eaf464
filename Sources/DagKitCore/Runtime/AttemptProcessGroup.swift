/// A service that an executor offers where each attempt has a process group of its own.
///
/// Commands are then started into that group, so that whoever ends the attempt ends them with it; elsewhere each command
/// leads a group of its own, which its operator ends.
///
/// ```swift
/// services[AttemptProcessGroup.self] = AttemptProcessGroup()
/// ```
package struct AttemptProcessGroup: Sendable {
    package init() {}
}
