public import DagKitCore

/// Why a database cannot be used as a metadata store.
public enum StoreError: DagKitError, Equatable {
    /// The tables are of an older version.
    case outdated(found: Int, needed: Int)
    /// The tables are of a newer version.
    case tooNew(found: Int, known: Int)
    /// The database holds tables of another program.
    case foreign
    case unsupportedDialect(String)

    public var problem: String {
        switch self {
        case .outdated(let found, let needed):
            "the metadata database has schema version \"\(found)\", this program needs \"\(needed)\""
        case .tooNew(let found, let known):
            "the metadata database has schema version \"\(found)\", this program knows up to \"\(known)\""
        case .foreign: "the database holds the tables of another program"
        case .unsupportedDialect(let name): "metadata cannot be kept in a database of kind \"\(name)\""
        }
    }

    public var remedy: String {
        switch self {
        case .outdated: "run `dagctl db migrate`"
        case .tooNew: "use the newer program that wrote it"
        case .foreign: "name an empty or missing database file"
        case .unsupportedDialect: "use SQLite"
        }
    }
}
