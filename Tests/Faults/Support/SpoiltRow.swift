import DagKitCore
import Testing

/// A value of the metadata database that no program of ours writes.
struct SpoiltRow: Sendable, CustomTestStringConvertible {
    let table: String
    let column: String

    /// The value, as SQL.
    let value: String

    /// What picks the row; the run `mine` of the script DAG if nothing is said.
    var condition = "dag_id = 'script' and run_id = 'mine'"

    init(_ table: String, _ column: String, _ value: String, where condition: String? = nil) {
        self.table = table
        self.column = column
        self.value = value
        if let condition { self.condition = condition }
    }

    var testDescription: String { "\(table).\(column) = \(value)" }
}

extension FaultHome {
    /// Spoils a row behind the program's back, and gives what stood there, as SQL.
    func spoil(_ row: SpoiltRow) async throws -> String {
        let before = try await sqlite("select quote(\(row.column)) from \(row.table) where \(row.condition)")
        _ = try await sqlite("update \(row.table) set \(row.column) = \(row.value) where \(row.condition)")
        return before
    }

    /// What the shell of SQLite answers.
    func sqlite(_ statement: String) async throws -> String {
        let answer = try await shell(
            "exec sqlite3 -cmd '.timeout 60000' \"$DAGKIT_HOME/dagkit.db\" \"$STATEMENT\"",
            environment: ["STATEMENT": statement])
        #expect(answer.status == 0, "\(answer)")
        return answer.output.trimmingSuffix(while: \.isNewline)
    }

    /// Does what a message says: `sqlite3 …` with a value in the place of VALUE, as it is typed.
    func correct(as line: String, value: String) async throws {
        let command = try #require(line.firstRange(of: "sqlite3 ").map { line[$0.lowerBound...] })
        let end = command.firstRange(of: ", or delete")?.lowerBound ?? command.endIndex
        // A user who is told that the database is locked types it again.
        let isCorrected = try await holds {
            let answer = try await shell(String(command[..<end]).replacing("VALUE", with: value))
            #expect(answer.status == 0 || answer.errors.contains("database is locked"), "\(answer)")
            return answer.status == 0
        }
        #expect(isCorrected)
    }
}

extension StringProtocol {
    /// The text without the characters at its end that match.
    fileprivate func trimmingSuffix(while matches: (Character) -> Bool) -> String {
        var text = Substring(self)
        while let last = text.last, matches(last) { text.removeLast() }
        return String(text)
    }
}
