public import DagKitCore

/// Sends a request to a service and returns the body of its answer.
///
/// ```swift
/// dag.task("notify", run: HTTPOperator(
///     "POST", connection: "chat", endpoint: "/hooks/daily", headers: ["Content-Type": "application/json"],
///     body: .output(report)))
/// ```
///
/// Endpoint, body and the values of the headers are templates; an output of another task is sent as it is. A status that is
/// no success fails the try: for good if the same request cannot succeed later, else after the delay that the server asks
/// for. The connection's credentials are sent to its own origin only.
public struct HTTPOperator: Operator {
    /// The method, in capital letters.
    public var method: String

    /// The id of the connection.
    public var connection: String

    /// The path behind the connection's host.
    public var endpoint: Input<String>

    /// Header fields beside those of the connection.
    public var headers: [String: String]

    /// What is sent; `nil` for nothing.
    public var body: Input<String>?

    /// Limits of the request.
    public var configuration: HTTPClient.Configuration

    /// Creates the operator.
    public init(
        _ method: String = "GET", connection: String = "http_default", endpoint: Input<String> = "",
        headers: [String: String] = [:], body: Input<String>? = nil,
        configuration: HTTPClient.Configuration = HTTPClient.Configuration(
            bodyLimit: EncodedOutput.maximumBytes / 2)
    ) {
        self.method = method
        self.connection = connection
        self.endpoint = endpoint
        self.headers = headers
        self.body = body
        self.configuration = configuration
    }

    public var inputs: [any AnyInput] { [endpoint] + (body.map { [$0] } ?? []) }

    public var templates: [TemplateField] {
        let fields = [endpoint.template("endpoint"), body?.template("body")].compactMap { $0 }
        return fields
            + headers.sorted { $0.key < $1.key }.map { TemplateField("headers.\($0.key)", $0.value) }
    }

    public func execute(in context: TaskContext) async throws -> String {
        try await HTTPError.asTaskFailure {
            let response = try await send(in: context)
            try response.requireSuccess()
            return response.text
        }
    }

    /// Sends the request and returns the answer, whatever its status.
    func send(in context: TaskContext) async throws -> HTTPClient.Response {
        let content: String? = if let body { try await context.text(of: body) } else { nil }
        return try await send(in: context, content: content)
    }

    /// Sends the request with a body that is ready.
    func send(in context: TaskContext, content: String?) async throws -> HTTPClient.Response {
        let service = try HTTPConnection(
            try await context.connection(connection), configuration: configuration)
        var fields = HTTPHeaders()
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
            guard HTTPHeaders.isName(name) else {
                throw TaskFailure.noRetry(
                    "\"\(name)\" is not the name of a header field", remedy: "write letters, digits and '-'")
            }
            fields.append(name, try await context.render(value))
        }
        let request = service.request(
            method, try await context.text(of: endpoint), headers: fields,
            body: content.map { Array($0.utf8) })
        let response = try await service.client.send(request)
        context.logger.info(
            "\(request) answered \(response.status) with \(response.body.count) bytes in \(response.timing.total)"
        )
        return response
    }
}

extension HTTPError {
    /// Runs `body` and turns its ``HTTPError`` into what it means for a task.
    static func asTaskFailure<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as HTTPError {
            guard error.isTransient else { throw TaskFailure.noRetry(error.problem, remedy: error.remedy) }
            guard let delay = error.retryAfter else { throw error }
            throw TaskFailure.retry(after: delay, error.problem, remedy: error.remedy)
        }
    }
}
