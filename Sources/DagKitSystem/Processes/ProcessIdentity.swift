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
        guard let identity = try find(getpid()) else { throw .failed("read", "/proc/self/stat", code: EIO) }
        return identity
    }

    /// The process that has this id now; `nil` also where the system does not say.
    ///
    /// Who decides over life and death by the answer asks ``find(_:)``.
    package static func of(_ id: Int32) -> ProcessIdentity? { (try? find(id)) ?? nil }

    /// The process that has this id now; `nil` if there is none.
    ///
    /// - Throws: ``SystemError`` if the system does not say.
    package static func find(_ id: Int32) throws(SystemError) -> ProcessIdentity? {
        try ProcessStatus.read(id).map { ProcessIdentity(id: id, startTime: $0.startTime) }
    }

    /// Whether the process lives; one that has ended and only waits to be reaped does not.
    ///
    /// Where the system does not say, it is taken to live.
    package var isAlive: Bool { (try? lives()) ?? true }

    /// Whether the process lives; one that has ended and only waits to be reaped does not.
    ///
    /// - Throws: ``SystemError`` if the system does not say.
    package func lives() throws(SystemError) -> Bool { try isShown(by: ProcessStatus.read(id)) }

    private func isShown(by status: ProcessStatus?) -> Bool {
        status.map { $0.startTime == startTime && !$0.isZombie } ?? false
    }

    /// What became of a signal.
    package enum Delivery: Sendable, Equatable {
        case sent
        /// The process has ended.
        case gone
        /// The system did not send it, or could not tell whether it was the right process.
        case refused(SystemError)
    }

    /// Whether the process was stopped (SIGSTOP) and does nothing until it is told to go on.
    package var isStopped: Bool {
        guard let status = (try? ProcessStatus.read(id)) ?? nil, status.startTime == startTime else {
            return false
        }
        return status.isStopped
    }

    /// Sends a signal to this process and to no later one that got its id.
    @discardableResult
    package func send(_ signal: Int32) -> Delivery {
        do throws(SystemError) {
            return try DescriptorReserve.look { () throws(SystemError) in try deliver(signal) }
        } catch {
            return error.code == ESRCH ? .gone : .refused(error)
        }
    }

    private func deliver(_ signal: Int32) throws(SystemError) -> Delivery {
        let handle = dagkit_pidfd_open(id)
        guard handle >= 0 else { throw .last("watch process", "\(id)") }
        let owner = FileDescriptor(owning: handle)
        // Looked at once the descriptor holds the process: from here on its id cannot mean another one.
        guard isShown(by: try ProcessStatus.readOnce(id)) else { return .gone }
        guard dagkit_pidfd_send_signal(owner.raw, signal) == 0 else {
            throw .last("send signal \(signal) to process", "\(id)")
        }
        return .sent
    }

    /// Waits for the end of a process, which need not be a child of this one.
    ///
    /// While the system does not say whether it lives, it is asked again and again.
    ///
    /// - Returns: `false` if the deadline came first.
    /// - Throws: `CancellationError`.
    package func waitForEnd(until deadline: BootTimeClock.Instant? = nil) async throws -> Bool {
        let clock = BootTimeClock()
        while true {
            do {
                return try await watchedEnd(until: deadline)
            } catch let error as SystemError {
                if error.code == ESRCH { return true }
                // Without a descriptor to watch it by, it can still be looked at.
                if (try? lives()) == false { return true }
                let next = clock.now.advanced(by: .milliseconds(100))
                if let deadline, deadline <= next {
                    try await clock.sleep(until: deadline)
                    return false
                }
                try await clock.sleep(until: next)
            }
        }
    }

    private func watchedEnd(until deadline: BootTimeClock.Instant?) async throws -> Bool {
        let handle = dagkit_pidfd_open(id)
        guard handle >= 0 else { throw SystemError.last("watch process", "\(id)") }
        let owner = FileDescriptor(owning: handle)
        // Checked once the process cannot be exchanged for another any more.
        guard try lives() else { return true }
        return try await Reactor.shared.wait(for: .readable, on: owner.raw, until: deadline)
    }
}

/// The part of `/proc/<pid>/stat` that we need.
struct ProcessStatus {
    let parent: Int32
    let session: Int32
    let startTime: UInt64
    let isZombie: Bool
    let isStopped: Bool

    /// - Returns: `nil` if there is no process of that id.
    /// - Throws: ``SystemError`` if the system does not say.
    static func read(_ id: Int32) throws(SystemError) -> ProcessStatus? {
        try DescriptorReserve.look { () throws(SystemError) in try readOnce(id) }
    }

    /// ``read(_:)`` as part of another look.
    static func readOnce(_ id: Int32) throws(SystemError) -> ProcessStatus? {
        let path = "/proc/\(id)/stat"
        do throws(SystemError) {
            let text = try FileSystem.readText(path)
            guard let status = ProcessStatus(text) else { throw .failed("read", path, code: EIO) }
            return status
        } catch {
            guard error.saysThatProcessIsGone else { throw error }
            return nil
        }
    }

    /// Reads a line of the kernel's; `nil` if it is none.
    init?(_ text: String) {
        // The program's name stands in brackets and may itself hold brackets and spaces.
        guard let bracket = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: bracket)...].split(separator: " ")
        guard fields.count > 19, let parent = Int32(fields[1]), let session = Int32(fields[3]),
            let threads = Int(fields[17]),
            let startTime = UInt64(fields[19])
        else { return nil }
        self.parent = parent
        self.session = session
        self.startTime = startTime
        // A process whose first thread has ended shows as a zombie while its other threads run.
        isZombie = (fields[0] == "Z" || fields[0] == "X") && threads <= 1
        isStopped = fields[0] == "T" || fields[0] == "t"
    }
}

extension SystemError {
    /// Whether a file of `/proc/<pid>` could not be read because there is no such process (any more).
    var saysThatProcessIsGone: Bool { code == ENOENT || code == ESRCH }
}
