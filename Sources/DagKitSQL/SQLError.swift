public import DagKitCore

/// Why a database refused or could not do what was asked.
///
/// Neither the text nor the payload holds a bound value.
public struct SQLError: DagKitError, Equatable {
    /// What sort of failure it is: callers decide by this, people read the rest.
    public enum Kind: String, Hashable, Sendable {
        case uniqueViolation, foreignKeyViolation, notNullViolation, checkViolation
        /// Another connection holds a lock; the same call may succeed later.
        case busy
        case readOnly
        /// No space is left, on the disk or in the limit of the database.
        case full
        /// The file is damaged or no database at all.
        case corrupt
        case cannotOpen
        /// The operating system failed to read or write.
        case inputOutput
        case syntax, unknownTable, unknownColumn, typeMismatch
        /// The call was cancelled or the database closed.
        case interrupted
        case other
    }

    /// What sort of failure it is.
    public let kind: Kind

    /// The five characters of SQLSTATE: the database's own, or those that PostgreSQL would give.
    public let sqlState: String

    /// What the database said.
    public let message: String

    /// Which database it was: a path or an address, without password.
    public var database: String?

    /// The text of the statement, without its values.
    public var statement: String?

    /// Creates an error; `sqlState` defaults to the code of the kind.
    public init(
        _ kind: Kind, sqlState: String? = nil, message: String, database: String? = nil,
        statement: String? = nil
    ) {
        self.kind = kind
        self.sqlState = sqlState ?? kind.sqlState
        self.message = message
        self.database = database
        self.statement = statement
    }

    /// Whether it broke a rule that the tables declare.
    public var isConstraintViolation: Bool {
        switch kind {
        case .uniqueViolation, .foreignKeyViolation, .notNullViolation, .checkViolation: true
        default: false
        }
    }

    public var location: String? { database.map { "database \"\($0)\"" } }

    public var problem: String {
        guard let statement else { return message }
        return "\(message) in \"\(Self.excerpt(of: statement))\""
    }

    public var remedy: String {
        switch kind {
        case .uniqueViolation: "use another key or update the row that has it"
        case .foreignKeyViolation: "create the row that it refers to first"
        case .notNullViolation, .checkViolation: "give a value that the table allows"
        case .busy: "try again, or end the process that holds the lock"
        case .readOnly: "make the file and its folder writable for this user"
        case .full: "free disk space"
        case .corrupt: "restore the last backup"
        case .cannotOpen: "check the path and its permissions"
        case .inputOutput: "check the disk and the system's log"
        case .syntax: "correct the statement"
        case .unknownTable: "create the table, or run the migration that does"
        case .unknownColumn, .typeMismatch: "correct the statement or migrate the table"
        case .interrupted: "call again if the answer is still wanted"
        case .other: "look the message up in the manual of the database"
        }
    }

    /// The statement on one line and short enough for a message.
    private static func excerpt(of statement: String) -> String {
        let line = statement.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return line.count <= 120 ? line : line.prefix(117) + "..."
    }
}

extension SQLError.Kind {
    /// The SQLSTATE that PostgreSQL gives to this kind of failure.
    public var sqlState: String {
        switch self {
        case .uniqueViolation: "23505"
        case .foreignKeyViolation: "23503"
        case .notNullViolation: "23502"
        case .checkViolation: "23514"
        case .busy: "55P03"
        case .readOnly: "25006"
        case .full: "53100"
        case .corrupt: "XX001"
        case .cannotOpen: "08001"
        case .inputOutput: "58030"
        case .syntax: "42601"
        case .unknownTable: "42P01"
        case .unknownColumn: "42703"
        case .typeMismatch: "42804"
        case .interrupted: "57014"
        case .other: "HY000"
        }
    }
}
