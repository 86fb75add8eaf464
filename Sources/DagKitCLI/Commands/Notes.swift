import DagKitCore
import FoundationEssentials

/// `dags note` and `tasks note`: what people write about runs and task instances.
enum Notes {
    private static let text = CommandArgument<String?>.optional(
        "text", "What to write, at most \(Note.longest) characters; shows the note unless given.",
        read: { text throws(ParameterError) in
            guard !text.isEmpty, text.count <= Note.longest else {
                throw ParameterError(
                    String(text.prefix(40)), remedy: "write 1 to \(Note.longest) characters, or use --delete")
            }
            return text
        })
    private static let deletes = CommandOption<Bool>.flag("delete", "Takes the note away.")

    static let dags = CLICommand(
        "note", "Shows or writes the note on a run.",
        examples: [
            .init("dags note crypto_data_pipeline mine 'market closed early'", "writes it"),
            .init("dags note crypto_data_pipeline mine", "shows it"),
        ],
        arguments: [SharedParameters.dagID, SharedParameters.runReference, text], options: [deletes],
        exitCodes: [.notFound]
    ) { call in
        let (store, run) = try await TasksCommands.existingRun(call)
        return try await change(call, store, run, task: nil)
    }

    static let tasks = CLICommand(
        "note", "Shows or writes the note on a task instance.",
        examples: [.init("tasks note crypto_data_pipeline load mine 'slow disk'", "writes it")],
        arguments: [SharedParameters.dagID, SharedParameters.taskID, SharedParameters.runReference, text],
        options: [SharedParameters.mapIndex, deletes], exitCodes: [.notFound]
    ) { call in
        let (store, run) = try await TasksCommands.existingRun(call)
        let id = call[SharedParameters.taskID]
        let key = TaskInstanceKey(run.key, id, mapIndex: call[SharedParameters.mapIndex])
        let instances = try await store.taskInstances(of: run.key)
        guard instances.contains(where: { $0.key == key }) else {
            if instances.contains(where: { $0.taskID == id }) {
                throw CommandError.notFound(
                    "run \"\(run.runID)\" has no instance \"\(key.mapIndex)\" of task \"\(id)\"",
                    remedy: "see all with: dagctl tasks states-for-dag-run \(run.dagID) \(run.runID) -o wide")
            }
            let near = NearMiss.nearest(to: id.rawValue, among: Set(instances.map(\.taskID.rawValue)))
            throw CommandError.noTask(id.rawValue, dag: run.dagID, near: near)
        }
        return try await change(call, store, run, task: key)
    }

    private static func change(
        _ call: Invocation, _ store: any MetadataStore, _ run: DAGRun, task: TaskInstanceKey?
    ) async throws -> ExitCode {
        if call[text] == nil, !call[deletes] {
            let notes = try await store.notes(of: run.key)
            let note = task.map { notes.tasks[$0] } ?? notes.run
            if let note { try call.console.print(note.content) }
            return .success
        }
        if call[text] != nil, call[deletes] {
            throw UsageError.invalidValue("--delete", of: "text", remedy: "give one of the two")
        }
        let subject = task?.description ?? run.key.description
        _ = try await store.setNote(
            call[text], of: run.key, task: task, by: call.workspace.actor, at: call.workspace.now)
        try call.console.note(call[text] == nil ? "note on \(subject) deleted" : "note on \(subject) written")
        return .success
    }
}
