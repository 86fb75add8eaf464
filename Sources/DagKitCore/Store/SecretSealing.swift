/// Seals secrets before they reach a store and opens them on the way back.
///
/// The place that a secret belongs to is bound into its seal, so that a sealed text cannot be moved to another row.
public protocol SecretSealing: Sendable {
    /// Seals `secret` for a place.
    func seal(_ secret: String, for place: SecretPlace) throws -> String

    /// Opens what ``seal(_:for:)`` made for the same place.
    func open(_ sealed: String, for place: SecretPlace) throws -> String
}

/// Where a sealed secret is stored.
public struct SecretPlace: Hashable, Sendable {
    public let table: String
    public let id: String
    public let field: String

    public init(table: String, id: String, field: String) {
        self.table = table
        self.id = id
        self.field = field
    }
}
