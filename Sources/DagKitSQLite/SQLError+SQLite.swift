import CSQLite
import DagKitSQL

extension SQLError {
    /// The error for an extended result code of SQLite.
    init(sqliteCode code: Int32, message: String, database: String?, statement: String?) {
        self.init(
            Kind(sqliteCode: code, message: message), message: message, database: database,
            statement: statement)
    }
}

extension SQLError.Kind {
    fileprivate init(sqliteCode code: Int32, message: String) {
        switch code & 0xFF {
        case SQLITE_CONSTRAINT: self.init(constraintCode: code)
        case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL: self = .busy
        case SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH: self = .readOnly
        case SQLITE_FULL: self = .full
        case SQLITE_CORRUPT, SQLITE_NOTADB: self = .corrupt
        case SQLITE_CANTOPEN: self = .cannotOpen
        case SQLITE_IOERR: self = .inputOutput
        case SQLITE_INTERRUPT: self = .interrupted
        case SQLITE_MISMATCH, SQLITE_TOOBIG: self = .typeMismatch
        case SQLITE_ERROR: self.init(message: message)
        default: self = .other
        }
    }

    /// The high byte says which rule was broken (`SQLITE_CONSTRAINT_UNIQUE` is `SQLITE_CONSTRAINT | 8 << 8`).
    private init(constraintCode code: Int32) {
        switch code >> 8 {
        case 6, 8, 10: self = .uniqueViolation  // PRIMARYKEY, UNIQUE, ROWID
        case 3: self = .foreignKeyViolation
        case 5: self = .notNullViolation
        case 12: self = .typeMismatch  // DATATYPE
        default: self = .checkViolation
        }
    }

    /// SQLite has one code for all that is wrong with a text, so that only its words tell the kinds apart.
    private init(message: String) {
        if message.hasPrefix("no such table") {
            self = .unknownTable
        } else if message.hasPrefix("no such column") || message.contains("has no column named") {
            self = .unknownColumn
        } else if ["syntax error", "incomplete input", "unrecognized token"].contains(where: message.contains)
        {
            self = .syntax
        } else {
            self = .other
        }
    }
}
