import CSystem
import Glibc

/// A process that is named so that no later process can be taken for it: its id and the moment of its start.
package struct ProcessIdentity: Sendable, Hashable, Codable {
    package let id: Int32
    /// In the kernel's ticks since the machine's start.
    package let startTime: UInt64

    package init(id: Int32, startTime: UInt64) {
        self.id = id
        self.startTime = startTime
    }

    /// This process.
    package static func current() throws(SystemError) -> ProcessIdentity {
        guard let identity = of(getpid()) else { throw .failed("read", "/proc/self/stat", code: EIO) }
        return identity
    }

    /// The process that has this id now.
    package static func of(_ id: Int32) -> ProcessIdentity? {
        ProcessStatus.read(id).map { ProcessIdentity(id: id, startTime: $0.startTime) }
    }

    /// Whether the process lives; one that has ended and only waits to be reaped does not.
    package var isAlive: Bool {
        guard let status = ProcessStatus.read(id), status.startTime == startTime else { return false }
        return !status.isZombie
    }

    /// Whether the process was stopped (SIGSTOP) and does nothing until it is told to go on.
    package var isStopped: Bool {
        guard let status = ProcessStatus.read(id), status.startTime == startTime else { return false }
        return status.isStopped
    }

    /// Sends a signal to this process and to no later one that got its id.
    ///
    /// - Returns: Whether it was there to get the signal.
    @discardableResult
    package func send(_ signal: Int32) -> Bool {
        let handle = FileDescriptor(owning: dagkit_pidfd_open(id))
        // Looked at once the descriptor holds the process: from here on its id cannot mean another one.
        guard handle.raw >= 0, isAlive else { return false }
        return dagkit_pidfd_send_signal(handle.raw, signal) == 0
    }

    /// Waits for the end of a process, which need not be a child of this one.
    ///
    /// - Returns: `false` if the deadline came first.
    package func waitForEnd(until deadline: BootTimeClock.Instant? = nil) async throws -> Bool {
        let handle = FileDescriptor(owning: dagkit_pidfd_open(id))
        guard handle.raw >= 0 else {
            guard errno == ESRCH else { throw SystemError.last("watch process", "\(id)") }
            return true
        }
        // Checked once the process cannot be exchanged for another any more.
        guard isAlive else { return true }
        return try await Reactor.shared.wait(for: .readable, on: handle.raw, until: deadline)
    }
}

/// The part of `/proc/<pid>/stat` that we need.
struct ProcessStatus {
    let parent: Int32
    let startTime: UInt64
    let isZombie: Bool
    let isStopped: Bool

    static func read(_ id: Int32) -> ProcessStatus? {
        guard let text = try? FileSystem.readText("/proc/\(id)/stat") else { return nil }
        // The program's name stands in brackets and may itself hold brackets and spaces.
        guard let bracket = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: bracket)...].split(separator: " ")
        guard fields.count > 19, let parent = Int32(fields[1]), let startTime = UInt64(fields[19]) else {
            return nil
        }
        return ProcessStatus(
            parent: parent, startTime: startTime, isZombie: fields[0] == "Z" || fields[0] == "X",
            isStopped: fields[0] == "T" || fields[0] == "t")
    }
}
