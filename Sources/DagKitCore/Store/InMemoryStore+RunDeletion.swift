public import FoundationEssentials
import Synchronization

extension InMemoryStore {
    public func deleteRun(_ run: RunKey, by actor: String, at now: Date) async throws -> Bool {
        try contents.withLock { contents in
            guard let stored = contents.runs[run] else { return false }
            guard stored.run.state.isFinished else { throw RunDeletionError.open(run) }
            contents.runs[run] = nil
            if let date = stored.run.logicalDate { contents.logicalDates[run.dagID]?.remove(date) }
            contents.events.removeAll { $0.run == run }
            contents.append(RunEvent(.runDeleted, run: run, at: now, actor: actor))
            contents.notices = contents.notices.filter { $0.value.notice.run != run }
            contents.audit.append(.runDeletion(run, by: actor, at: now))
            return true
        }
    }
}
