import DagKitCore
package import DagKitSystem
import Glibc

/// Starts supervisors and finds those that run.
struct SupervisorStart: Sendable {
    /// The template of what a new supervisor is told.
    let configuration: SupervisorConfiguration

    /// The program that becomes the supervisor.
    let program: String
    let environment: [String: String]?

    /// The descriptor that a supervisor closes once it listens.
    static let readyDescriptor: Int32 = 3

    /// Starts a supervisor and connects to it.
    func start(
        until deadline: BootTimeClock.Instant
    ) async throws -> (ChildProcess, SupervisorLink) {
        var configuration = configuration
        configuration.identity = try identity()
        configuration.generation = "\(getpid())-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        let (child, ready) = try spawn(configuration)
        do {
            _ = try await Reactor.shared.wait(for: .readable, on: ready.descriptor.raw, until: deadline)
            let path = configuration.folders.socket(of: configuration.generation)
            return (
                child,
                try await SupervisorLink.connect(path, identity: configuration.identity, until: deadline)
            )
        } catch {
            let isLate = BootTimeClock().now >= deadline
            child.send(SIGKILL)
            try Task.checkCancellation()
            let exit = try await child.wait()
            throw isLate ? LocalExecutorError.silentSupervisor : .deadSupervisor(exit)
        }
    }

    /// Connects to every living supervisor of this home.
    func findAll() async throws -> SupervisorSearch.Found {
        try await SupervisorSearch(configuration.folders, identity: identity()).run()
    }

    /// What a supervisor that is started now would be.
    func identity() throws -> String {
        try configuration.identity(
            program: program, environment: environment ?? CurrentProcess.environment)
    }

    private func spawn(_ configuration: SupervisorConfiguration) throws -> (ChildProcess, OpenEnd) {
        let ends = try FileDescriptor.pipe()
        let nothing = try FileDescriptor.open("/dev/null", O_RDWR)
        let log = try SupervisorLog(configuration.folders).open()
        // A session of its own: it outlives this process and hears nothing from its terminal.
        let child = try ChildProcess.start(
            Command(
                program, [DagKitWorker.supervisorArgument, try JSONCoding.encode(configuration)],
                environment: environment,
                descriptors: [0: nothing.raw, 1: log.raw, 2: log.raw, Self.readyDescriptor: ends.writer.raw],
                separation: .session, shownName: CommandLine.arguments.first))
        return (child, OpenEnd(try ends.reader.duplicate()))
    }

    /// The end of a pipe whose other end the child alone has.
    private final class OpenEnd: Sendable {
        let descriptor: FileDescriptor

        init(_ descriptor: consuming FileDescriptor) {
            self.descriptor = descriptor
        }
    }
}

/// Why the local executor cannot work.
package enum LocalExecutorError: DagKitError, Equatable {
    case deadSupervisor(ProcessExit)
    case silentSupervisor
    /// The lock file of an attempt cannot be looked at.
    case unreadableLock(String, cause: SystemError)
    /// A process listens in the place of a supervisor that this process cannot see.
    case unseenSupervisor(String)

    package var problem: String {
        switch self {
        case .deadSupervisor(let exit): "the supervisor of the workers does not start: \(exit)"
        case .silentSupervisor: "the supervisor of the workers does not answer after its start"
        case .unreadableLock(let path, let cause):
            "cannot say whose lock \"\(path)\" is: \(SystemError.text(of: cause.code))"
        case .unseenSupervisor(let path): "a process that cannot be seen from here listens at \"\(path)\""
        }
    }

    package var remedy: String {
        switch self {
        case .deadSupervisor, .silentSupervisor: "look into logs/supervisor/supervisor.log"
        case .unreadableLock:
            "an attempt of another user may run: end it as its owner or as root, then remove what is there"
        case .unseenSupervisor:
            "start the scheduler in the container where that supervisor runs, or end it there first"
        }
    }
}
