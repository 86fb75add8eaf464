public import DagKitCore
import DagKitSQL
public import FoundationEssentials

extension SQLMetadataStore {
    public func deleteRun(_ run: RunKey, by actor: String, at now: Date) async throws -> Bool {
        try await write { transaction in
            do {
                guard let snapshot = try transaction.snapshot(of: run) else { return false }
                guard snapshot.run.state.isFinished else { throw RunDeletionError.open(run) }
            } catch is UnreadableRow {
                // Nobody can go on with it.
            }
            // What hangs on the run goes with it by its foreign key.
            try transaction.execute("delete from dag_run where \(TaskInstanceRow.isRun(run))")
            try transaction.execute("delete from event where \(TaskInstanceRow.isRun(run))")
            // By this a scheduler learns of it that still follows the run.
            var values: [SQLValue] = []
            EventRow.append(
                RunEvent(.runDeleted, run: run, at: now, actor: actor), at: now.databaseText, to: &values)
            try EventRow.insertion(values, in: transaction)
            try transaction.note(.runDeletion(run, by: actor, at: now))
            return true
        }
    }
}
