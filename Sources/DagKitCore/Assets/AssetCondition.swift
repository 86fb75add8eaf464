/// Which assets must be updated before a DAG runs.
///
/// ```swift
/// .assets(.any(prices))                    // when prices is updated
/// .assets(prices & (rates | news))         // when prices is, and one of the others
/// .assets(.all(prices, rates | news))      // the same
/// ```
public enum AssetCondition: Hashable, Sendable {
    /// The asset was updated.
    case updated(Asset)
    /// All of these hold.
    case allOf([AssetCondition])
    /// One of these holds.
    case anyOf([AssetCondition])

    /// All of these are updated, or hold.
    public static func all(_ parts: any AssetExpression...) -> AssetCondition {
        .allOf(parts.map(\.assetCondition))
    }

    /// One of these is updated, or holds.
    public static func any(_ parts: any AssetExpression...) -> AssetCondition {
        .anyOf(parts.map(\.assetCondition))
    }

    /// Whether the condition holds once the assets with these URIs were updated.
    public func isMet(by uris: Set<String>) -> Bool {
        switch self {
        case .updated(let asset): uris.contains(asset.uri)
        case .allOf(let parts): parts.allSatisfy { $0.isMet(by: uris) }
        case .anyOf(let parts): parts.contains { $0.isMet(by: uris) }
        }
    }

    /// The assets that it names, each once, in order.
    public var assets: [Asset] {
        var seen: Set<String> = []
        return named.filter { seen.insert($0.uri).inserted }
    }

    private var named: [Asset] {
        switch self {
        case .updated(let asset): [asset]
        case .allOf(let parts), .anyOf(let parts): parts.flatMap(\.named)
        }
    }

    /// Whether each part of it names an asset.
    var isComplete: Bool {
        switch self {
        case .updated: true
        case .allOf(let parts), .anyOf(let parts): !parts.isEmpty && parts.allSatisfy(\.isComplete)
        }
    }

    /// The condition as Airflow stores it: `{"any": ["a", {"all": ["b", "c"]}]}`.
    public var json: JSONValue {
        switch self {
        case .updated(let asset): .string(asset.uri)
        case .allOf(let parts): ["all": .array(parts.map(\.json))]
        case .anyOf(let parts): ["any": .array(parts.map(\.json))]
        }
    }
}

extension AssetCondition: CustomStringConvertible {
    /// `prices and (rates or news)`, by the names of the assets.
    public var description: String { text(isInner: false) }

    private func text(isInner: Bool) -> String {
        let (parts, word): ([AssetCondition], String)
        switch self {
        case .updated(let asset): return asset.name
        case .allOf(let all): (parts, word) = (all, " and ")
        case .anyOf(let all): (parts, word) = (all, " or ")
        }
        let text = parts.map { $0.text(isInner: parts.count > 1) }.joined(separator: word)
        return isInner && parts.count > 1 ? "(\(text))" : text
    }
}

/// What a condition is made of: an asset, or another condition.
public protocol AssetExpression: Sendable {
    /// The condition that it means.
    var assetCondition: AssetCondition { get }
}

extension Asset: AssetExpression {
    public var assetCondition: AssetCondition { .updated(self) }
}

extension AssetCondition: AssetExpression {
    public var assetCondition: AssetCondition { self }
}

extension AssetExpression {
    /// Both hold.
    public static func & (left: Self, right: some AssetExpression) -> AssetCondition { .all(left, right) }

    /// One of both holds.
    public static func | (left: Self, right: some AssetExpression) -> AssetCondition { .any(left, right) }
}
