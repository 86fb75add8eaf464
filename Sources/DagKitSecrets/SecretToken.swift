import CSodium

/// A random text that opens something: a session, the API.
///
/// It is shown once; what is stored is its ``hash``.
public struct SecretToken: Sendable {
    /// The token: 256 random bits in 43 characters that may stand in a header or a cookie.
    public let text: String

    /// A new token.
    public init() {
        text = Sodium.base64(Sodium.randomBytes(32))
    }

    /// What is stored of the token and looked up when somebody shows it.
    public var hash: String { Self.hash(of: text) }

    /// The hash of a token that somebody shows.
    public static func hash(of text: String) -> String {
        Sodium.hexadecimal(Sodium.hash(Array(text.utf8)))
    }

    /// Compares two texts in a time that does not tell where they differ.
    public static func areEqual(_ first: String, _ second: String) -> Bool {
        let first = Sodium.hash(Array(first.utf8))
        let second = Sodium.hash(Array(second.utf8))
        return sodium_memcmp(first, second, first.count) == 0
    }
}
