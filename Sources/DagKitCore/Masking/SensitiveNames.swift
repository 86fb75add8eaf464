/// Tells by its name whether a variable, a field of a connection or a setting holds a secret.
///
/// ```swift
/// SensitiveNames.standard.contains("COINCAP_API_KEY")  // true
/// SensitiveNames.standard.contains("monkey")           // false: only a name that is "key" as a whole
/// ```
public struct SensitiveNames: Hashable, Sendable {
    private var parts: [String]

    /// The names that are always sensitive: Airflow's list and a few more.
    public static let standard = SensitiveNames()

    /// Creates the list, with the names of `core.sensitive_var_conn_names` besides.
    public init(extra: some Sequence<String> = EmptyCollection()) {
        parts = Self.always + extra.map(Self.normalized).filter { !$0.isEmpty }
    }

    /// Whether a value of this name must be masked: the name contains a sensitive word in any case.
    public func contains(_ name: String) -> Bool {
        let name = Self.normalized(name)
        return Self.wholeNames.contains(name) || parts.contains { name.contains($0) }
    }

    private static func normalized(_ name: String) -> String {
        let lower = name.lowercased()
        let start = lower.drop(while: \.isWhitespace)
        return String(start.reversed().drop(while: \.isWhitespace).reversed())
    }

    private static let always = [
        "access_token", "api_key", "apikey", "authorization", "passphrase", "passwd", "password",
        "private_key",
        "secret", "token", "keyfile_dict", "service_account", "credential", "dsn", "pwd", "cookie", "bearer",
    ]

    /// Too short to be looked for inside other words.
    private static let wholeNames: Set<String> = ["key", "pass", "auth", "pin", "pw"]
}
