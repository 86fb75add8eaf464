import DagKitCore
import FoundationEssentials

extension StoreConformance {
    /// What people write about runs and task instances.
    static var noteChecks: [Check] {
        [
            Check("notes on a run and its task instances are written, changed and taken away") {
                store, findings in
                let run = DAGRun.conformance()
                let task = TaskInstanceKey(run.key, "a")
                _ = try await store.apply(run.creation(["a"]))
                let now = Date.conformanceNoon
                findings.expect(
                    try await store.setNote("no \"luck\" 🪙", of: run.key, task: nil, by: "ada", at: now),
                    "that the run is found")
                findings.expect(
                    try await store.setNote("slow", of: run.key, task: task, by: "ada", at: now),
                    "that the task is found")
                findings.expect(
                    try await store.setNote("slower", of: run.key, task: task, by: "ben", at: now + 1),
                    "the same again")
                let notes = try await store.notes(of: run.key)
                findings.equal(
                    notes.run, Note(content: "no \"luck\" 🪙", author: "ada", createdAt: now, updatedAt: now),
                    "the run's note")
                findings.equal(
                    notes.tasks,
                    [task: Note(content: "slower", author: "ben", createdAt: now, updatedAt: now + 1)],
                    "the tasks' notes")
                findings.equal(
                    try await store.runNotes(of: run.dagID).mapValues(\.content),
                    [run.runID: "no \"luck\" 🪙"],
                    "the notes of the DAG")
                findings.equal(try await store.auditLog(limit: 1).map(\.event), ["note.set"], "the audit log")
                _ = try await store.setNote(nil, of: run.key, task: nil, by: "ada", at: now + 2)
                _ = try await store.setNote(nil, of: run.key, task: task, by: "ada", at: now + 2)
                findings.equal(try await store.notes(of: run.key), RunNotes(), "the notes in the end")
            },
            Check("there is no note on what does not exist") { store, findings in
                let run = DAGRun.conformance()
                let now = Date.conformanceNoon
                findings.expect(
                    try await !store.setNote("x", of: run.key, task: nil, by: "ada", at: now),
                    "that no run is found")
                _ = try await store.apply(run.creation(["a"]))
                let task = TaskInstanceKey(run.key, "b")
                findings.expect(
                    try await !store.setNote("x", of: run.key, task: task, by: "ada", at: now),
                    "that no task is found")
            },
            Check("a run keeps the deadlines that it missed") { store, findings in
                let run = DAGRun.conformance()
                _ = try await store.apply(run.creation(["a"]))
                var change = run.change()
                change.updatedRun.missedDeadlines = ["noon", "\"night\""]
                _ = try await store.apply(change)
                findings.equal(
                    try await store.snapshot(of: run.key)?.run.missedDeadlines, ["noon", "\"night\""],
                    "the deadlines")
            },
        ]
    }
}
