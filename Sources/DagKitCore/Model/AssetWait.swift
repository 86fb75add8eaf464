public import FoundationEssentials

/// The update of an asset that somebody waits for: one at an instant or after it.
public struct AssetWait: Hashable, Sendable {
    /// The normal form of the asset's URI.
    public var uri: String

    /// The earliest instant of an update that ends the wait.
    public var since: Date

    package init(uri: String, since: Date) {
        self.uri = uri
        self.since = since.roundedToMicroseconds
    }

    // MARK: Text

    var reason: String { "waits for an update of asset \(uri) since \(since.isoText)" }

    var json: JSONValue { ["asset_uri": .string(uri), "since": .string(since.isoText)] }

    init?(json: JSONValue) {
        guard let uri = json["asset_uri"]?.string, let since = json["since"]?.instant else { return nil }
        self.init(uri: uri, since: since)
    }
}
