import DagKitHTTPServer

/// Serves `handler` while one request, as raw text, is sent and answered; the connection is closed behind it.
func answer(
    to request: String, configuration: HTTPServer.Configuration = .init(),
    _ handler: @escaping HTTPServer.Handler
) async throws -> String {
    try await HTTPServer.serving(configuration: configuration, handler) { server in
        let client = try RawClient(port: server.port)
        defer { client.close() }
        client.send(request)
        return try await client.readToEnd()
    }
}

/// The text of a GET request whose connection ends with the answer.
func get(_ target: String, method: String = "GET", headers: String = "") -> String {
    "\(method) \(target) HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\(headers)\r\n"
}
