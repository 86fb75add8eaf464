package import DagKitCore
package import FoundationEssentials

/// Opens metadata databases and looks after their tables.
package protocol DatabaseKeeper: Sendable {
    /// Whether there is a database.
    func exists(_ place: DatabasePlace) -> Bool

    /// Opens the store; a missing database is made.
    func open(_ place: DatabasePlace, at now: Date) async throws -> any MetadataStore

    /// What stands in the database.
    func state(of place: DatabasePlace) async throws -> DatabaseState

    /// Brings the tables to this program's version and gives the names of the steps that were taken.
    func migrate(_ place: DatabasePlace, at now: Date) async throws -> [String]

    /// What is wrong with the database's pages; empty if nothing is.
    func damage(of place: DatabasePlace) async throws -> [String]

    /// How many bytes the database's file has.
    func size(of place: DatabasePlace) -> Int64

    /// Copies the database to a file, while all others go on.
    func backup(_ place: DatabasePlace, to path: String) async throws

    /// The backups that lie in the home's own folder for them, oldest first.
    func backups(of place: DatabasePlace) throws -> [String]

    /// Puts a backup in the place of the database, and says where what was there is kept.
    func restore(_ place: DatabasePlace, from path: String, at now: Date) async throws -> String?

    /// Deletes the database with all that is in it.
    func delete(_ place: DatabasePlace) async throws
}

/// Where a metadata database is.
package struct DatabasePlace: Sendable {
    /// The folder with the keys that seal secrets.
    package let home: String

    /// The path of the SQLite file.
    package let path: String
    package let busyTimeout: Duration
}

/// What stands in a metadata database.
package enum DatabaseState: Equatable {
    case missing
    case current(version: Int)
    case outdated(found: Int, needed: Int)
    case tooNew(found: Int, known: Int)
    case foreign
}
