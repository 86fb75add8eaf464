/// Puts the URIs of assets into the form in which Airflow compares them.
///
/// ```swift
/// try AssetURI.normalized("S3://market/prices/?b=2&a=1#top")  // s3://market/prices?a=1&b=2
/// try AssetURI.normalized("prices")                           // prices: a plain name is a URI too
/// ```
public enum AssetURI {
    /// The normal form: scheme in lower case, no slashes at the end of the path, the query sorted, no fragment.
    ///
    /// Texts without a scheme, and those whose scheme starts with `x-`, are left as they are.
    ///
    /// - Throws: ``AssetError`` for a text that Airflow refuses, and for one with a user or a password.
    public static func normalized(_ text: String) throws(AssetError) -> String {
        try AssetError.check(text, "uri")
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")),
            let scheme = scheme(text[..<colon])
        else { return text }
        if scheme.hasPrefix("x-") { return text }
        guard scheme != "airflow" else { throw .reservedScheme(uri: text) }
        let parts = Parts(text[text.index(after: colon)...])
        guard !parts.host.contains("@") else { throw .hasUser(uri: text) }
        return parts.text(scheme: scheme)
    }

    private static func scheme(_ text: Substring) -> String? {
        guard let first = text.utf8.first, isLetter(first) else { return nil }
        let isScheme = text.utf8.allSatisfy { byte in
            isLetter(byte) || isDigit(byte) || [43, 45, 46].contains(byte)  // + - .
        }
        return isScheme ? text.lowercased() : nil
    }

    /// What follows the scheme.
    private struct Parts {
        var host: String
        var path: String
        var query: String

        init(_ text: Substring) {
            let kept = text.prefix { $0 != "#" }
            let head = kept.prefix { $0 != "?" }
            query = String(kept.dropFirst(head.count + 1))
            guard head.hasPrefix("//") else {
                (host, path) = ("", String(head))
                return
            }
            let host = head.dropFirst(2).prefix { $0 != "/" }
            self.host = String(host)
            path = String(head.dropFirst(2 + host.count))
        }

        func text(scheme: String) -> String {
            var (scheme, host) = (scheme, host)
            let trimmed = path.reversed().drop { $0 == "/" }.reversed()
            let path = trimmed.isEmpty ? "/" : String(trimmed)
            // Airflow's PostgreSQL provider: the short name of the scheme, and always a port.
            if scheme == "postgres" || scheme == "postgresql", !host.isEmpty {
                scheme = "postgres"
                if !host.contains(":") { host += ":5432" }
            }
            let place = host.isEmpty && scheme != "file" ? path : "//\(host)\(path)"
            let query = AssetURI.sorted(query)
            return "\(scheme):\(place)" + (query.isEmpty ? "" : "?\(query)")
        }
    }

    /// The pairs of a query by key and value, encoded anew; pairs without a value are left out.
    private static func sorted(_ query: String) -> String {
        let pairs = query.split(separator: "&").compactMap { pair -> (key: String, value: String)? in
            let key = pair.prefix { $0 != "=" }
            let value = pair.dropFirst(key.count + 1)
            return value.isEmpty ? nil : (decoded(key), decoded(value))
        }
        return pairs.sorted { $0 < $1 }.map { "\(encoded($0.key))=\(encoded($0.value))" }
            .joined(separator: "&")
    }

    private static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2)
            if byte == UInt8(ascii: "%"), digits.count == 2,
                let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            {
                bytes.append(code)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            if isLetter(byte) || isDigit(byte) || [45, 46, 95, 126].contains(byte) {  // - . _ ~
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else if byte == UInt8(ascii: " ") {
                result += "+"
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return result
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (65...90).contains(byte & 0xDF) }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
}
