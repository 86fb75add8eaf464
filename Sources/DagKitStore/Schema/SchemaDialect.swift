import DagKitSQL

/// How one family of databases writes the store's tables.
protocol SchemaDialect: Sendable {
    /// The steps that make the tables, in order; a step that has been released is never changed.
    var migrations: [Migration] { get }

    /// Asks for the names of all tables.
    var tableNames: SQLStatement { get }
}

/// One numbered step of the schema.
struct Migration: Sendable {
    /// 1 for the first step.
    let version: Int

    /// What the step does, for `db migrate`.
    let name: String
    let statements: [SQLStatement]
}

extension SQLDialect {
    /// The store's tables in this dialect.
    ///
    /// - Throws: ``StoreError/unsupportedDialect(_:)``.
    func schema() throws(StoreError) -> any SchemaDialect {
        switch self {
        case .sqlite: SQLiteSchema()
        default: throw .unsupportedDialect(name)
        }
    }
}
