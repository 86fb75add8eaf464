import FoundationEssentials

/// Connections as one text, in the forms that Airflow reads and writes.
///
/// ```swift
/// let connection = try Connection("smtp_default", uri: "smtp://me:pass%40word@mail.example.org:587/?tls=true")
/// connection.password  // "pass@word"
/// ```
extension Connection {
    /// The member of a URI's query that holds extras which a query cannot express.
    private static let extraKey = "__extra__"

    /// Reads a connection from `type://login:password@host:port/schema?extra=value`, each part percent-encoded.
    ///
    /// A second scheme (`http://https://host`) belongs to the host. `postgresql` is read as `postgres`.
    ///
    /// - Throws: ``ConnectionTextError``.
    public init(_ id: String, uri: String) throws(ConnectionTextError) {
        let pieces = uri.pieces(parting: "://")
        guard (2...3).contains(pieces.count), !pieces[0].isEmpty else { throw .noScheme(connection: id) }
        self.init(id, type: Self.normalizedType(String(pieces[0])))
        var rest = pieces[pieces.count - 1]
        if let mark = rest.firstIndex(of: "#") { rest = rest[..<mark] }
        if let mark = rest.firstIndex(of: "?") {
            extra = Self.extra(ofQuery: rest[rest.index(after: mark)...])
            rest = rest[..<mark]
        }
        if let slash = rest.firstIndex(of: "/") {
            let path = rest[rest.index(after: slash)...]
            schema = path.isEmpty ? nil : try Self.decoded(path, "schema", id)
            rest = rest[..<slash]
        }
        try readAuthority(rest)
        if pieces.count == 3 {
            guard !pieces[1].contains("@"), !pieces[1].contains(":") else { throw .noScheme(connection: id) }
            host = "\(pieces[1])://\(host ?? "")"
        }
    }

    private mutating func readAuthority(_ authority: Substring) throws(ConnectionTextError) {
        var address = authority
        if let mark = authority.lastIndex(of: "@") {
            let user = authority[..<mark]
            address = authority[authority.index(after: mark)...]
            let parts = user.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            login = try Self.decoded(parts[0], "login", id)
            password = parts.count > 1 ? try Self.decoded(parts[1], "password", id) : nil
        }
        // An IPv6 address stands in brackets, since it has colons of its own.
        let end = address.lastIndex(of: "]") ?? address.startIndex
        if let colon = address[end...].lastIndex(of: ":") {
            port = try Self.port(address[address.index(after: colon)...], id)
            address = address[..<colon]
        }
        if address.hasPrefix("["), address.hasSuffix("]") { address = address.dropFirst().dropLast() }
        host = address.isEmpty ? nil : try Self.decoded(address, "host", id)
    }

    /// The connection as a URI that ``init(_:uri:)`` reads back; it holds the password in clear.
    public var uri: String {
        let split = host.map { $0.pieces(parting: "://") } ?? []
        var text = type.lowercased().replacing("_", with: "-") + "://"
        if split.count == 2 { text += "\(split[0])://" }
        let user = [login.map(\.percentEncoded), password.map { ":" + $0.percentEncoded }].compactMap(\.self)
            .joined()
        if !user.isEmpty { text += user + "@" }
        var place = split.last.map { Self.encodedHost(String($0)) } ?? ""
        if let port { place += place.isEmpty && user.isEmpty ? "@:\(port)" : ":\(port)" }
        if let schema, !schema.isEmpty { place += "/" + schema.percentEncoded }
        text += place
        if let extra, !extra.isEmpty {
            text += (schema ?? "").isEmpty ? "/?" : "?"; text += Self.query(of: extra)
        }
        return text
    }

    private static func encodedHost(_ host: String) -> String {
        host.contains(":") ? "[\(host)]" : host.percentEncoded
    }

    // MARK: Extras

