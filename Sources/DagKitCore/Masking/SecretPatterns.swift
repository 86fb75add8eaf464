/// What a ``SecretMasker`` looks for: each secret as it is and as text formats write it.
///
/// A value shorter than ``minimumLength`` is left out, since it would blot out half of every log.
public struct SecretPatterns: Sendable {
    /// The fewest characters of a value that is masked.
    public static let minimumLength = 6

    /// The patterns by their first byte, the longest first.
    private(set) var byFirstByte: [[[UInt8]]] = Array(repeating: [], count: 256)

    /// Whether nothing is looked for.
    public private(set) var isEmpty = true

    /// Creates the patterns of some secrets.
    public init(_ secrets: some Sequence<String> = EmptyCollection()) {
        for secret in secrets { insert(secret) }
    }

    /// Adds a secret; `false` if it is too short to be masked.
    @discardableResult
    public mutating func insert(_ secret: String) -> Bool {
        guard secret.unicodeScalars.count >= Self.minimumLength else { return false }
        for form in SecretForms.all(of: secret) where form.count >= Self.minimumLength { add(form) }
        // A secret that was read from a file often ends in a line break, which the log may not show.
        let trimmed = Self.trimmed(secret)
        if trimmed != secret { insert(trimmed) }
        return true
    }

    private mutating func add(_ pattern: [UInt8]) {
        let first = Int(pattern[0])
        guard !byFirstByte[first].contains(pattern) else { return }
        let place = byFirstByte[first].firstIndex { $0.count < pattern.count } ?? byFirstByte[first].endIndex
        byFirstByte[first].insert(pattern, at: place)
        isEmpty = false
    }

    private static func trimmed(_ secret: String) -> String {
        let start = secret.drop(while: \.isWhitespace)
        return String(start.reversed().drop(while: \.isWhitespace).reversed())
    }
}
