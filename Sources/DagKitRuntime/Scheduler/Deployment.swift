public import DagKitCore

/// The DAGs that a scheduler runs, with what the deployment says of them.
public struct Deployment: Sendable {
    /// The name of the executable; a scheduler deactivates only DAGs of its own.
    public var bundle: String
    public var specs: [DAGSpec]

    /// What the deployment sets for the tasks of a DAG (`section.key`).
    public var settings: [DAGID: [String: String]]

    /// Whether a DAG that says nothing of it starts paused.
    public var arePausedAtCreation: Bool

    /// What could not be loaded, by source; an empty list clears what a source reported before.
    public var importErrors: [String: [ImportError]]

    /// The SHA-256 of the executable, 64 hex digits; `nil` while it is not known.
    public var executableHash: String?

    public init(
        bundle: String, specs: [DAGSpec], settings: [DAGID: [String: String]] = [:],
        arePausedAtCreation: Bool = true,
        importErrors: [String: [ImportError]] = [:]
    ) {
        self.bundle = bundle
        self.specs = specs
        self.settings = settings
        self.arePausedAtCreation = arePausedAtCreation
        self.importErrors = importErrors
    }

    /// The rows that the store keeps of the DAGs.
    public var records: [DAGRecord] {
        specs.map { spec in
            var record = DAGRecord(spec, bundle: bundle, isPaused: arePausedAtCreation)
            record.executableHash = executableHash
            return record
        }
    }
}
