import DagKitCore
import DagKitSystem
import Glibc

/// A scheduler's connection to a supervisor.
///
/// What is sent is queued: a supervisor that was stopped must not hold up the scheduler.
final class SupervisorLink: Sendable {
    let welcome: SupervisorWelcome
    let path: String
    private let socket: LocalSocket
    private let queue: AsyncStream<SchedulerMessage>.Continuation
    private let writer: Task<Void, Never>

    /// Who the supervisor is.
    var process: ProcessIdentity { welcome.process }

    private init(_ socket: LocalSocket, path: String, welcome: SupervisorWelcome) {
        self.socket = socket
        self.path = path
        self.welcome = welcome
        let (messages, queue) = AsyncStream<SchedulerMessage>.makeStream()
        self.queue = queue
        // It lives as long as the connection.
        writer = Task {
            for await message in messages {
                do {
                    try await socket.writeFrame(MessageCoding.bytes(of: message))
                } catch {
                    // The end of the connection settles what becomes of the attempts.
                    return socket.shutDown()
                }
            }
        }
    }

    deinit { close() }

    /// Connects to the supervisor that listens at `path`.
    ///
    /// - Throws: ``SystemError`` with `ENOENT` or `ECONNREFUSED` if none does any more, `ETIMEDOUT` if it does not answer.
    static func connect(
        _ path: String, identity: String, until deadline: BootTimeClock.Instant
    ) async throws -> SupervisorLink {
        try await Call.begin(path, identity: identity, until: deadline).answer(until: deadline)
    }

    /// A connection to a supervisor that has not answered yet.
    struct Call: Sendable {
        let path: String

        /// Who listens there.
        let process: ProcessIdentity
        private let socket: LocalSocket

        /// Connects, and says who this is.
        ///
        /// - Throws: ``SystemError`` with `ENOENT` or `ECONNREFUSED` if nobody listens any more.
        static func begin(
            _ path: String, identity: String, until deadline: BootTimeClock.Instant
        ) async throws -> Call {
            let socket = try await LocalSocket.connect(path)
            guard try socket.isPeerTrusted() else {
                throw SystemError.failed("trust who listens at", path, code: EPERM)
            }
            try await socket.writeFrame(
                MessageCoding.bytes(of: SchedulerMessage.hello(identity: identity)), until: deadline)
            guard let process = ProcessIdentity.of(try socket.peer().process) else {
                throw SystemError.failed("talk to the supervisor at", path, code: ECONNRESET)
            }
            return Call(path: path, process: process, socket: socket)
        }

        /// Waits for the answer.
        ///
        /// - Throws: ``SystemError`` with `ETIMEDOUT` after the deadline, upon which it may be waited for again.
        func answer(until deadline: BootTimeClock.Instant? = nil) async throws -> SupervisorLink {
            guard let answer = try await socket.readFrame(until: deadline),
                case .welcome(let welcome) = try MessageCoding.message(SupervisorMessage.self, from: answer)
            else { throw SystemError.failed("talk to the supervisor at", path, code: ECONNRESET) }
            return SupervisorLink(socket, path: path, welcome: welcome)
        }
    }

    /// Puts a message on its way.
    func send(_ message: SchedulerMessage) { queue.yield(message) }

    /// The next message; `nil` once the supervisor has closed the connection.
    func receive() async throws -> SupervisorMessage? {
        guard let bytes = try await socket.readFrame() else { return nil }
        return try MessageCoding.message(SupervisorMessage.self, from: bytes)
    }

    /// Ends the connection.
    func close() {
        queue.finish()
        writer.cancel()
        socket.shutDown()
    }

    /// Ends the connection once everything is sent, or at the deadline.
    func finish(until deadline: BootTimeClock.Instant) async {
        queue.finish()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.writer.value }
            group.addTask {
                try? await BootTimeClock().sleep(until: deadline)
                self.writer.cancel()
            }
            await group.next()
            group.cancelAll()
        }
        close()
    }
}
