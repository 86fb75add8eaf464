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

    /// The descriptor that a supervisor closes once it listens.
    static let readyDescriptor: Int32 = 3

    /// Starts a supervisor and connects to it.
    func start(
        programIdentity: String, until deadline: BootTimeClock.Instant
    ) async throws -> (ChildProcess, SupervisorLink) {
        var configuration = configuration
        configuration.generation = "\(getpid())-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        let (child, ready) = try spawn(configuration)
        do {
            _ = try await Reactor.shared.wait(for: .readable, on: ready.descriptor.raw, until: deadline)
            let path = configuration.folders.socket(of: configuration.generation)
            return (child, try await SupervisorLink.connect(path, program: programIdentity, until: deadline))
        } catch {
            child.send(SIGKILL)
            throw LocalExecutorError.noSupervisor("\(try await child.wait())")
        }
    }

    /// Connects to every living supervisor of this home, and removes what dead ones left.
    ///
    /// One that lives and does not answer, as it was stopped, is waited for: what it runs must not run twice.
    func findAll(programIdentity: String, log: SchedulerLog) async throws -> [SupervisorLink] {
        var links: [SupervisorLink] = []
        for path in try configuration.folders.sockets() {
            while true {
                do {
                    let deadline = BootTimeClock().now.advanced(by: .seconds(5))
                    links.append(
                        try await SupervisorLink.connect(path, program: programIdentity, until: deadline))
                } catch SystemError.failed(_, _, code: ETIMEDOUT) {
                    log.warning("the supervisor at \(path) does not answer; waiting for it")
                    continue
                } catch SystemError.failed(_, _, let code) where code == ECONNREFUSED || code == ENOENT {
                    try FileSystem.remove(path)
                } catch SystemError.failed(_, _, let code) where code == ECONNRESET || code == EPIPE {
                    // It is ending just now.
                    continue
                }
                break
            }
        }
        return links
    }

    private func spawn(_ configuration: SupervisorConfiguration) throws -> (ChildProcess, OpenEnd) {
        let ends = try FileDescriptor.pipe()
        let nothing = try FileDescriptor.open("/dev/null", O_RDWR)
        let log = try FileDescriptor.open(
            "\(configuration.folders.logs)/supervisor/supervisor.log", O_WRONLY | O_CREAT | O_APPEND)
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
    case noSupervisor(String)

    package var problem: String {
        switch self {
        case .noSupervisor(let reason): "the supervisor of the workers does not start: \(reason)"
        }
    }

    package var remedy: String { "look into logs/supervisor/supervisor.log" }
}
