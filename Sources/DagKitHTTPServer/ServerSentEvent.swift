/// One event of a stream of server-sent events.
///
/// ```swift
/// ServerSentEvent("{\"state\": \"success\"}", id: "42", name: "run").text
/// // id: 42
/// // event: run
/// // data: {"state": "success"}
/// ```
public struct ServerSentEvent: Hashable, Sendable {
    /// What is told; several lines are allowed.
    public var data: String

    /// What a client that lost its connection sends back as `Last-Event-ID`.
    public var id: String?

    /// The kind of event; without one it is a `message`.
    public var name: String?

    /// Creates an event.
    public init(_ data: String, id: String? = nil, name: String? = nil) {
        self.data = data
        self.id = id
        self.name = name
    }

    /// The event as it goes over the wire, with the empty line that ends it.
    public var text: String {
        var lines: [String] = []
        if let id { lines.append("id: \(Self.oneLine(id))") }
        if let name { lines.append("event: \(Self.oneLine(name))") }
        for line in data.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            lines.append("data: \(line)")
        }
        return lines.joined(separator: "\n") + "\n\n"
    }

    private static func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}

extension HTTPBodyWriter {
    /// Sends an event.
    ///
    /// - Throws: ``HTTPServerError/clientGone`` once the client no longer listens, or `CancellationError`.
    public func send(_ event: ServerSentEvent) async throws {
        try await write(event.text)
    }

    /// Sends a comment, which clients ignore: a sign of life, and the way to learn that a client is gone.
    ///
    /// - Throws: ``HTTPServerError/clientGone`` once the client no longer listens, or `CancellationError`.
    public func sendHeartbeat() async throws {
        try await write(":\n\n")
    }
}
