/// In JSON an asset is its URI, or an object with `uri` and what else is said of it; a condition is an asset,
/// `{"any": […]}` or `{"all": […]}`.
extension AssetCondition: Codable {
    public init(from decoder: any Decoder) throws {
        try self.init(json: JSONValue(from: decoder))
    }

    public func encode(to encoder: any Encoder) throws { try written.encode(to: encoder) }

    /// Reads a condition.
    package init(json: JSONValue) throws(AssetError) {
        guard case .object(let members) = json, members["uri"] == nil else {
            self = .updated(try Asset(json: json))
            return
        }
        guard let (word, list) = members.first, members.count == 1, ["any", "all"].contains(word),
            case .array(let elements) = list
        else { throw .notCondition(json.text) }
        var parts: [AssetCondition] = []
        for element in elements { parts.append(try AssetCondition(json: element)) }
        self = word == "all" ? .allOf(parts) : .anyOf(parts)
    }

    /// The condition with all that is said of its assets.
    private var written: JSONValue {
        switch self {
        case .updated(let asset): asset.written
        case .allOf(let parts): ["all": .array(parts.map(\.written))]
        case .anyOf(let parts): ["any": .array(parts.map(\.written))]
        }
    }
}

extension Asset {
    private static let keys: Set<String> = ["uri", "name", "group", "extra"]

    /// Reads an asset: its URI, or an object.
    package init(json: JSONValue) throws(AssetError) {
        if case .string(let uri) = json {
            try self.init(checking: uri)
            return
        }
        guard case .object(let members) = json, let uri = members["uri"]?.string,
            Set(members.keys).isSubset(of: Self.keys),
            ["name", "group"].allSatisfy({ members[$0].map { $0.string != nil } ?? true })
        else { throw .notAsset(json.text) }
        try self.init(
            checking: uri, name: members["name"]?.string,
            group: members["group"]?.string ?? Self.standardGroup, extra: members["extra"] ?? [:])
    }

    fileprivate var written: JSONValue {
        var fields: [String: JSONValue] = [:]
        if name != uri { fields["name"] = .string(name) }
        if group != Self.standardGroup { fields["group"] = .string(group) }
        if extra != [:] { fields["extra"] = extra }
        if fields.isEmpty { return .string(uri) }
        fields["uri"] = .string(uri)
        return .object(fields)
    }
}
