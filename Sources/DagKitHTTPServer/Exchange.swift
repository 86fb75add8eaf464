import DagKitCore
import Synchronization

/// One request and its response.
///
/// The library's thread collects the request and sends the response; in between the connection is suspended, and a task
/// makes the response.
final class Exchange: Sendable {
    private enum Phase {
        case receiving, waiting, answered(PreparedResponse), sending, ended
    }

    private struct State {
        var phase = Phase.receiving
        var body: [UInt8] = []
        var isTooLarge = false
        var channel: BodyChannel?
    }

    /// What the library's thread has to do once a request is whole, or its connection was resumed.
    enum Step {
        case dispatch, wait, send(PreparedResponse), hangUp
    }

    let connection: ConnectionHandle
    let head: HTTPRequest
    private let bodyLimit: Int
    private let state = Mutex(State())

    init(_ connection: ConnectionHandle, head: HTTPRequest, bodyLimit: Int) {
        self.connection = connection
        self.head = head
        self.bodyLimit = bodyLimit
    }

    /// Whether the client asked before it sent a body that is too large.
    var isRefusedAtOnce: Bool {
        guard head.headers["Expect"]?.lowercased() == "100-continue" else { return false }
        return (head.headers["Content-Length"].flatMap(Int.init) ?? 0) > bodyLimit
    }

    /// Whether the body has a coding; bodies are never decoded, so that a small one cannot become a large one.
    var hasCodedBody: Bool {
        guard let coding = head.headers["Content-Encoding"] else { return false }
        return coding.lowercased() != "identity"
    }

    /// Whether the body was larger than allowed; what was too much is not kept.
    var isTooLarge: Bool { state.withLock(\.isTooLarge) }

    /// The request with the body that has arrived.
    var request: HTTPRequest {
        HTTPRequest(
            method: head.method, target: head.target, headers: head.headers, body: state.withLock(\.body),
            clientAddress: head.clientAddress)
    }

    // MARK: The library's thread

    func receive(_ bytes: UnsafeRawBufferPointer) {
        state.withLock { state in
            guard !state.isTooLarge, state.body.count + bytes.count <= bodyLimit else {
                state.isTooLarge = true
                state.body = []
                return
            }
            state.body.append(contentsOf: bytes)
        }
    }

    func nextStep() -> Step {
        state.withLock { state in
            switch state.phase {
            case .receiving: return .dispatch
            case .waiting: return .wait
            case .answered(let response):
                state.phase = .sending
                return .send(response)
            case .sending, .ended: return .hangUp
            }
        }
    }

    /// Suspends the connection until there is an answer; returns false if the exchange was given up before.
    func suspend() -> Bool {
        state.withLock { state in
            if case .ended = state.phase { return false }
            state.phase = .waiting
            connection.suspend()
            return true
        }
    }

    /// The connection is gone, or the response is sent whole: nothing may touch the connection from now on.
    func ended() {
        let channel = state.withLock { state in
            state.phase = .ended
            return state.channel
        }
        channel?.connectionEnded()
    }

    // MARK: The task that answers

    /// Hands the response to the library's thread.
    func answer(_ response: PreparedResponse) {
        let isLate = state.withLock { state in
            guard case .waiting = state.phase else { return true }
            if case .channel(let channel, _) = response.body { state.channel = channel }
            state.phase = .answered(response)
            connection.resume()
            return false
        }
        if isLate, case .channel(let channel, _) = response.body { channel.connectionEnded() }
    }

    /// Gives up: the connection ends without the rest of its answer.
    func abort() {
        let channel = state.withLock { state in
            switch state.phase {
            case .receiving: state.phase = .ended
            case .waiting:
                state.phase = .ended
                connection.resume()
            case .answered, .sending, .ended: break
            }
            return state.channel
        }
        channel?.close()
    }
}
