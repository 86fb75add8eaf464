import CSystem
import Glibc
import Synchronization

/// A process that this one has started, known by a descriptor that no reuse of process ids can mislead.
///
/// ```swift
/// let child = try ChildProcess.start(Command("/bin/sh", ["-c", script]))
/// let exit = try await child.wait()
/// ```
/// Whoever starts a child waits for it, or ends it: nothing is reaped behind the scenes.
package final class ChildProcess: Sendable {
    /// The process id, and with ``Command/Separation/group`` that of its group.
    package let id: Int32

    private let handle: FileDescriptor
    private let leadsGroup: Bool
    private let exit = Mutex<ProcessExit?>(nil)

    private init(id: Int32, handle: consuming FileDescriptor, leadsGroup: Bool) {
        self.id = id
        self.handle = handle
        self.leadsGroup = leadsGroup
    }

    /// Starts a program.
    ///
    /// - Throws: ``SystemError`` that names the folder or the program, whichever is not usable, or a text that holds a NUL
    ///   character.
    package static func start(_ command: Command) throws(SystemError) -> ChildProcess {
        try command.requireNoNUL()
        let program = try command.resolvedProgram()
        if let folder = command.folder, !FileSystem.isFolder(folder) {
            throw .failed("start in folder", folder, code: ENOENT)
        }
        var pid: pid_t = 0
        let code = try spawn(command, program, &pid)
        guard code == 0 else { throw .failed("start program", command.program, code: code) }
        let handle = dagkit_pidfd_open(pid)
        guard handle >= 0 else {
            let error = SystemError.last("watch process", "\(pid)")
            // Nobody would ever wait for it.
            kill(command.separation == .none ? pid : -pid, SIGKILL)
            var status: Int32 = 0
            starts.withLock { starts in
                while waitpid(pid, &status, 0) < 0, errno == EINTR {}
                starts.running.remove(pid)
            }
            throw error
        }
        return ChildProcess(
            id: pid, handle: FileDescriptor(owning: handle),
            leadsGroup: command.separation != .none && command.ownsGroup)
    }

    /// Starts a program, and gives up what that takes: the descriptor that watches it may need the room.
    ///
    /// - Returns: An error number, 0 for none.
    private static func spawn(
        _ command: Command, _ program: String, _ pid: inout pid_t
    ) throws(SystemError) -> Int32 {
        let descriptors = command.descriptors.merging(handedOn) { own, _ in own }
        let sources = try HighCopies(of: descriptors)
        return starts.withLock { starts in
            guard starts.areAllowed, !starts.arePaused else { return ECANCELED }
            let code = withArguments(program: program, command) { arguments, environment, path, folder in
                sources.withUnsafePointers { from, to in
                    var request = dagkit_spawn_request(
                        path: path, arguments: arguments, environment: environment, folder: folder,
                        sources: from, targets: to, count: Int32(descriptors.count),
                        separation: command.separation.rawValue)
                    return dagkit_spawn(&request, &pid)
                }
            }
            if code == 0 { starts.running.insert(pid) }
            return code
        }
    }

    /// Lets this process start no program any more: whoever tries gets `ECANCELED`.
    ///
    /// It returns once no start is under way, so that whoever kills all children then kills every one.
    package static func forbidStarts() {
        starts.withLock { $0.areAllowed = false }
    }

    /// Lets this process start no program for a while, or programs again, unless starts are forbidden for good: whoever tries
    /// meanwhile gets `ECANCELED`.
    ///
    /// It returns once no start is under way.
    package static func pauseStarts(_ isPaused: Bool) {
        starts.withLock { $0.arePaused = isPaused }
    }

    /// The ids of the processes that this one has started and not waited for; what else is its child was left to it.
    package static var running: Set<Int32> { starts.withLock(\.running) }

    private struct Starts {
        var areAllowed = true
        var arePaused = false
        var running: Set<Int32> = []
    }

    private static let starts = Mutex(Starts())

    /// Gives every program that is started from now on a copy of a descriptor, so that it and what it starts can be found by
    /// the file behind it; `nil` for no more.
    ///
    /// The copy has a number that scripts do not use. A process that may have few descriptors gives none.
    package static func handOn(_ descriptor: Int32?) {
        handed.withLock { $0 = descriptor }
    }

    private static let handed = Mutex<Int32?>(nil)
    private static let handedNumber: Int32 = 20

    private static var handedOn: [Int32: Int32] {
        guard let descriptor = handed.withLock({ $0 }), fcntl(descriptor, F_GETFD) >= 0 else { return [:] }
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return limit.rlim_cur > 64 ? [handedNumber: descriptor] : [:]
    }

    /// Becomes readable when the process has ended; for event loops of their own.
    package var descriptor: Int32 { handle.raw }

    /// How the process ended, or `nil` while it runs.
    ///
    /// What is left of its group is killed with it.
    package func poll() throws(SystemError) -> ProcessExit? {
        try exit.withLock { known throws(SystemError) in
            if known == nil { known = try reap() }
            return known
        }
    }

    /// Waits for the end of the process; any number of tasks may wait.
    ///
    /// - Throws: `CancellationError`; the process runs on.
    package func wait() async throws -> ProcessExit {
        while true {
            if let exit = try poll() { return exit }
            _ = try await Reactor.shared.wait(for: .readable, on: handle.raw)
        }
    }

    /// Waits for the end of the process, at most until the deadline.
    ///
    /// - Returns: `nil` if it still runs then.
    package func wait(until deadline: BootTimeClock.Instant) async throws -> ProcessExit? {
        if let exit = try poll() { return exit }
        _ = try await Reactor.shared.wait(for: .readable, on: handle.raw, until: deadline)
        return try poll()
    }

    /// Sends a signal to the process; one that has ended gets none.
    package func send(_ signal: Int32) {
        dagkit_pidfd_send_signal(handle.raw, signal)
    }

    /// Sends a signal to the process and all of its group.
    package func sendToGroup(_ signal: Int32) {
        guard leadsGroup else { return send(signal) }
        exit.withLock { known in
            // Until it is reaped, here or by who kills all descendants, its id cannot become that of another group.
            if known == nil, dagkit_has_ended(id) >= 0 { kill(-id, signal) }
        }
    }

    /// Ends the process and its group: asks, waits for `grace`, then kills.
    package func end(grace: Duration, signal: Int32 = SIGTERM) async throws -> ProcessExit {
        sendToGroup(signal)
        if let exit = try await wait(until: BootTimeClock().now.advanced(by: grace)) { return exit }
        sendToGroup(SIGKILL)
        return try await wait()
    }

    private func reap() throws(SystemError) -> ProcessExit? {
        let hasEnded = dagkit_has_ended(id)
        guard hasEnded >= 0 else { throw .last("wait for process", "\(id)") }
        guard hasEnded == 1 else { return nil }
        if leadsGroup { kill(-id, SIGKILL) }
        var status: Int32 = 0
        var usage = rusage()
        // Until it is noted, nobody gets its id.
        try Self.starts.withLock { starts throws(SystemError) in
            guard wait4(id, &status, 0, &usage) == id else { throw .last("wait for process", "\(id)") }
            starts.running.remove(id)
        }
        let exit = ProcessExit(status: status, usage: usage)
        ProcessMeasurement.noteEnd(of: exit.usage)
        return exit
    }
}

