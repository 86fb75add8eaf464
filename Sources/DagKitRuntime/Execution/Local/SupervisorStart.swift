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
            let exit = try await child.wait()
            throw isLate ? LocalExecutorError.silentSupervisor : .deadSupervisor(exit)
        }
    }

    /// The supervisors of a home that live.
    struct Found: Sendable {
        var links: [SupervisorLink] = []

        /// Those that do not answer: what they run must not run twice, and nobody else knows what that is.
        var silent: [SupervisorLink.Call] = []
    }

    /// Connects to every living supervisor of this home, and removes what dead ones left.
    ///
    /// One that was stopped, as the kernel says, gets half a second to answer, any other one five.
    func findAll() async throws -> Found {
        let identity = try identity()
        var found = Found()
        for path in try configuration.folders.sockets() {
            while true {
                do {
                    let now = BootTimeClock().now
                    let call = try await SupervisorLink.Call.begin(
                        path, identity: identity, until: now.advanced(by: .seconds(5)))
                    do {
                        found.links.append(try await patientAnswer(to: call))
                    } catch SystemError.failed(_, _, code: ETIMEDOUT) {
                        found.silent.append(call)
                    }
                } catch SystemError.failed(_, _, let code) where code == ECONNREFUSED || code == ENOENT {
                    try FileSystem.remove(path)
                } catch SystemError.failed(_, _, let code) where code == ECONNRESET || code == EPIPE {
                    // It is ending just now.
                    try await BootTimeClock().sleep(for: .milliseconds(20))
                    continue
                }
                break
            }
        }
        return found
    }

    private func patientAnswer(to call: SupervisorLink.Call) async throws -> SupervisorLink {
        let start = BootTimeClock().now
        do {
            return try await call.answer(until: start.advanced(by: .milliseconds(500)))
        } catch SystemError.failed(_, _, code: ETIMEDOUT) where !call.process.isStopped {
            return try await call.answer(until: start.advanced(by: .seconds(5)))
        }
    }

    /// What a supervisor that is started now would be.
    func identity() throws -> String {
        try configuration.identity(
            program: program, environment: environment ?? CurrentProcess.environment)
    }

    private func spawn(_ configuration: SupervisorConfiguration) throws -> (ChildProcess, OpenEnd) {
        let ends = try FileDescriptor.pipe()
        let nothing = try FileDescriptor.open("/dev/null", O_RDWR)
        let log = try openLog()
        // A session of its own: it outlives this process and hears nothing from its terminal.
        let child = try ChildProcess.start(
            Command(
                program, [DagKitWorker.supervisorArgument, try JSONCoding.encode(configuration)],
                environment: environment,
                descriptors: [0: nothing.raw, 1: log.raw, 2: log.raw, Self.readyDescriptor: ends.writer.raw],
                separation: .session, shownName: CommandLine.arguments.first))
        return (child, OpenEnd(try ends.reader.duplicate()))
    }

    /// Opens the supervisors' own log; one that has become long makes room for a new one.
    ///
    /// A supervisor without a log is better than none.
    private func openLog() throws -> FileDescriptor {
        let path = "\(configuration.folders.logs)/supervisor/supervisor.log"
        do {
            let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_APPEND)
            var status = stat()
            guard fstat(file.raw, &status) == 0, status.st_size > Self.logLimit else { return file }
            guard rename(path, path + ".1") == 0 else { return file }
            return try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_APPEND)
        } catch {
            return try FileDescriptor.open("/dev/null", O_WRONLY)
        }
    }

    private static let logLimit = 8 << 20

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

    package var problem: String {
        switch self {
        case .deadSupervisor(let exit): "the supervisor of the workers does not start: \(exit)"
        case .silentSupervisor: "the supervisor of the workers does not answer after its start"
        }
    }

    package var remedy: String { "look into logs/supervisor/supervisor.log" }
}
