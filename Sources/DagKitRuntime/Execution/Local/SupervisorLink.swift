import DagKitCore
import DagKitSystem
import Glibc

/// A scheduler's connection to a supervisor.
final class SupervisorLink: Sendable {
    let welcome: SupervisorWelcome
    let path: String
    private let socket: LocalSocket

    /// Who the supervisor is.
    var process: ProcessIdentity { welcome.process }

    private init(_ socket: LocalSocket, path: String, welcome: SupervisorWelcome) {
        self.socket = socket
        self.path = path
        self.welcome = welcome
    }

    /// Connects to the supervisor that listens at `path`.
    ///
    /// - Throws: ``SystemError`` with `ENOENT` or `ECONNREFUSED` if none does any more, `ETIMEDOUT` if it does not answer.
    static func connect(
        _ path: String, program: String, until deadline: BootTimeClock.Instant
    ) async throws -> SupervisorLink {
        let socket = try await LocalSocket.connect(path)
        guard try socket.isPeerTrusted() else {
            throw SystemError.failed("trust who listens at", path, code: EPERM)
        }
        try await socket.writeFrame(
            MessageCoding.bytes(of: SchedulerMessage.hello(program: program)), until: deadline)
        guard let answer = try await socket.readFrame(until: deadline),
            case .welcome(let welcome) = try MessageCoding.message(SupervisorMessage.self, from: answer)
        else { throw SystemError.failed("talk to the supervisor at", path, code: ECONNRESET) }
        return SupervisorLink(socket, path: path, welcome: welcome)
    }

    func send(_ message: SchedulerMessage) async throws {
        try await socket.writeFrame(MessageCoding.bytes(of: message))
    }

    /// The next message; `nil` once the supervisor has closed the connection.
    func receive() async throws -> SupervisorMessage? {
        guard let bytes = try await socket.readFrame() else { return nil }
        return try MessageCoding.message(SupervisorMessage.self, from: bytes)
    }

    func close() { socket.shutDown() }
}