    private static func extra(ofQuery query: Substring) -> String? {
        var members: [String: JSONValue] = [:]
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let key = parts[0].formDecoded
            members[key] = .string(parts.count > 1 ? parts[1].formDecoded : "")
        }
        if let whole = members[extraKey]?.string { return whole }
        return members.isEmpty ? nil : JSONValue.object(members).text
    }

    /// The extras as a query: a member each if all are texts, one encoded JSON text if not.
    private static func query(of extra: String) -> String {
        let members = (try? JSONValue(parsing: extra))?.object
        if let members, !members.isEmpty, members[extraKey] == nil,
            members.values.allSatisfy({ $0.string != nil })
        {
            return members.sorted { $0.key < $1.key }
                .map { "\($0.key.formEncoded)=\(($0.value.string ?? "").formEncoded)" }
                .joined(separator: "&")
        }
        return "\(extraKey)=\(extra.formEncoded)"
    }

    // MARK: JSON

    /// Reads a connection from a JSON object with the members `conn_type`, `description`, `host`, `login`,
    /// `password`, `port`, `schema` and `extra`.
    ///
    /// - Throws: ``ConnectionTextError``.
    public init(_ id: String, json text: String) throws(ConnectionTextError) {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: text)
        } catch {
            // The parser's own message may quote a part of the password.
            throw .notJSON(connection: id, at: error.location ?? "1:1")
        }
        try self.init(id, json: value)
    }

    /// Reads a connection from a JSON object.
    ///
    /// - Throws: ``ConnectionTextError``.
    public init(_ id: String, json value: JSONValue) throws(ConnectionTextError) {
        guard let members = value.object else { throw .noObject(connection: id) }
        let known = ["conn_type", "description", "host", "login", "password", "port", "schema", "extra"]
        if let unknown = members.keys.sorted().first(where: { !known.contains($0) }) {
            throw .unknownMember(unknown, connection: id, near: NearMiss.nearest(to: unknown, among: known))
        }
        func text(_ key: String) throws(ConnectionTextError) -> String? {
            switch members[key] {
            case nil, .null: return nil
            case .string(let text): return text
            default: throw .badMember(key, connection: id)
            }
        }
        guard let type = try text("conn_type"), !type.isEmpty else { throw .noType(connection: id) }
        self.init(
            id, type: Self.normalizedType(type), about: try text("description"), host: try text("host"),
            login: try text("login"), password: try text("password"), schema: try text("schema"))
        switch members["port"] {
        case nil, .null: port = nil
        case .integer(let number): port = try Self.port(Substring(String(number)), id)
        case .string(let text): port = try Self.port(Substring(text), id)
        default: throw .badMember("port", connection: id)
        }
        switch members["extra"] {
        case nil, .null: extra = nil
        case .string(let text): extra = text
        case let other?: extra = other.text
        }
    }

    /// The connection as a JSON object that ``init(_:json:)`` reads back; it holds the password in clear.
    public var json: JSONValue {
        let text = { (value: String?) in value.map(JSONValue.string) ?? .null }
        return [
            "conn_type": .string(type), "description": text(about), "host": text(host), "login": text(login),
            "password": text(password), "port": port.map { .integer(Int64($0)) } ?? .null,
            "schema": text(schema), "extra": text(extra),
        ]
    }

    /// Reads a connection from a URI, or from JSON if the text starts with `{`.
    ///
    /// - Throws: ``ConnectionTextError``.
    public init(_ id: String, text: String) throws(ConnectionTextError) {
        if text.drop(while: \.isWhitespace).first == "{" {
            try self.init(id, json: text)
        } else {
            try self.init(
                id,
                uri: String(
                    text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()))
        }
    }

    /// The name under which a type is kept: `postgresql`, also with a driver of SQLAlchemy behind a plus sign, is
    /// `postgres`; dashes are underscores.
    private static func normalizedType(_ type: String) -> String {
        let family = type.prefix { $0 != "+" }
        return family == "postgresql" || family == "postgres" ? "postgres" : type.replacing("-", with: "_")
    }

    private static func decoded(
        _ part: Substring, _ name: String, _ id: String
    ) throws(ConnectionTextError) -> String {
        guard let text = part.percentDecoded else { throw .badEncoding(name, connection: id) }
        return text
    }

    private static func port(_ text: Substring, _ id: String) throws(ConnectionTextError) -> Int? {
        if text.isEmpty { return nil }
        guard let port = Int(text), (0...65535).contains(port) else { throw .badPort(connection: id) }
        return port
    }
}

