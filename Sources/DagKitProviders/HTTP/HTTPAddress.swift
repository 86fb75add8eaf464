import CCurl

/// The parts of an `http` or `https` URL that decide where a request goes.
struct HTTPAddress: Hashable, Sendable {
    let scheme: String
    let host: String
    let port: Int

    /// Reads a URL.
    ///
    /// - Throws: ``HTTPError/badURL(_:reason:)``.
    init(_ url: String) throws(HTTPError) {
        guard let parts = curl_url() else { throw .badURL(Self.redacted(url), reason: "there is no memory") }
        defer { curl_url_cleanup(parts) }
        let code = curl_url_set(parts, CURLUPART_URL, url, 0)
        guard code == CURLUE_OK else {
            throw .badURL(Self.redacted(url), reason: String(cString: curl_url_strerror(code)))
        }
        let scheme = Self.part(CURLUPART_SCHEME, of: parts, flags: 0).lowercased()
        guard ["http", "https"].contains(scheme) else {
            throw .badURL(Self.redacted(url), reason: "its scheme is not http or https")
        }
        self.scheme = scheme
        host = Self.part(CURLUPART_HOST, of: parts, flags: 0).lowercased()
        port = Int(Self.part(CURLUPART_PORT, of: parts, flags: CURLU_DEFAULT_PORT)) ?? 0
        guard Self.part(CURLUPART_USER, of: parts, flags: 0).isEmpty else {
            throw .badURL(
                Self.redacted(url), reason: "it holds a user name; send an Authorization header instead")
        }
    }

    /// Scheme, host and port, all that is told of a URL: paths and queries may hold secrets.
    var origin: String {
        let isDefault = port == (scheme == "https" ? 443 : 80)
        return "\(scheme)://\(host)" + (isDefault ? "" : ":\(port)")
    }

    /// Whether the request does not leave this machine.
    var isLoopback: Bool {
        host == "localhost" || host.hasPrefix("127.") || host == "[::1]"
    }

    /// `location`, which may be relative, as seen from `url`.
    ///
    /// - Throws: ``HTTPError/badURL(_:reason:)``.
    static func resolve(_ location: String, from url: String) throws(HTTPError) -> String {
        guard let parts = curl_url() else { throw .badURL(redacted(url), reason: "there is no memory") }
        defer { curl_url_cleanup(parts) }
        guard curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK,
            curl_url_set(parts, CURLUPART_URL, location, UInt32(CURLU_URLENCODE)) == CURLUE_OK
        else { throw .badURL(redacted(location), reason: "a redirect must lead to a URL") }
        return part(CURLUPART_URL, of: parts, flags: 0)
    }

    private static func part(_ part: CURLUPart, of url: OpaquePointer, flags: Int32) -> String {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(url, part, &text, UInt32(flags)) == CURLUE_OK, let text else { return "" }
        defer { curl_free(text) }
        return String(cString: text)
    }

    /// A text that should be a URL, without what could be a secret: user and password, path, query.
    static func redacted(_ text: String) -> String {
        let scheme = text.firstRange(of: "://").map { text[..<$0.upperBound] } ?? ""
        let rest = text.dropFirst(scheme.count)
        let authority = rest.prefix { !"/?#".contains($0) }
        let host = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
        return "\(scheme)\(host.prefix(100))" + (authority.count < rest.count ? "/…" : "")
    }
}
