import DagKitSystem
import Glibc

/// What a worker finds at its start and gives back to itself after each attempt, and by which it tells that it cannot.
struct WorkerState: ~Copyable {
    private let environment: EnvironmentImage
    private let folder: FileDescriptor
    private let fileMode: mode_t
    private let fixed: Fixed

    /// What stays after the first attempt are caches that every attempt uses; what comes later is a leak.
    private var usual: ProcessHoldings?

    /// What a task can change for good, or what nobody knows how to set back.
    ///
    /// The mask of signals is no part of it: tasks run on threads that hear none, the main thread hears all of them, and
    /// programs are started with an empty mask.
    private struct Fixed: Equatable {
        let limits: [UInt]
        let priority: Int32
        let handlers: [UInt]
        let outputs: [UInt]

        /// What differs; `nil` if nothing does.
        func difference(to other: Fixed) -> String? {
            if limits != other.limits { return "resource limits" }
            if priority != other.priority { return "the priority" }
            if handlers != other.handlers { return "the handling of signals" }
            return outputs != other.outputs ? "the standard streams" : nil
        }

        static func now() -> Fixed {
            Fixed(
                limits: [RLIMIT_NOFILE, RLIMIT_CORE, RLIMIT_FSIZE, RLIMIT_AS, RLIMIT_CPU].flatMap(limit),
                priority: getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0),
                handlers: [SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGCHLD].map(handler),
                outputs: [0, 1, 2].map(file))
        }

        private static func limit(_ resource: __rlimit_resource) -> [UInt] {
            var found = rlimit()
            getrlimit(__rlimit_resource_t(resource.rawValue), &found)
            return [found.rlim_cur, found.rlim_max]
        }

        private static func handler(_ signal: Int32) -> UInt {
            var action = sigaction()
            sigaction(signal, nil, &action)
            return unsafeBitCast(action.__sigaction_handler.sa_handler, to: UInt.self)
        }

        private static func file(_ descriptor: Int32) -> UInt {
            var status = stat()
            return fstat(descriptor, &status) == 0 ? status.st_ino : 0
        }
    }

    init() throws {
        environment = .now()
        folder = try FileDescriptor.open(".", O_RDONLY | O_DIRECTORY)
        fileMode = umask(0o077)
        umask(fileMode)
        fixed = Fixed.now()
    }

    /// Undoes what the last task changed.
    ///
    /// - Returns: Why the process is not as it was and should run nothing more; `nil` if it is.
    mutating func restore() throws -> String? {
        guard fchdir(folder.raw) == 0 else { throw SystemError.last("return to the working folder") }
        umask(fileMode)
        unsetenv(AttemptMark.variable)
        environment.restore()
        let usage = ProcessHoldings.now()
        defer { usual = usual ?? usage }
        if let change = fixed.difference(to: Fixed.now()) { return "the task changed \(change)" }
        return usage.leak(beside: usual ?? usage).map { "the task left \($0) behind" }
    }
}

extension ProcessHoldings {
    /// What is so much more than usual that a task must have left it; `nil` if nothing is.
    fileprivate func leak(beside usual: ProcessHoldings) -> String? {
        // A store that was read a moment ago may still be open, with a few connections.
        if descriptors > usual.descriptors + 16 { return "\(descriptors - usual.descriptors) open files" }
        if threads > usual.threads + 32 { return "\(threads - usual.threads) threads" }
        let megabytes = (memory - usual.memory) >> 20
        return megabytes > 256 ? "\(megabytes) MiB of memory" : nil
    }
}
