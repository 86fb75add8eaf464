/// A row of a store that holds what the program never writes there.
///
/// It stays unreadable until somebody corrects or removes it: to ask again is of no use before that.
public struct UnreadableRow: DagKitError, StoreFailure, Hashable {
    public let table: String
    public let column: String

    /// What picks the row, as a condition of SQL: `dag_id = 'proof' and run_id = 'mine'`.
    public let key: String

    /// What is wrong with the value.
    public let reason: String

    /// The run that the row belongs to; `nil` if it belongs to none, or that cannot be read either.
    public let run: RunKey?

    /// The database's file; `nil` if it has none.
    public var file: String?

    /// What the user can do about it; `nil` where it is to correct the value by hand.
    public let advice: String?

    /// Creates the description of a row.
    public init(
        table: String, column: String, key: String, reason: String, run: RunKey? = nil, file: String? = nil,
        advice: String? = nil
    ) {
        self.table = table
        self.column = column
        self.key = key
        self.reason = reason
        self.run = run
        self.file = file
        self.advice = advice
    }

    public var isFinal: Bool { false }
    public var isLasting: Bool { true }

    public var location: String? { run.map { "run \($0)" } }

    public var problem: String {
        "column \"\(column)\" of table \"\(table)\" cannot be read where \(key) (\(reason))"
    }

    public var remedy: String {
        if let advice { return advice }
        let statement = "update \(table) set \(column) = VALUE where \(key)"
        let correction =
            "correct it with: sqlite3 \(Self.word(file ?? "dagkit.db")) \(Self.quoted(statement))"
        guard let run, table != "notice" else { return correction }
        return "\(correction), or delete the run with: dagctl runs delete \(run.runID) --dag \(run.dagID)"
    }

    /// A word as a shell takes it; in quotes where it needs them.
    private static func word(_ text: String) -> String {
        let isPlain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "/._-+".contains($0)) }
        return isPlain ? text : quoted(text)
    }

    /// A word as a shell takes it, in double quotes.
    private static func quoted(_ text: String) -> String {
        "\"" + text.map { "\\\"$`".contains($0) ? "\\\($0)" : String($0) }.joined() + "\""
    }
}
