public import DagKitCore

/// How rows are written: tables are for eyes, the others for programs.
public enum OutputFormat: String, CaseIterable, Sendable {
    case table
    /// A table that is never cut, with all columns.
    case wide
    /// Columns parted by spaces, without rules.
    case plain
    case json
    case yaml
    case csv
    /// One JSON object per line.
    case ndjson

    /// Whether people read it.
    public var isForEyes: Bool { self == .table || self == .wide || self == .plain }
}

/// Rows under named columns: what a listing command has to say.
///
/// ```swift
/// var report = Report(["dag_id", "is_paused"])
/// report.add(["dag_id": "hello", "is_paused": false])
/// ```
public struct Report: Sendable {
    /// A column: its key, and whether only `-o wide` and the formats for programs show it.
    public struct Column: Hashable, Sendable, ExpressibleByStringLiteral {
        public let key: String
        public let isWide: Bool

        public init(_ key: String, isWide: Bool = false) {
            self.key = key
            self.isWide = isWide
        }

        public init(stringLiteral value: String) { self.init(value) }
    }

    public var columns: [Column]
    public private(set) var rows: [[String: JSONValue]] = []

    /// Whether the one row is shown downwards, a line per column, in tables.
    public var isUpright = false

    /// Creates an empty report.
    public init(_ columns: [Column]) { self.columns = columns }

    /// Creates the report of one object, which tables show as a line per property.
    public init(object: KeyValuePairs<String, JSONValue>) {
        columns = object.map { Column($0.key) }
        rows = [Dictionary(object.map { ($0.key, $0.value) }) { _, last in last }]
        isUpright = true
    }

    /// Adds a row; a column that it does not have is null.
    public mutating func add(_ row: [String: JSONValue]) { rows.append(row) }

    /// Adds many rows.
    public mutating func add(contentsOf more: some Sequence<[String: JSONValue]>) { rows += more }
}
