import CMicroHTTPD
import DagKitCore
import Glibc
import Synchronization

/// The C library's server: one thread that speaks HTTP on all connections and hands whole requests on.
final class Daemon: Sendable {
    private struct Handle: @unchecked Sendable {
        // Sendable by hand: the library allows its start, quiesce and stop from any thread, and `isStopped` and
        // `isQuiesced` let each happen once.
        let pointer: OpaquePointer
    }

    /// Whole requests, in the order in which they arrived; ends when the daemon stops.
    let requests: AsyncStream<Exchange>
    let table: ConnectionTable
    private let queue: AsyncStream<Exchange>.Continuation
    private let bodyLimit: Int
    private let handle = Mutex<Handle?>(nil)
    private let isQuiesced = Taken()

    init(_ configuration: HTTPServer.Configuration) {
        bodyLimit = configuration.bodyLimit
        table = ConnectionTable(
            receiveTimeout: configuration.receiveTimeout, idleTimeout: configuration.idleTimeout)
        (requests, queue) = AsyncStream.makeStream()
    }

    /// Starts to take connections from `listener`, which the daemon owns from now on.
    ///
    /// - Throws: ``HTTPServerError/cannotStart``.
    func start(_ listener: borrowing ListeningSocket, _ configuration: HTTPServer.Configuration) throws {
        let seconds = max(1, min(configuration.idleTimeout.components.seconds, 86_400))
        let context = Unmanaged.passRetained(self)
        let pointer = dagkit_mhd_start(
            listener.descriptor, UInt32(configuration.connectionLimit),
            UInt32(configuration.connectionLimitPerAddress ?? 0), UInt32(seconds),
            handleAccess, handleCompletion, handleConnection, handleTarget, context.toOpaque())
        guard let pointer else {
            context.release()
            close(listener.descriptor)
            throw HTTPServerError.cannotStart
        }
        handle.withLock { $0 = Handle(pointer: pointer) }
    }

    /// Takes no more connections, ends those that are idle, and ends ``requests`` behind the last one.
    func quiesce() {
        guard !isQuiesced.exchange() else { return }
        handle.withLock { handle in
            guard let pointer = handle?.pointer else { return }
            let listener = MHD_quiesce_daemon(pointer)
            if listener >= 0 { close(listener) }
        }
        table.beginStopping()
        queue.finish()
    }

    /// Ends every connection and the thread; blocks for a moment.
    func stop() {
        quiesce()
        for exchange in table.exchanges { exchange.abort() }
        guard let pointer = handle.withLock({ $0.take()?.pointer }) else { return }
        MHD_stop_daemon(pointer)
        Unmanaged.passUnretained(self).release()
    }

    // MARK: The library's thread

    func opened(_ connection: ConnectionHandle) {
        table.opened(connection.key, socket: connection.socket)
    }

    func headerArrived(_ connection: ConnectionHandle, method: String) -> Exchange {
        let headers = HeaderCollector()
        dagkit_mhd_headers(connection.pointer, collectHeader, Unmanaged.passUnretained(headers).toOpaque())
        let head = HTTPRequest(
            method: method, target: table.headerArrived(connection.key), headers: headers.headers,
            clientAddress: connection.clientAddress)
        return Exchange(connection, head: head, bodyLimit: bodyLimit)
    }

    /// Does the next thing for an exchange; returns false if its connection has to end.
    func proceed(_ exchange: Exchange) -> Bool {
        switch exchange.nextStep() {
        case .dispatch: return dispatch(exchange)
        case .wait: return exchange.suspend()
        case .send(let response):
            return response.send(on: exchange.connection, closing: table.isStopping)
        case .hangUp: return false
        }
    }

    private func dispatch(_ exchange: Exchange) -> Bool {
        if exchange.isTooLarge {
            return refuse(exchange, status: 413, "the body is larger than \(bodyLimit) bytes\n")
        }
        if exchange.hasCodedBody { return refuse(exchange, status: 415, "the body must not be compressed\n") }
        guard table.requestArrived(exchange.connection.key, exchange) else {
            return refuse(exchange, status: 503, "the server is stopping\n")
        }
        guard exchange.suspend() else { return false }
        // The server may have begun to stop in between: nobody would answer.
        if case .terminated = queue.yield(exchange) { exchange.abort() }
        return true
    }

    func refuse(_ exchange: Exchange, status: Int, _ text: String) -> Bool {
        PreparedResponse(.text(text, status: status)).send(on: exchange.connection, closing: true)
    }

    func completed(_ exchange: Exchange) {
        exchange.ended()
        table.answered(exchange.connection.key)
    }
}

/// The header fields of one request, while the library tells them one by one.
final class HeaderCollector {
    var headers = HTTPHeaders()
}
