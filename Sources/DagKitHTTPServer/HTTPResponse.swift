public import DagKitCore

/// What a handler of an ``HTTPServer`` answers.
///
/// ```swift
/// HTTPResponse.text("pong")
/// HTTPResponse(status: 303, headers: ["Location": "/dags"])
/// HTTPResponse.events { stream in try await stream.send(ServerSentEvent("tick", id: "1")) }
/// ```
public struct HTTPResponse: Sendable {
    /// What follows the header.
    public enum Body: Sendable {
        /// These bytes.
        case bytes([UInt8])
        /// The content of a file, sent by the kernel; a file that cannot be opened answers 404.
        case file(path: String)
        /// What a function writes, in chunks; it runs until it returns, throws, or the client is gone.
        ///
        /// If it throws, the connection is cut, so that the client does not take what it has for the whole.
        case stream(@Sendable (HTTPBodyWriter) async throws -> Void)
    }

    /// The status code.
    public var status: Int

    /// The header fields; length, date and connection are the server's affair.
    public var headers: HTTPHeaders

    /// What follows the header.
    public var body: Body

    /// What goes wrong on purpose; for servers that stand in for others in tests.
    public var fault: HTTPFault?

    /// Creates a response, without a body if none is given.
    public init(status: Int = 200, headers: HTTPHeaders = [:], body: Body = .bytes([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A response of bytes.
    public static func bytes(_ bytes: [UInt8], type: String, status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, headers: ["Content-Type": type], body: .bytes(bytes))
    }

    /// A response of text in UTF-8.
    public static func text(
        _ text: String, type: String = "text/plain; charset=utf-8", status: Int = 200
    ) -> HTTPResponse {
        .bytes(Array(text.utf8), type: type, status: status)
    }

    /// A response of JSON that is text already.
    public static func json(_ text: String, status: Int = 200) -> HTTPResponse {
        .text(text, type: "application/json", status: status)
    }

    /// A stream of server-sent events, kept open until `produce` returns or the client is gone.
    public static func events(
        _ produce: @escaping @Sendable (HTTPBodyWriter) async throws -> Void
    ) -> HTTPResponse {
        HTTPResponse(
            headers: ["Content-Type": "text/event-stream", "Cache-Control": "no-store"],
            body: .stream(produce))
    }
}

/// Something that goes wrong on purpose, so that clients can be tested against it.
public struct HTTPFault: Hashable, Sendable {
    /// How long the answer waits before its first byte.
    public var delay: Duration

    /// How many bytes of the body are sent before the connection is cut; the length of the whole is declared.
    ///
    /// `nil` sends all. Bodies that are streams or files are not cut.
    public var bytesSent: Int?

    /// Whether the connection is closed without any answer.
    public var hangsUp: Bool

    /// Creates a fault.
    public init(delay: Duration = .zero, bytesSent: Int? = nil, hangsUp: Bool = false) {
        self.delay = delay
        self.bytesSent = bytesSent
        self.hangsUp = hangsUp
    }
}
