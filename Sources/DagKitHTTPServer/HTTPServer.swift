public import DagKitCore
import DagKitSystem

/// A small HTTP server: it listens, hands whole requests to a handler, and sends what that answers.
///
/// It listens as soon as it is made; ``run()`` answers. Many requests are handled at once.
///
/// ```swift
/// let server = try HTTPServer(configuration: .init(port: 8080)) { request in
///     request.path == "/health" ? .text("ok") : .text("no such page", status: 404)
/// }
/// await server.run()  // until another task calls server.stop()
/// ```
public final class HTTPServer: Sendable {
    /// What makes the response to a request.
    public typealias Handler = @Sendable (HTTPRequest) async -> HTTPResponse

    /// The address that is listened on.
    public let host: String

    /// The port that is listened on, also when the configuration left its choice to the system.
    public let port: Int

    private let configuration: Configuration
    private let handler: Handler
    private let daemon: Daemon
    private let isRunning = Taken()

    /// Creates a server and listens; requests wait until ``run()``.
    ///
    /// - Throws: ``HTTPServerError/cannotListen(host:port:reason:)`` or ``HTTPServerError/cannotStart``.
    public init(configuration: Configuration = Configuration(), handler: @escaping Handler) throws {
        let listener = try ListeningSocket(host: configuration.host, port: configuration.port)
        host = configuration.host
        port = listener.port
        self.configuration = configuration
        self.handler = handler
        daemon = Daemon(configuration)
        try daemon.start(listener, configuration)
    }

    deinit {
        daemon.stop()
    }

    /// Where the server is found: `http://127.0.0.1:8080`.
    public var url: String {
        "http://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }

    /// Answers requests until ``stop()``, then lets those that are being answered end by the configured grace.
    ///
    /// Cancelling the task ends all connections at once. It returns when every handler has returned.
    ///
    /// - Precondition: It is called once.
    public func run() async {
        precondition(!isRunning.exchange(), "a server runs once")
        await withDiscardingTaskGroup { group in
            group.addTask { [daemon] in await daemon.table.enforceDeadlines() }
            for await exchange in daemon.requests {
                group.addTask { await self.answer(exchange) }
            }
            daemon.quiesce()
            await waitUntilDrained()
            // First the connections, then the handlers: what a cancelled handler returns must not pass for an answer.
            try? await Blocking.run { [daemon] in daemon.stop() }
            group.cancelAll()
        }
    }

    /// Takes no more connections and makes ``run()`` return once what is under way is answered; may be called often.
    public func stop() {
        daemon.quiesce()
    }

    /// Runs a server for as long as `body` takes.
    ///
    /// ```swift
    /// let answer = try await HTTPServer.serving({ _ in .text("pong") }) { server in
    ///     try await client.get("\(server.url)/ping")
    /// }
    /// ```
    ///
    /// - Throws: What `body` throws, or the errors of ``init(configuration:handler:)``.
    public static func serving<Value>(
        configuration: Configuration = Configuration(), _ handler: @escaping Handler,
        while body: (HTTPServer) async throws -> Value
    ) async throws -> Value {
        let server = try HTTPServer(configuration: configuration, handler: handler)
        async let running: Void = server.run()
        do {
            let value = try await body(server)
            server.stop()
            await running
            return value
        } catch {
            server.stop()
            await running
            throw error
        }
    }

    private func waitUntilDrained() async {
        await withTaskGroup { group in
            group.addTask { [daemon] in for await _ in daemon.table.drained { break } }
            group.addTask { [grace = configuration.stopGrace] in try? await Task.sleep(for: grace) }
            await group.next()
            group.cancelAll()
        }
    }

    private func answer(_ exchange: Exchange) async {
        let request = exchange.request
        let response = await handler(request).compressed(for: request)
        if let delay = response.fault?.delay, delay > .zero { try? await Task.sleep(for: delay) }
        let prepared = await PreparedResponse(response, on: exchange.connection)
        exchange.answer(prepared)
        guard case .stream(let produce) = response.body, case .channel(let channel, nil) = prepared.body
        else {
            return
        }
        // A HEAD request gets no body, so nothing is produced for it.
        guard request.method != "HEAD" else { return channel.finish(whole: true) }
        do {
            try await produce(HTTPBodyWriter(channel: channel))
            channel.finish(whole: true)
        } catch {
            channel.finish(whole: false)
        }
    }
}

extension HTTPServer {
    /// Where a server listens and how much it lets a client have.
    public struct Configuration: Hashable, Sendable {
        /// The numeric address to listen on, or `localhost`.
        public var host: String

        /// The port to listen on; 0 takes one that is free.
        public var port: Int

        /// How many bytes the body of a request may have; more is answered with 413.
        public var bodyLimit: Int

        /// How long a client may take to send a header, and then a body.
        public var receiveTimeout: Duration

        /// How long a connection may stay without a request, or without taking what is sent; at least a second.
        public var idleTimeout: Duration

        /// How many connections may be open; further ones wait.
        public var connectionLimit: Int

        /// How many connections one address may have open, `nil` for no limit of its own; further ones are closed.
        public var connectionLimitPerAddress: Int?

        /// How long requests under way may take once the server stops.
        public var stopGrace: Duration

        /// Creates a configuration; without arguments it is for this machine only, on a free port.
        public init(
            host: String = "127.0.0.1", port: Int = 0, bodyLimit: Int = 1 << 20,
            receiveTimeout: Duration = .seconds(10), idleTimeout: Duration = .seconds(60),
            connectionLimit: Int = 1000, connectionLimitPerAddress: Int? = nil,
            stopGrace: Duration = .seconds(5)
        ) {
            self.host = host
            self.port = port
            self.bodyLimit = bodyLimit
            self.receiveTimeout = receiveTimeout
            self.idleTimeout = idleTimeout
            self.connectionLimit = connectionLimit
            self.connectionLimitPerAddress = connectionLimitPerAddress
            self.stopGrace = stopGrace
        }
    }
}

/// Why an ``HTTPServer`` cannot serve.
public enum HTTPServerError: DagKitError, Equatable {
    case cannotListen(host: String, port: Int, reason: String)
    case cannotStart
    /// The client closed its connection, or the server ended it; only writers of a streamed body see this.
    case clientGone

    public var problem: String {
        switch self {
        case .cannotListen(let host, let port, let reason): "cannot listen on \"\(host):\(port)\": \(reason)"
        case .cannotStart: "the HTTP server cannot start its thread"
        case .clientGone: "the client closed the connection"
        }
    }

    public var remedy: String {
        switch self {
        case .cannotListen: "choose another address or port, or stop what listens there"
        case .cannotStart: "raise the limits of open files and processes (ulimit -n, ulimit -u)"
        case .clientGone: "stop writing to it"
        }
    }
}