extension ChildProcess {
    /// Copies of descriptors above all numbers that the child will use, so that placing one never overwrites another.
    private struct HighCopies: ~Copyable {
        private var sources: [Int32] = []
        private var targets: [Int32] = []

        init(of descriptors: [Int32: Int32]) throws(SystemError) {
            let lowest = max(descriptors.keys.max() ?? 0, 2) + 1
            for (target, source) in descriptors {
                let copy = fcntl(source, F_DUPFD_CLOEXEC, lowest)
                guard copy >= 0 else {
                    let error = SystemError.last("copy a descriptor")
                    for source in sources { close(source) }
                    throw error
                }
                sources.append(copy)
                targets.append(target)
            }
        }

        deinit {
            for source in sources { close(source) }
        }

        func withUnsafePointers<Value>(
            _ body: (UnsafePointer<Int32>?, UnsafePointer<Int32>?) -> Value
        ) -> Value {
            sources.withUnsafeBufferPointer { sources in
                targets.withUnsafeBufferPointer { targets in body(sources.baseAddress, targets.baseAddress) }
            }
        }
    }

    private typealias CStrings = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

    /// Lends the command's strings to C.
    private static func withArguments<Value>(
        program: String, _ command: Command,
        _ body: (CStrings, CStrings?, UnsafePointer<CChar>, UnsafePointer<CChar>?) -> Value
    ) -> Value {
        var arguments =
            ([command.shownName ?? command.program] + command.arguments).map { strdup($0) } + [nil]
        var environment = (command.environment ?? [:]).map { strdup("\($0)=\($1)") } + [nil]
        let folder = command.folder.map { strdup($0) } ?? nil
        defer {
            for string in arguments + environment + [folder] { free(string) }
        }
        return program.withCString { path in
            arguments.withUnsafeMutableBufferPointer { arguments in
                environment.withUnsafeMutableBufferPointer { environment in
                    let list = command.environment == nil ? nil : environment.baseAddress
                    return body(arguments.baseAddress!, list, path, folder)
                }
            }
        }
    }
}
