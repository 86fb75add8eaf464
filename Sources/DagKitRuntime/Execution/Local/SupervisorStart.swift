import DagKitCore
import DagKitSystem
import Glibc

/// Starts supervisors and finds those that run.
struct SupervisorStart: Sendable {
    /// The template of what a new supervisor is told.
    let configuration: SupervisorConfiguration

    /// The program that becomes the supervisor.
    let program: String
    let environment: [String: String]?

    /// Starts a supervisor and connects to it.
    func start(programIdentity: String, until deadline: BootTimeClock.Instant) async throws -> (
        ChildProcess, SupervisorLink
    ) {
        var configuration = configuration
        configuration.generation = "\(getpid())-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        let child = try spawn(configuration)
        let path = configuration.folders.socket(of: configuration.generation)
        while BootTimeClock().now < deadline {
            if let link = try await SupervisorLink.connect(path, program: programIdentity, until: deadline) {
                return (child, link)
            }
            // Its start is too short to be worth an event of its own; a death ends the wait at once.
            let soon = BootTimeClock().now.advanced(by: .milliseconds(1))
            if let exit = try await child.wait(until: soon) {
                throw LocalExecutorError.noSupervisor("\(exit)")
            }
        }
        child.send(SIGKILL)
        _ = try await child.wait()
        throw LocalExecutorError.noSupervisor("it did not answer in time")
    }

    /// Connects to every living supervisor of this home, and removes what dead ones left.
    func findAll(programIdentity: String, until deadline: BootTimeClock.Instant) async throws
        -> [SupervisorLink]
    {
        var links: [SupervisorLink] = []
        for path in try configuration.folders.sockets() {
            if let link = try await SupervisorLink.connect(path, program: programIdentity, until: deadline) {
                links.append(link)
            } else {
                try FileSystem.remove(path)
            }
        }
        return links
    }

    private func spawn(_ configuration: SupervisorConfiguration) throws -> ChildProcess {
        let nothing = try FileDescriptor.open("/dev/null", O_RDWR)
        let log = try FileDescriptor.open(
            "\(configuration.folders.logs)/supervisor/supervisor.log", O_WRONLY | O_CREAT | O_APPEND)
        // A session of its own: it outlives this process and hears nothing from its terminal.
        return try ChildProcess.start(
            Command(
                program, [DagKitWorker.supervisorArgument, try JSONCoding.encode(configuration)],
                environment: environment, descriptors: [0: nothing.raw, 1: log.raw, 2: log.raw],
                separation: .session, shownName: CommandLine.arguments.first))
    }
}

/// Why the local executor cannot work.
package enum LocalExecutorError: DagKitError, Equatable {
    case noSupervisor(String)

    package var problem: String {
        switch self {
        case .noSupervisor(let reason): "the supervisor of the workers does not start: \(reason)"
        }
    }

    package var remedy: String { "look into logs/supervisor/supervisor.log" }
}
