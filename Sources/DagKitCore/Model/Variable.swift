/// A named text of the deployment, that tasks and templates read.
public struct Variable: Hashable, Codable, Sendable, CustomStringConvertible {
    public var key: String
    public var value: String
    public var about: String?

    /// Whether the value is hidden in every listing and sealed in the store.
    public var isSecret: Bool

    public init(_ key: String, value: String, about: String? = nil, isSecret: Bool = false) {
        self.key = key
        self.value = value
        self.about = about
        self.isSecret = isSecret
    }

    public var description: String { isSecret ? "\(key)=***" : "\(key)=\(value)" }
}