/// Why a text is no connection; it never quotes the text, which may hold a password.
public enum ConnectionTextError: DagKitError, Equatable {
    case noScheme(connection: String)
    case badEncoding(String, connection: String)
    case badPort(connection: String)
    case notJSON(connection: String, at: String)
    case noObject(connection: String)
    case noType(connection: String)
    case unknownMember(String, connection: String, near: String?)
    case badMember(String, connection: String)

    private var connection: String {
        switch self {
        case .noScheme(let id), .badEncoding(_, let id), .badPort(let id), .notJSON(let id, _),
            .noObject(let id),
            .noType(let id), .unknownMember(_, let id, _), .badMember(_, let id):
            id
        }
    }

    public var problem: String {
        let subject = "connection \"\(connection)\""
        switch self {
        case .noScheme: return "\(subject) is no URI with one type in front"
        case .badEncoding(let part, _): return "\(subject) has a \(part) that is not percent-encoded"
        case .badPort: return "\(subject) has a port that is no number from 0 to 65535"
        case .notJSON(_, let place): return "\(subject) starts like JSON and is wrong at \(place)"
        case .noObject: return "\(subject) is no JSON object"
        case .noType: return "\(subject) has no conn_type"
        case .unknownMember(let key, _, _):
            return "\(subject) has a member \"\(key)\" that connections do not have"
        case .badMember(let key, _): return "\(subject) has a member \"\(key)\" of the wrong kind"
        }
    }

    public var remedy: String {
        switch self {
        case .noScheme: "write it as type://login:password@host:port/schema"
        case .badEncoding: "write a percent sign as %25"
        case .badPort: "write the port as a number"
        case .notJSON: "mend the JSON"
        case .noObject: "write it as {\"conn_type\": …}"
        case .noType: "add it, such as \"conn_type\": \"postgres\""
        case .unknownMember(_, _, let near?): "did you mean \"\(near)\"?"
        case .unknownMember: "move it into extra"
        case .badMember("port", _): "write it as a number"
        case .badMember: "write it as a string"
        }
    }
}

// MARK: - Texts of URIs

extension StringProtocol {
    /// The text with every byte but unreserved ones as `%XX`.
    fileprivate var percentEncoded: String {
        utf8.reduce(into: "") { text, byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                text += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
    }

    /// The text that was percent-encoded; `nil` if the result is not UTF-8.
    ///
    /// A percent sign without two digits stands for itself, as in Airflow.
    fileprivate var percentDecoded: String? {
        var bytes: [UInt8] = []
        var rest = Array(utf8)[...]
        while let byte = rest.popFirst() {
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            if byte == 0x25, digits.utf8.count == 2, let code = UInt8(digits, radix: 16) {
                bytes.append(code)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// As ``percentEncoded``, with `+` for a space: the form of a query.
    fileprivate var formEncoded: String { percentEncoded.replacing("%20", with: "+") }

    fileprivate var formDecoded: String {
        let spaced = String(self).replacing("+", with: " ")
        return spaced.percentDecoded ?? spaced
    }

    fileprivate func pieces(parting separator: String) -> [SubSequence] {
        var pieces: [SubSequence] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            pieces.append(rest[..<range.lowerBound])
            rest = rest[range.upperBound...]
        }
        return pieces + [rest]
    }
}
