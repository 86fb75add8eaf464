import DagKitCore
import DagKitSQL
import DagKitSQLite
import DagKitStore
import FoundationEssentials

/// A database as an older program left it: its tables, each with a row.
struct OlderDatabase {
    let path: String

    /// The version of the schema; 0 for a file without tables.
    let version: Int
    private let tables: [Table]

    private struct Table {
        let name: String
        let columns: [String]
    }

    /// Makes a database.
    ///
    /// - Parameter steps: How many migrations it lacks; `nil` for all.
    static func make(at path: String, lacking steps: Int?) async throws -> OlderDatabase {
        let known = SQLiteSchema().migrations
        let past = PastSchema(migrations: steps.map { known.dropLast($0) } ?? [])
        let database = try await SQLiteDatabase.open(path)
        if steps != nil { try await StoreSchema(of: database, dialect: past).migrate(at: Date()) }
        let names: [String] = try await database.query(
            "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' order by rowid"
        ).map { try $0[0] }
        var tables: [Table] = []
        for name in names where name != "schema_version" {
            let columns = try await database.query(SQLStatement(verbatim: "pragma table_info(\(name))"))
            tables.append(Table(name: name, columns: try columns.map { try $0["name"] }))
            try await fill(name, columns, in: database)
        }
        await database.close()
        return OlderDatabase(path: path, version: past.migrations.last?.version ?? 0, tables: tables)
    }

    /// What stands in its tables, wherever the database is by now and whatever was added to them.
    func rows(at path: String? = nil) async throws -> [String: [[SQLValue]]] {
        let database = try await SQLiteDatabase.open(path ?? self.path)
        var rows: [String: [[SQLValue]]] = [:]
        for table in tables {
            let columns = table.columns.map { "\"\($0)\"" }.joined(separator: ", ")
            rows[table.name] = try await database.query(
                SQLStatement(verbatim: "select \(columns) from \(table.name) order by 1")
            ).map(\.values)
        }
        await database.close()
        return rows
    }

    // MARK: Rows

    /// Gives a table a row of a run that has ended, with a value in each column that must have one.
    private static func fill(_ table: String, _ columns: [SQLRow], in database: SQLiteDatabase) async throws {
        let needed = try columns.filter { column in
            let name: String = try column["name"]
            let isNeeded: Bool = try column["notnull"]
            let key: Int = try column["pk"]
            return isNeeded || (key > 0 && name != "id") || name == "completed_at"
        }
        let names = try needed.map { column -> String in "\"\(try column["name"] as String)\"" }
        var statement = SQLStatement(
            verbatim: "insert into \(table) (\(names.joined(separator: ", "))) values ")
        statement += .list(try needed.map { value(of: try $0["name"], type: try $0["type"]) })
        _ = try await database.execute(statement)
    }

    private static func value(of column: String, type: String) -> SQLValue {
        switch (column, type.lowercased()) {
        case ("dag_id", _), ("target_dag_id", _): .text("proof")
        case ("state", _): .text("success")
        case ("run_type", _): .text("manual")
        case ("kind", _): .text("run_created")
        case ("map_index", _): .integer(-1)
        case (_, "timestamp"): .text(Date(timeIntervalSince1970: 1_767_268_800).databaseText)
        case (_, "integer"), (_, "bigint"), (_, "boolean"): .integer(1)
        case (_, "text"): .text("{}")
        default: .text("one")
        }
    }
}

/// The first migrations of the schema.
private struct PastSchema: SchemaDialect {
    let migrations: [Migration]
    let tableNames = SQLiteSchema().tableNames
}
