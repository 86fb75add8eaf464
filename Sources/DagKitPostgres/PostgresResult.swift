import CLibPQ
import DagKitSQL

/// An answer of the server; its end frees it.
final class PostgresResult {
    private let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { self.pointer = pointer }

    deinit { PQclear(pointer) }

    var status: ExecStatusType { PQresultStatus(pointer) }

    /// Whether the statement failed.
    var isError: Bool {
        switch status {
        case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE, PGRES_PIPELINE_ABORTED: true
        default: false
        }
    }

    /// The five characters of SQLSTATE; `nil` if libpq itself found the error.
    var sqlState: String? { field("C") }

    /// The first line of the server's message, in its own words.
    var message: String {
        let text = field("M") ?? String(cString: PQresultErrorMessage(pointer))
        return String(text.prefix { !$0.isNewline })
    }

    /// The command that was done, such as `INSERT` or `COMMIT`.
    var command: Substring {
        String(cString: PQcmdStatus(pointer)).prefix { $0 != " " }
    }

    /// How many rows were changed; a query changes none.
    var changes: Int {
        switch command {
        case "INSERT", "UPDATE", "DELETE", "MERGE", "COPY": Int(String(cString: PQcmdTuples(pointer))) ?? 0
        default: 0
        }
    }

    /// The rows, each value in the kind that its column's type is read as.
    func rows() -> [SQLRow] {
        let columnCount = PQnfields(pointer)
        let names = (0..<columnCount).map { PQfname(pointer, $0).map { String(cString: $0) } ?? "" }
        let columns = SQLColumns(names)
        let kinds = (0..<columnCount).map { ColumnKind(oid: PQftype(pointer, $0)) }
        return (0..<PQntuples(pointer)).map { row in
            SQLRow(
                columns: columns,
                values: (0..<columnCount).map { value(row, $0, kinds[Int($0)]) })
        }
    }

    private func value(_ row: Int32, _ column: Int32, _ kind: ColumnKind) -> SQLValue {
        guard PQgetisnull(pointer, row, column) == 0, let start = PQgetvalue(pointer, row, column) else {
            return .null
        }
        let bytes = UnsafeRawBufferPointer(start: start, count: Int(PQgetlength(pointer, row, column)))
        return kind.value(bytes)
    }

    private func field(_ code: Unicode.Scalar) -> String? {
        PQresultErrorField(pointer, Int32(code.value)).map { String(cString: $0) }
    }
}
