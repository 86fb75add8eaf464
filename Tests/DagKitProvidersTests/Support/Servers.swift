import DagKitCore
import DagKitHTTPServer
import DagKitProviders

/// Serves `handler` on loopback while `body` runs with its URL; what it leaves open is cut at once.
@discardableResult
func serving<Value>(
    _ handler: @escaping HTTPServer.Handler, while body: (_ url: String) async throws -> Value
) async throws -> Value {
    try await HTTPServer.serving(configuration: .init(stopGrace: .milliseconds(10)), handler) { server in
        try await body(server.url)
    }
}

/// The answer to a GET request to a server that answers everything by `handler`.
func answer(
    _ configuration: HTTPClient.Configuration = .init(), headers: HTTPHeaders = [:],
    of handler: @escaping HTTPServer.Handler
) async throws -> HTTPClient.Response {
    try await serving(handler) { url in
        try await HTTPClient(configuration).get(url + "/path?key=secret", headers: headers)
    }
}

/// The error of a GET request to a server that answers everything by `handler`.
func failure(
    _ configuration: HTTPClient.Configuration = .init(), of handler: @escaping HTTPServer.Handler
) async throws -> (error: HTTPError?, origin: String) {
    try await serving(handler) { url in
        do {
            _ = try await HTTPClient(configuration).get(url + "/path?key=secret")
            return (nil, url)
        } catch let error as HTTPError {
            return (error, url)
        }
    }
}

extension HTTPResponse {
    /// The same response with a fault.
    func failing(_ fault: HTTPFault) -> HTTPResponse {
        var response = self
        response.fault = fault
        return response
    }
}
