import DagKitCore
import DagKitSQL
import FoundationEssentials

/// Reads the columns of a row one after another, in the order in which they were asked for.
struct RowReader {
    private let row: SQLRow
    private let table: String
    private var index = 0

    init(_ row: SQLRow, of table: String) {
        self.row = row
        self.table = table
    }

    mutating func next<Value: SQLConvertible>() throws -> Value {
        defer { index += 1 }
        do {
            return try row[index]
        } catch {
            throw unreadable(error.message)
        }
    }

    mutating func instant() throws -> Date? {
        guard let text: String = try next() else { return nil }
        do {
            return try Date(isoText: text)
        } catch {
            throw unreadable(error.problem, at: index - 1)
        }
    }

    mutating func requiredInstant() throws -> Date {
        guard let instant = try instant() else { throw unreadable("it is null", at: index - 1) }
        return instant
    }

    mutating func interval() throws -> DataInterval? {
        guard let start = try instant() else {
            index += 1
            return nil
        }
        return DataInterval(start: start, end: try requiredInstant())
    }

    /// JSON; NULL reads as `null`.
    mutating func json() throws -> JSONValue {
        guard let text: String = try next() else { return .null }
        do {
            return try JSONValue(parsing: text)
        } catch {
            throw unreadable(error.problem, at: index - 1)
        }
    }

    private func unreadable(_ reason: String, at place: Int? = nil) -> StoreError {
        let names = row.columns.names
        let place = place ?? index
        return .unreadable(
            table: table, column: names.indices.contains(place) ? names[place] : String(place), reason: reason
        )
    }
}

extension JSONValue {
    /// The text as it is stored: NULL for `null`.
    var stored: String? { isNull ? nil : text }
}
