public import DagKitCore

/// Where an HTTP service is: what a connection of type `http` says, as Airflow's connections do.
///
/// The host may hold the scheme; `schema` names it otherwise (`https` if neither does). Login and password become basic
/// authentication. The extras are header fields, but for `ca_file` and `timeout` (seconds).
///
/// ```swift
/// let service = try HTTPConnection(try await context.connection("http_default"))
/// let request = try service.request("GET", "/v1/status")
/// ```
public struct HTTPConnection: Sendable {
    /// Scheme, host, port and perhaps the start of the path, without a slash at the end.
    private let base: String
    private let headers: HTTPHeaders
    private let configuration: HTTPClient.Configuration

    /// Reads a connection.
    ///
    /// - Throws: ``HTTPError/badURL(_:reason:)`` if it has no host or extras that are no JSON object.
    public init(
        _ connection: Connection, configuration: HTTPClient.Configuration = HTTPClient.Configuration()
    ) throws(HTTPError) {
        guard let host = connection.host, !host.isEmpty else {
            throw .badURL("", reason: "connection \"\(connection.id)\" has no host")
        }
        let schema = connection.schema.flatMap { $0.isEmpty ? nil : $0 } ?? "https"
        var base = host.contains("://") ? host : "\(schema)://\(host)"
        if let port = connection.port { base += ":\(port)" }
        while base.hasSuffix("/") { base.removeLast() }
        _ = try HTTPAddress(base)
        self.base = base
        var reader = Extras(configuration: configuration)
        try reader.read(connection)
        headers = reader.headers
        self.configuration = reader.configuration
    }

    /// A client with the timeout and authority of the connection.
    public var client: HTTPClient { HTTPClient(configuration) }

    /// A request to a path of the service; its own header fields go before those of the connection.
    ///
    /// Fields of the connection do not follow a redirect to another origin.
    public func request(
        _ method: String, _ endpoint: String, headers: HTTPHeaders = [:], body: [UInt8]? = nil
    ) -> HTTPClient.Request {
        var all = self.headers
        for field in headers.fields { all[field.name] = field.value }
        let path =
            endpoint.isEmpty || endpoint.hasPrefix("/") || endpoint.hasPrefix("?") ? endpoint : "/\(endpoint)"
        return HTTPClient.Request(
            method, url: base + path, headers: all, body: body, secretHeaders: self.headers.fields.map(\.name)
        )
    }

    private struct Extras {
        var headers = HTTPHeaders()
        var configuration: HTTPClient.Configuration

        mutating func read(_ connection: Connection) throws(HTTPError) {
            if let login = connection.login, !login.isEmpty {
                let pair = Array("\(login):\(connection.password ?? "")".utf8)
                headers["Authorization"] =
                    "Basic " + String(decoding: MailText.base64Digits(pair), as: UTF8.self)
            }
            guard let text = connection.extra, !text.isEmpty else { return }
            guard let extras = (try? JSONValue(parsing: text))?.object else {
                throw .badURL("", reason: "the extras of connection \"\(connection.id)\" are no JSON object")
            }
            for (name, value) in extras.sorted(by: { $0.key < $1.key }) { take(name, value) }
        }

        private mutating func take(_ name: String, _ value: JSONValue) {
            switch (name, value) {
            case ("ca_file", .string(let path)): configuration.caFile = path
            case ("timeout", _):
                configuration.timeout = value.number.map { .seconds($0) } ?? configuration.timeout
            case (_, .string(let text)) where HTTPHeaders.isName(name): headers[name] = text
            default: break
            }
        }
    }
}
