import CLibPQ
import DagKitSQL
import Glibc

/// Many rows by COPY: one statement, all rows or none.
extension PostgresConnection {
    /// How much is handed over at once.
    private static let chunkSize = 1 << 16

    @discardableResult
    func bulkInsert(into table: SQLIdentifier, columns: [SQLIdentifier], rows: [[SQLValue]]) throws -> Int {
        precondition(
            rows.allSatisfy { $0.count == columns.count },
            "a row for \(table) has not \(columns.count) values")
        guard !rows.isEmpty else { return 0 }
        let names = columns.map(\.quoted).joined(separator: ", ")
        let text = "copy \(table.quoted) (\(names)) from stdin"
        var call = PostgresLink.Call(statement: text, deadline: .now + patience)
        guard !link.isCancelled else { throw CancellationError() }
        guard PQsendQuery(link.pointer, text) == 1 else { throw link.lost(call) }
        let answer = try link.finish(&call)
        if answer.isError { throw noted(SQLError(answer, database: link.name, statement: text, values: [])) }
        let refused = try sendRows(rows, &call)
        let result = try link.finish(&call)
        if let refused { throw noted(refusal(refused, text)) }
        if result.isError {
            throw noted(SQLError(result, database: link.name, statement: text, values: []))
        }
        return result.changes
    }

    private func noted(_ error: SQLError) -> SQLError {
        failure = failure ?? error
        return error
    }

    /// Sends the rows and the end; returns why it broke off, if a value cannot be sent.
    private func sendRows(
        _ rows: [[SQLValue]], _ call: inout PostgresLink.Call
    ) throws -> ValueFailure? {
        var lines: [UInt8] = []
        lines.reserveCapacity(Self.chunkSize + 4_096)
        var refused: ValueFailure?
        for row in rows where refused == nil && call.stop == nil {
            do throws(ValueFailure) {
                try Self.append(row, to: &lines)
            } catch {
                refused = error
            }
            if lines.count >= Self.chunkSize {
                try hand(lines, &call)
                lines.removeAll(keepingCapacity: true)
            }
        }
        let isWhole = refused == nil && call.stop == nil
        if isWhole, !lines.isEmpty { try hand(lines, &call) }
        // A server that waits for rows hears a request to stop only from here.
        try end(isWhole && call.stop == nil ? nil : "stopped", &call)
        return refused
    }

    private static func append(_ row: [SQLValue], to lines: inout [UInt8]) throws(ValueFailure) {
        for (index, value) in row.enumerated() {
            if index > 0 { lines.append(UInt8(ascii: "\t")) }
            try value.appendCopyText(to: &lines)
        }
        lines.append(UInt8(ascii: "\n"))
    }

    private func hand(_ lines: [UInt8], _ call: inout PostgresLink.Call) throws {
        if link.isCancelled, call.stop == nil { try link.stop(.cancelled, &call) }
        while call.stop == nil {
            let code = lines.withUnsafeBytes { bytes in
                PQputCopyData(
                    link.pointer, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count))
            }
            switch code {
            // Nothing piles up in our memory: the next chunk waits until the server has taken this one.
            case 1: return try link.flush(&call)
            case 0: try makeRoom(&call)
            default: throw link.lost(call)
            }
        }
    }

    private func end(_ reason: String?, _ call: inout PostgresLink.Call) throws {
        while true {
            switch PQputCopyEnd(link.pointer, reason) {
            case 1: return
            case 0: try makeRoom(&call)
            default: throw link.lost(call)
            }
        }
    }

    private func makeRoom(_ call: inout PostgresLink.Call) throws {
        try link.pass(POLLIN | POLLOUT, &call)
        guard PQconsumeInput(link.pointer) == 1 else { throw link.lost(call) }
    }
}
