/// A named address with its credentials, that tasks reach services through.
///
/// ```swift
/// let connection = Connection("smtp_default", type: "smtp", host: "mail.example.org", port: 587)
/// ```
///
/// Its description hides the password and the extras.
public struct Connection: Hashable, Codable, Sendable, CustomStringConvertible {
    /// The name that tasks refer to, such as `postgres_default`.
    public var id: String

    /// The kind of service, such as `postgres`, `sqlite`, `http`, `smtp`.
    public var type: String
    public var about: String?
    public var host: String?
    public var login: String?
    public var password: String?
    public var port: Int?

    /// The database of a database server; the scheme of an HTTP connection.
    public var schema: String?

    /// Whatever else its type knows, as JSON text.
    public var extra: String?

    public init(
        _ id: String, type: String, about: String? = nil, host: String? = nil, login: String? = nil,
        password: String? = nil, port: Int? = nil, schema: String? = nil, extra: String? = nil
    ) {
        self.id = id
        self.type = type
        self.about = about
        self.host = host
        self.login = login
        self.password = password
        self.port = port
        self.schema = schema
        self.extra = extra
    }

    public var description: String {
        "\(id) (\(type)://\(host ?? "")\(port.map { ":\($0)" } ?? "")/\(schema ?? ""))"
    }
}
