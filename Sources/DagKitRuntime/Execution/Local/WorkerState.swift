import DagKitSystem
import Glibc

/// What a worker finds at its start and gives back to itself after each attempt, and by which it tells that it cannot.
struct WorkerState: ~Copyable {
    private let environment: [String: String]
    private let folder: FileDescriptor
    private let fileMode: mode_t
    private let fixed: Fixed

    /// What stays after the first attempt are caches that every attempt uses; what comes later is a leak.
    private var usual: Usage?

    /// What a task can change for good, or what nobody knows how to set back.
    private struct Fixed: Equatable {
        let limits: [UInt]
        let priority: Int32
        let handlers: [UInt]
        let blockedSignals: [Bool]
        let outputs: [UInt]

        static func now() -> Fixed {
            Fixed(
                limits: [RLIMIT_NOFILE, RLIMIT_CORE, RLIMIT_FSIZE, RLIMIT_AS, RLIMIT_CPU].flatMap(limit),
                priority: getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0),
                handlers: [SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGCHLD].map(handler), blockedSignals: blocked(),
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

        /// Of the signals that end an attempt, those that the calling thread does not hear.
        private static func blocked() -> [Bool] {
            var set = sigset_t()
            pthread_sigmask(SIG_BLOCK, nil, &set)
            return [SIGTERM, SIGINT, SIGCHLD].map { sigismember(&set, $0) == 1 }
        }

        private static func file(_ descriptor: Int32) -> UInt {
            var status = stat()
            return fstat(descriptor, &status) == 0 ? status.st_ino : 0
        }
    }

    /// What a task may leave behind.
    private struct Usage {
        let descriptors: Int
        let threads: Int
        let memory: Int

        static func now() -> Usage {
            let descriptors = (try? FileSystem.names(in: "/proc/self/fd").count) ?? 0
            let (threads, memory) = CurrentProcess.threadsAndMemory ?? (0, 0)
            return Usage(descriptors: descriptors, threads: threads, memory: memory)
        }

        func isLeak(beside usual: Usage) -> Bool {
            descriptors > usual.descriptors + 8 || threads > usual.threads + 32
                || memory > usual.memory + 256 << 20
        }
    }

    init() throws {
        environment = CurrentProcess.environment
        folder = try FileDescriptor.open(".", O_RDONLY | O_DIRECTORY)
        fileMode = umask(0o077)
        umask(fileMode)
        fixed = Fixed.now()
    }

    /// Undoes what the last task changed.
    ///
    /// - Returns: Whether the process is as it was; one that is not should run nothing more.
    mutating func restore() throws -> Bool {
        guard fchdir(folder.raw) == 0 else { throw SystemError.last("return to the working folder") }
        umask(fileMode)
        let current = CurrentProcess.environment
        if current != environment {
            for name in current.keys where environment[name] == nil { unsetenv(name) }
            for (name, value) in environment where current[name] != value { setenv(name, value, 1) }
        }
        let usage = Usage.now()
        defer { usual = usual ?? usage }
        return Fixed.now() == fixed && !usage.isLeak(beside: usual ?? usage)
    }
}
