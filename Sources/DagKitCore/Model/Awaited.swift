public import FoundationEssentials

/// What a task instance waits for while no process runs for it.
public enum Awaited: Hashable, Sendable {
    /// That an instant comes.
    case instant(Date)
    /// That runs of a DAG, or tasks of them, come to certain states.
    case runs(ExternalWait)
    /// That an asset is updated.
    case asset(AssetWait)

    /// What is waited for, in words.
    public var reason: String {
        switch self {
        case .instant(let instant): "waits until \(instant.isoText)"
        case .runs(let wait): wait.reason
        case .asset(let wait): wait.reason
        }
    }

    /// The value as events and stores hold it.
    package var json: JSONValue {
        switch self {
        case .instant(let instant): ["until": .string(instant.isoText)]
        case .runs(let wait): wait.json
        case .asset(let wait): wait.json
        }
    }

    package init?(json: JSONValue) {
        if let instant = json["until"]?.instant {
            self = .instant(instant)
        } else if let wait = ExternalWait(json: json) {
            self = .runs(wait)
        } else if let wait = AssetWait(json: json) {
            self = .asset(wait)
        } else {
            return nil
        }
    }
}

extension Awaited: Codable {
    public init(from decoder: any Decoder) throws {
        let json = try JSONValue(from: decoder)
        guard let awaited = Awaited(json: json) else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "nothing to wait for")
            )
        }
        self = awaited
    }

    public func encode(to encoder: any Encoder) throws { try json.encode(to: encoder) }
}
