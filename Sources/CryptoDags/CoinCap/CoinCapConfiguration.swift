public import DagKit

/// Where CoinCap is and how it is called.
public struct CoinCapConfiguration: Sendable {
    /// CoinCap's own v3.
    public static let defaultURL = "https://rest.coincap.io/v3"

    /// How many assets an answer holds at most.
    public static let pageLimit = 2_000

    /// The address of the API, without `/assets` at its end.
    public let baseURL: String

    /// The host, for messages and the name of the source.
    public let host: String

    /// The key; it is sent as a header only and shown nowhere.
    public let apiKey: String?

    /// Whether each call costs a credit, so that doubtful ones are not repeated.
    public let isMetered: Bool

    /// Creates a configuration; `url` may end in `/assets`, as the variable `coincap_url` of old does.
    ///
    /// - Parameter isMetered: By default CoinCap's own v3 is, other servers are not.
    /// - Throws: ``CoinCapURLError/malformed(_:)``.
    public init(
        url: String = CoinCapConfiguration.defaultURL, apiKey: String?, isMetered: Bool? = nil
    ) throws(CoinCapURLError) {
        var address = Substring(url)
        while address.hasSuffix("/") { address.removeLast() }
        if address.hasSuffix("/assets") { address.removeLast("/assets".count) }
        let parts = address.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count >= 3, parts[0] == "https:" || parts[0] == "http:", parts[1].isEmpty,
            !address.contains("?"), !address.contains("#"), !parts[2].contains("@")
        else { throw .malformed(url) }
        let host =
            parts[2].hasPrefix("[")
            ? parts[2].prefix { $0 != "]" } + "]" : parts[2].prefix { $0 != ":" }
        guard !host.isEmpty else { throw .malformed(url) }
        baseURL = String(address)
        self.host = String(host)
        self.apiKey = apiKey?.isEmpty == true ? nil : apiKey
        self.isMetered = isMetered ?? (host == Self.ownHost)
    }

    /// The address of the list of assets.
    public var assetsURL: String { baseURL + "/assets" }

    /// The name of the source: the version, and the host where it is not CoinCap's own.
    public var sourceName: String {
        let version = baseURL.hasSuffix("/v2") ? "coincap-v2" : "coincap-v3"
        return host == Self.ownHost || host == "api.coincap.io" ? version : "\(version)@\(host)"
    }

    /// Refuses a call that cannot succeed.
    ///
    /// - Throws: ``CoinCapError/missingKey`` if CoinCap's own v3 is called without a key.
    func requireKey() throws(CoinCapError) {
        if host == Self.ownHost, apiKey == nil { throw .missingKey }
    }

    private static let ownHost = "rest.coincap.io"
}

/// The configuration without its key, so that no log can show it.
extension CoinCapConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { baseURL }
    public var debugDescription: String { baseURL }
    public var customMirror: Mirror { Mirror(self, children: ["baseURL": baseURL]) }
}

/// Why a text is no address of CoinCap.
public enum CoinCapURLError: DagKitError, Equatable {
    case malformed(String)

    public var problem: String {
        switch self {
        case .malformed(let url): "coincap_url \"\(Self.withoutSecrets(url))\" is no address of an API"
        }
    }

    public var remedy: String {
        "set coincap_url to https://rest.coincap.io/v3, and the key to coincap_api_key"
    }

    /// What stands before an `@` or after a `?` may be a secret.
    private static func withoutSecrets(_ url: String) -> String {
        let address = url.prefix { $0 != "?" && $0 != "#" }
        guard let at = address.lastIndex(of: "@") else { return String(address) }
        return "…" + address[at...]
    }
}
