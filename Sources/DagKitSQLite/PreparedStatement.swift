import CSQLite
import DagKitSQL

/// A compiled statement; its end finalizes it.
///
/// It belongs to one connection and is run to its end in one call, so it is never in use twice.
final class PreparedStatement {
    /// Whether it leaves the database as it is.
    var isReadOnly: Bool { sqlite3_stmt_readonly(pointer) != 0 }

    private let pointer: OpaquePointer
    private var columns: SQLColumns?
    private var compilations: Int32 = 0

    /// Compiles a text that must hold exactly one statement.
    init(_ text: String, on handle: borrowing SQLiteHandle, isCached: Bool) throws(SQLError) {
        let flags = UInt32(isCached ? SQLITE_PREPARE_PERSISTENT : 0)
        var text = text
        let compiled = text.withUTF8 { Self.compile($0, on: handle.pointer, flags: flags) }
        guard compiled.code == SQLITE_OK else { throw handle.error(code: compiled.code, statement: text) }
        guard let pointer = compiled.pointer else {
            throw SQLError(.syntax, message: "the statement is empty", database: handle.name)
        }
        self.pointer = pointer
        guard !compiled.hasMore else {
            throw SQLError(
                .syntax, message: "more than one statement at once", database: handle.name, statement: text)
        }
    }

    deinit { sqlite3_finalize(pointer) }

    /// Runs the statement and returns its rows.
    func rows(binding values: [SQLValue]) throws(PreparedStatementFailure) -> [SQLRow] {
        try bind(values)
        defer { reset() }
        var rows: [SQLRow] = []
        while try step() {
            let columns = currentColumns(isFirstRow: rows.isEmpty)
            rows.append(SQLRow(columns: columns, values: columns.names.indices.map { value(at: Int32($0)) }))
        }
        return rows
    }

    /// Runs the statement and drops what it returns.
    func run(binding values: [SQLValue]) throws(PreparedStatementFailure) {
        try bind(values)
        defer { reset() }
        while try step() {}
    }

    private static func compile(
        _ text: UnsafeBufferPointer<UInt8>, on handle: OpaquePointer, flags: UInt32
    ) -> (code: Int32, pointer: OpaquePointer?, hasMore: Bool) {
        var pointer: OpaquePointer?
        var tail: UnsafePointer<CChar>?
        let start = UnsafeRawPointer(text.baseAddress).map { $0.assumingMemoryBound(to: CChar.self) }
        let code = sqlite3_prepare_v3(handle, start, Int32(text.count), flags, &pointer, &tail)
        guard code == SQLITE_OK, let start, let tail, tail < start + text.count else {
            return (code, pointer, false)
        }
        // What follows may be blanks and comments, which compile to nothing.
        var next: OpaquePointer?
        let nextCode = sqlite3_prepare_v3(handle, tail, Int32(text.count - (tail - start)), 0, &next, nil)
        sqlite3_finalize(next)
        return (code, pointer, nextCode != SQLITE_OK || next != nil)
    }

    private func step() throws(PreparedStatementFailure) -> Bool {
        switch sqlite3_step(pointer) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw .code(code)
        }
    }

    private func reset() {
        sqlite3_reset(pointer)
        sqlite3_clear_bindings(pointer)
    }

    /// The names of the columns, read again only if a change of the tables made SQLite compile anew.
    private func currentColumns(isFirstRow: Bool) -> SQLColumns {
        if let columns {
            guard isFirstRow else { return columns }
            let count = sqlite3_stmt_status(pointer, SQLITE_STMTSTATUS_REPREPARE, 0)
            if count == compilations { return columns }
            compilations = count
        }
        let names = (0..<sqlite3_column_count(pointer)).map {
            String(cString: sqlite3_column_name(pointer, $0))
        }
        let columns = SQLColumns(names)
        self.columns = columns
        return columns
    }

    private func value(at index: Int32) -> SQLValue {
        switch sqlite3_column_type(pointer, index) {
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(pointer, index))
        case SQLITE_FLOAT: return .real(sqlite3_column_double(pointer, index))
        case SQLITE_TEXT:
            // The pointer first, the length after: asking for the pointer may convert the text.
            let start = sqlite3_column_text(pointer, index)
            let count = Int(sqlite3_column_bytes(pointer, index))
            return .text(String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self))
        case SQLITE_BLOB:
            let start = sqlite3_column_blob(pointer, index)
            let count = Int(sqlite3_column_bytes(pointer, index))
            return .blob([UInt8](UnsafeRawBufferPointer(start: start, count: count)))
        default: return .null
        }
    }
}

extension PreparedStatement {
    private func bind(_ values: [SQLValue]) throws(PreparedStatementFailure) {
        let expected = Int(sqlite3_bind_parameter_count(pointer))
        guard values.count == expected else { throw .valueCount(values.count, expected: expected) }
        for (index, value) in values.enumerated() {
            let code = try bind(value, at: Int32(index + 1))
            guard code == SQLITE_OK else {
                reset()
                throw .code(code)
            }
        }
    }

    private func bind(_ value: SQLValue, at index: Int32) throws(PreparedStatementFailure) -> Int32 {
        switch value {
        case .null: return sqlite3_bind_null(pointer, index)
        case .integer(let number): return sqlite3_bind_int64(pointer, index, number)
        case .real(let number):
            // SQLite would store NULL without a word.
            if number.isNaN { throw .notANumber }
            return sqlite3_bind_double(pointer, index, number)
        case .text(var text):
            return text.withUTF8 { utf8 in
                utf8.withMemoryRebound(to: CChar.self) { characters in
                    sqlite3_bind_text64(
                        pointer, index, characters.baseAddress, UInt64(characters.count), copied,
                        UInt8(SQLITE_UTF8))
                }
            }
        case .blob(let bytes):
            guard !bytes.isEmpty else { return sqlite3_bind_zeroblob(pointer, index, 0) }
            return sqlite3_bind_blob64(pointer, index, bytes, UInt64(bytes.count), copied)
        }
    }

    /// SQLITE_TRANSIENT: SQLite makes its own copy of the bytes.
    private var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }
}

/// Why a statement could not be run; the connection makes an ``SQLError`` of it.
enum PreparedStatementFailure: Error {
    case code(Int32)
    case valueCount(Int, expected: Int)
    case notANumber
}
