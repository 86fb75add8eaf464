import DagKitCore
import DagKitSystem
import Glibc
import Synchronization

/// A scheduler's connection to a supervisor.
///
/// What finds no room is queued: a supervisor that was stopped must not hold up the scheduler.
final class SupervisorLink: Sendable {
    let welcome: SupervisorWelcome
    let path: String
    private let socket: LocalSocket
    private let outgoing: Outgoing
    private let writer: Task<Void, Never>

    /// Who the supervisor is.
    var process: ProcessIdentity { welcome.process }

    private init(_ socket: LocalSocket, path: String, welcome: SupervisorWelcome) {
        self.socket = socket
        self.path = path
        self.welcome = welcome
        let (fillings, signal) = AsyncStream<Void>.makeStream()
        let outgoing = Outgoing(signal)
        self.outgoing = outgoing
        // It lives as long as the connection.
        writer = Task {
            for await _ in fillings {
                do {
                    while let bytes = outgoing.take() { try await socket.write(bytes) }
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
        private let parts = Parts()

        /// What has come of an answer.
        private final class Parts: Sendable {
            let lists = Mutex<(running: [AttemptOrder], outcomes: [AttemptOutcome])>(([], []))
        }

        private init(path: String, process: ProcessIdentity, socket: LocalSocket) {
            self.path = path
            self.process = process
            self.socket = socket
        }

        /// Connects, and says who this is.
        ///
        /// - Throws: ``SystemError`` with `ENOENT` or `ECONNREFUSED` if nobody listens any more, with `ECONNRESET` if who did
        ///   has ended, with `EAGAIN` if too many wait there; ``LocalExecutorError/unseenSupervisor(_:)``.
        static func begin(
            _ path: String, identity: String, until deadline: BootTimeClock.Instant
        ) async throws -> Call {
            let socket = try await LocalSocket.connect(path)
            guard try socket.isPeerTrusted() else {
                throw SystemError.failed("trust who listens at", path, code: EPERM)
            }
            let peer = try socket.peer().process
            // The kernel knows a process of another container by no number of ours.
            guard peer != 0 else { throw LocalExecutorError.unseenSupervisor(path) }
            guard let process = ProcessIdentity.of(peer) else {
                throw SystemError.failed("talk to the supervisor at", path, code: ECONNRESET)
            }
            do {
                try await socket.writeFrame(
                    MessageCoding.bytes(of: SchedulerMessage.hello(identity: identity)), until: deadline)
            } catch SystemError.failed(_, _, let code) where code == EPIPE || code == ECONNRESET {
                // Who reads the answer finds out.
            }
            return Call(path: path, process: process, socket: socket)
        }

        /// Waits for the answer.
        ///
        /// - Throws: ``SystemError`` with `ETIMEDOUT` after the deadline, upon which it may be waited for again.
        func answer(until deadline: BootTimeClock.Instant? = nil) async throws -> SupervisorLink {
            while let answer = try await socket.readFrame(until: deadline) {
                switch try MessageCoding.message(SupervisorMessage.self, from: answer) {
                case .welcomePart(let running, let outcomes):
                    parts.lists.withLock { lists in
                        lists.running += running
                        lists.outcomes += outcomes
                    }
                case .welcome(var welcome):
                    let lists = parts.lists.withLock { $0 }
                    welcome.running += lists.running
                    welcome.outcomes += lists.outcomes
                    return SupervisorLink(socket, path: path, welcome: welcome)
                case .finished, .warning, .retiring: continue
                }
            }
            throw SystemError.failed("talk to the supervisor at", path, code: ECONNRESET)
        }
    }

    /// Puts a message on its way.
    func send(_ message: SchedulerMessage) {
        do {
            try sendIfItFits(message)
        } catch {
            socket.shutDown()
        }
    }

    /// Puts orders on their way, in as many messages as they need.
    ///
    /// - Returns: The orders that are too large for any message.
    func dispatch(_ orders: [AttemptOrder]) -> [AttemptOrder] {
        do {
            try sendIfItFits(.dispatch(orders))
            return []
        } catch {
            guard orders.count > 1 else { return orders }
            let half = orders.count / 2
            return dispatch(Array(orders[..<half])) + dispatch(Array(orders[half...]))
        }
    }

    /// - Throws: ``FrameError/tooLong(_:limit:)``: nothing of it was sent.
    private func sendIfItFits(_ message: SchedulerMessage) throws(FrameError) {
        let bytes = try MessageCoding.bytes(of: message)
        do {
            try outgoing.send(bytes, over: socket)
        } catch {
            // The end of the connection settles what becomes of the attempts.
            socket.shutDown()
        }
    }

    /// The next messages, at least one; `nil` once the supervisor has closed the connection.
    func receive() async throws -> [SupervisorMessage]? {
        try await socket.readFrames()?.map { try MessageCoding.message(SupervisorMessage.self, from: $0) }
    }

    /// Ends the connection.
    func close() {
        outgoing.finish()
        writer.cancel()
        socket.shutDown()
    }

    /// Ends the connection once everything is sent, or at the deadline.
    func finish(until deadline: BootTimeClock.Instant) async {
        outgoing.finish()
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

/// What a connection could not write at once, in order.
private final class Outgoing: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        /// Whether somebody writes what is queued, behind which all else has to wait.
        var isWritten = false
        var isFinished = false
    }

    private let state = Mutex(State())
    private let filling: AsyncStream<Void>.Continuation

    /// - Parameter filling: Is told whenever something is queued that nobody writes yet.
    init(_ filling: AsyncStream<Void>.Continuation) { self.filling = filling }

    /// Writes a message if there is room for it, and else queues what is left of it.
    func send(_ message: [UInt8], over socket: LocalSocket) throws(SystemError) {
        let isFilling = try state.withLock { state throws(SystemError) in
            if state.isFinished { return false }
            FrameDecoder.append(message, to: &state.bytes)
            if state.isWritten { return false }
            let count = try socket.writeNow(state.bytes[...])
            state.bytes.removeFirst(count)
            state.isWritten = !state.bytes.isEmpty
            return state.isWritten
        }
        if isFilling { filling.yield() }
    }

    /// What is queued; with nothing left, messages are written at once again.
    func take() -> [UInt8]? {
        state.withLock { state in
            state.isWritten = !state.bytes.isEmpty
            defer { state.bytes = [] }
            return state.bytes.isEmpty ? nil : state.bytes
        }
    }

    /// Takes nothing more.
    func finish() {
        state.withLock { $0.isFinished = true }
        filling.finish()
    }
}
