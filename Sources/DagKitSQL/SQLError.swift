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
        /// Two transactions that ran at once cannot both be stored as if one had run after the other.
        case serializationFailure
        /// Two transactions waited for each other, and this one was ended.
        case deadlock
        case readOnly
        /// No space is left, on the disk or in the limit of the database.
        case full
        /// The file is damaged or no database at all.
        case corrupt
        case cannotOpen
        /// The file was removed, or another one put in its place, while this process had it open.
        case replaced
        /// The server knows no such user, wants another password, or does not allow what was asked.
        case accessDenied
        case unknownDatabase
        case tooManyConnections
        /// The server went away in the midst of the call.
        case connectionLost
        /// The operating system failed to read or write.
        case inputOutput
        case syntax, unknownTable, unknownColumn, typeMismatch
        /// A value does not fit the type that it is meant for.
        case invalidValue
        /// The call took longer than it may.
        case timedOut
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

    /// What the user can do about it, where the driver knows better than the kind tells.
    public var advice: String?

    /// Creates an error; `sqlState` defaults to the code of the kind.
    public init(
        _ kind: Kind, sqlState: String? = nil, message: String, database: String? = nil,
        statement: String? = nil, advice: String? = nil
    ) {
        self.kind = kind
        self.sqlState = sqlState ?? kind.sqlState
        self.message = message
        self.database = database
        self.statement = statement
        self.advice = advice
    }

    /// Whether it broke a rule that the tables declare.
    public var isConstraintViolation: Bool {
        switch kind {
        case .uniqueViolation, .foreignKeyViolation, .notNullViolation, .checkViolation: true
        default: false
        }
    }

    /// Whether the same call may succeed later, unchanged: it met another transaction or lost its server.
    ///
    /// After ``Kind/connectionLost`` a statement that writes may have been stored all the same.
    public var isTransient: Bool {
        switch kind {
        case .busy, .serializationFailure, .deadlock, .tooManyConnections, .connectionLost: true
        default: false
        }
    }

    public var location: String? { database.map { "database \"\($0)\"" } }

    public var problem: String {
        guard let statement else { return message }
        return "\(message) in \"\(Self.excerpt(of: statement))\""
    }

    public var remedy: String {
        if let advice { return advice }
        return switch kind {
        case .uniqueViolation: "use another key or update the row that has it"
        case .foreignKeyViolation: "create the row that it refers to first"
        case .notNullViolation, .checkViolation: "give a value that the table allows"
        case .busy: "try again, or end the process that holds the lock"
        case .serializationFailure, .deadlock: "run the transaction again"
        case .readOnly: "make the file and its folder writable for this user"
        case .full: "free disk space"
        case .corrupt: "restore the last backup"
        case .cannotOpen: "check the path and its permissions"
        case .replaced: "start this program again, so that it opens what is there now"
        case .accessDenied: "correct the login and the password, or grant the right"
        case .unknownDatabase: "create the database, or correct its name"
        case .tooManyConnections: "close other clients, or allow the server more connections"
        case .connectionLost: "check that the server runs, then try again"
        case .inputOutput: "check the disk and the system's log"
        case .syntax: "correct the statement"
        case .unknownTable: "create the table, or run the migration that does"
        case .unknownColumn, .typeMismatch: "correct the statement or migrate the table"
        case .invalidValue: "give a value that the type can hold"
        case .timedOut: "allow more time, or look for what the statement waits for"
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

extension SQLError: StoreFailure {
    public var isFinal: Bool { kind == .replaced }

    public var isLasting: Bool { isConstraintViolation || kind == .typeMismatch || kind == .invalidValue }
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
        case .serializationFailure: "40001"
        case .deadlock: "40P01"
        case .readOnly: "25006"
        case .full: "53100"
        case .corrupt: "XX001"
        case .cannotOpen: "08001"
        case .replaced: "08003"
        case .accessDenied: "28000"
        case .unknownDatabase: "3D000"
        case .tooManyConnections: "53300"
        case .connectionLost: "08006"
        case .inputOutput: "58030"
        case .syntax: "42601"
        case .unknownTable: "42P01"
        case .unknownColumn: "42703"
        case .typeMismatch: "42804"
        case .invalidValue: "22000"
        case .interrupted, .timedOut: "57014"
        case .other: "HY000"
        }
    }
}
