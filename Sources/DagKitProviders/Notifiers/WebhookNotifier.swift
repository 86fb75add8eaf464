public import DagKitCore

/// Tells a service by an HTTP request.
///
/// ```swift
/// DAGConfiguration("daily", callbacks: [.on(.failure, notify: WebhookNotifier(
///     connection: "chat", endpoint: "/hooks/ops", body: #"{"text": {{ notice.title | tojson }}}"#))])
/// ```
///
/// The body is the notice as a JSON document unless it is given. The field `Idempotency-Key` holds the notice's id, which
/// is the same whenever the request comes again. Endpoint, body and the values of the fields are templates, in which
/// `notice` is the notice. A status that no later request can change gives the notice up.
public struct WebhookNotifier: Notifier {
    public static let notifierName = "webhook"

    private let request: HTTPOperator
    private let body: String?

    /// - Parameters:
    ///   - connection: The id of the connection, which holds host and credentials.
    ///   - endpoint: The path behind the connection's host.
    ///   - headers: Header fields beside those of the connection.
    ///   - body: What is sent; the notice as a JSON document if `nil`.
    public init(
        connection: String, endpoint: String = "", method: String = "POST", headers: [String: String] = [:],
        body: String? = nil
    ) {
        request = HTTPOperator(
            method, connection: connection, endpoint: .value(endpoint),
            headers: ["Content-Type": "application/json"].merging(headers) { $1 })
        self.body = body
    }

    public func notify(_ notice: Notice, in context: TaskContext) async throws {
        let content = if let body { try await context.render(body) } else { notice.document.text }
        var request = request
        request.headers["Idempotency-Key"] = notice.id
        let complete = request
        try await HTTPError.asTaskFailure {
            try await complete.send(in: context, content: content).requireSuccess()
        }
    }
}

extension WebhookNotifier {
    /// Creates the notifier that a document declares: the id of a connection, or an object with `connection`, `endpoint`,
    /// `method`, `headers` and `body`.
    ///
    /// - Throws: ``DeclarationError``.
    public init(declaration words: JSONValue) throws {
        let reader = NotifierWords(
            words, of: Self.notifierName, keys: ["connection", "endpoint", "method", "headers", "body"],
            main: "connection")
        var headers: [String: String] = [:]
        for (name, value) in try reader.object("headers") ?? [:] {
            guard let text = value.string else {
                throw DeclarationError.wrongKind(
                    key: "headers.\(name)", found: value.kind, expected: "a text")
            }
            headers[name] = text
        }
        // A body may be written as the JSON that it is.
        let body: String? =
            if case .object? = words["body"] { words["body"]?.text } else { try reader.text("body") }
        self.init(
            connection: try reader.requiredText("connection"), endpoint: try reader.text("endpoint") ?? "",
            method: try reader.text("method") ?? "POST", headers: headers, body: body)
    }
}
