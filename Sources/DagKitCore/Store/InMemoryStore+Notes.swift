public import FoundationEssentials
import Synchronization

extension InMemoryStore {
    public func notes(of run: RunKey) async throws -> RunNotes {
        contents.withLock { $0.runs[run]?.notes ?? RunNotes() }
    }

    public func runNotes(of dag: DAGID) async throws -> [RunID: Note] {
        contents.withLock { contents in
            contents.runs.values.reduce(into: [:]) { notes, stored in
                if stored.run.dagID == dag, let note = stored.notes.run { notes[stored.run.runID] = note }
            }
        }
    }

    public func setNote(
        _ text: String?, of run: RunKey, task: TaskInstanceKey?, by actor: String, at now: Date
    )
        async throws -> Bool
    {
        contents.withLock { contents in
            guard var stored = contents.runs[run], task.map({ stored.instances[$0] != nil }) ?? true else {
                return false
            }
            let old = task.map { stored.notes.tasks[$0] } ?? stored.notes.run
            let note = text.map {
                Note(content: $0, author: actor, createdAt: old?.createdAt ?? now, updatedAt: now)
            }
            if let task { stored.notes.tasks[task] = note } else { stored.notes.run = note }
            contents.runs[run] = stored
            contents.audit.append(.note(text, of: run, task: task, by: actor, at: now))
            return true
        }
    }
}

extension AuditEntry {
    /// The line of the audit log for a note.
    package static func note(
        _ text: String?, of run: RunKey, task: TaskInstanceKey?, by actor: String, at now: Date
    ) -> AuditEntry {
        AuditEntry(
            at: now, event: text == nil ? "note.delete" : "note.set", actor: actor, dagID: run.dagID,
            runID: run.runID, taskID: task?.taskID)
    }
}
