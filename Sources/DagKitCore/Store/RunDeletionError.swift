package import FoundationEssentials

/// Why a run cannot be deleted.
public enum RunDeletionError: DagKitError, Equatable {
    /// It has not ended: a scheduler goes on with it.
    case open(RunKey)

    public var problem: String {
        switch self {
        case .open(let run): "run \"\(run.runID)\" of dag \"\(run.dagID)\" has not ended"
        }
    }

    public var remedy: String {
        switch self {
        case .open(let run): "end it first with: dagctl dags mark \(run.dagID) \(run.runID) failed"
        }
    }
}

extension AuditEntry {
    /// The line of the audit log for a run that is deleted.
    package static func runDeletion(_ run: RunKey, by actor: String, at now: Date) -> AuditEntry {
        AuditEntry(at: now, event: "delete", actor: actor, dagID: run.dagID, runID: run.runID)
    }
}
