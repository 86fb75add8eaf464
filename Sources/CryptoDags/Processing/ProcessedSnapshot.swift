/// The rows of a snapshot and all that was not taken over as it came.
public struct ProcessedSnapshot: Hashable, Sendable {
    /// The rows, in the order of the answer, each id once.
    public var rows: [MarketRow]

    /// The assets that gave no row.
    public var rejected: [RejectedAsset]

    /// The values that could not be used and became NULL.
    public var faults: [FieldFault]

    /// The ids that came again after their first row, in order.
    public var duplicateIDs: [String]

    /// The ids whose rank is their position in the answer, because none was given.
    public var rankedByPosition: [String]

    /// Creates a snapshot.
    public init(
        rows: [MarketRow] = [], rejected: [RejectedAsset] = [], faults: [FieldFault] = [],
        duplicateIDs: [String] = [], rankedByPosition: [String] = []
    ) {
        self.rows = rows
        self.rejected = rejected
        self.faults = faults
        self.duplicateIDs = duplicateIDs
        self.rankedByPosition = rankedByPosition
    }

    /// How many assets the answer held.
    public var assetCount: Int { rows.count + rejected.count + duplicateIDs.count }
}

/// An asset that gave no row, and why.
public struct RejectedAsset: Hashable, Sendable, Codable {
    /// Its position in the answer, from 1.
    public let position: Int

    /// Its id, if it had one.
    public let cryptoID: String?

    /// The field that refused it, by its name in the answer.
    public let field: String

    /// What was wrong with the field.
    public let reason: String

    /// Creates a rejection.
    public init(position: Int, cryptoID: String?, field: String, reason: String) {
        self.position = position
        self.cryptoID = cryptoID
        self.field = field
        self.reason = reason
    }
}

/// A value that could not be used; its column is NULL.
public struct FieldFault: Hashable, Sendable, Codable {
    /// The coin.
    public let cryptoID: String

    /// The field, by its name in the answer.
    public let field: String

    /// The value, at most 80 characters of it.
    public let value: String

    /// What was wrong with it.
    public let reason: String

    /// Creates a fault.
    public init(cryptoID: String, field: String, value: String, reason: String) {
        self.cryptoID = cryptoID
        self.field = field
        self.value = value
        self.reason = reason
    }
}
