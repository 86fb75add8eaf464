package import DagKitSQL

/// How one family of databases writes the store's tables.
package protocol SchemaDialect: Sendable {
    /// The steps that make the tables, in order; a step that has been released is never changed.
    var migrations: [Migration] { get }

    /// Asks for the names of all tables.
    var tableNames: SQLStatement { get }
}

/// One numbered step of the schema.
package struct Migration: Sendable {
    /// 1 for the first step.
    package let version: Int

    /// What the step does, for `db migrate`.
    package let name: String
    package let statements: [SQLStatement]

    package init(version: Int, name: String, statements: [SQLStatement]) {
        self.version = version
        self.name = name
        self.statements = statements
    }
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
