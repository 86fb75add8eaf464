public import DagKitCore
import DagKitSQL
public import FoundationEssentials

extension SQLMetadataStore {
    public func notes(of run: RunKey) async throws -> RunNotes {
        try await read { transaction in
            var notes = RunNotes()
            let own = try transaction.query(
                """
                select n.content, n.author, n.created_at, n.updated_at, n.dag_run_id from dag_run_note n
                join dag_run r on r.id = n.dag_run_id
                where r.dag_id = \(run.dagID) and r.run_id = \(run.runID)
                """)
            if let row = own.first {
                var reader = RowReader(row, of: "dag_run_note")
                notes.run = try reader.note()
            }
            let others = try transaction.query(
                """
                select task_id, map_index, content, author, created_at, updated_at from task_instance_note
                where \(TaskInstanceRow.isRun(run))
                """)
            for row in others {
                var reader = RowReader(row, of: "task_instance_note", in: run)
                let key = TaskInstanceKey(run, try reader.next(), mapIndex: try reader.next())
                notes.tasks[key] = try reader.note()
            }
            return notes
        }
    }

    public func runNotes(of dag: DAGID) async throws -> [RunID: Note] {
        let rows = try await database.query(
            """
            select r.run_id, n.content, n.author, n.created_at, n.updated_at, n.dag_run_id from dag_run_note n
            join dag_run r on r.id = n.dag_run_id where r.dag_id = \(dag)
            """)
        return try rows.reduce(into: [:]) { notes, row in
            var reader = RowReader(row, of: "dag_run_note")
            let run: RunID = try reader.next()
            notes[run] = try reader.note()
        }
    }

    public func setNote(
        _ text: String?, of run: RunKey, task: TaskInstanceKey?, by actor: String, at now: Date
    )
        async throws -> Bool
    {
        try await database.transaction(.write, durability: .full) { transaction in
            guard try transaction.has(run, task) else { return false }
            if let task {
                try transaction.setNote(text, of: task, by: actor, at: now.databaseText)
            } else {
                try transaction.setNote(text, of: run, by: actor, at: now.databaseText)
            }
            try transaction.note(.note(text, of: run, task: task, by: actor, at: now))
            return true
        }
    }
}

extension SQLTransaction {
    /// Whether there is a run, and a task instance of it.
    fileprivate func has(_ run: RunKey, _ task: TaskInstanceKey?) throws -> Bool {
        if let task {
            return try !query("select 1 from task_instance where \(TaskInstanceRow.isKey(task))").isEmpty
        }
        return try !query("select 1 from dag_run where dag_id = \(run.dagID) and run_id = \(run.runID)")
            .isEmpty
    }

    fileprivate func setNote(_ text: String?, of run: RunKey, by actor: String, at instant: String) throws {
        let place: SQLStatement =
            "(select id from dag_run where dag_id = \(run.dagID) and run_id = \(run.runID))"
        guard let text else {
            try execute("delete from dag_run_note where dag_run_id = \(place)")
            return
        }
        try execute(
            """
            insert into dag_run_note (dag_run_id, content, author, created_at, updated_at)
            values (\(place), \(text), \(actor), \(instant), \(instant))
            on conflict (dag_run_id) do update set content = excluded.content, author = excluded.author,
                updated_at = excluded.updated_at
            """)
    }

    fileprivate func setNote(_ text: String?, of task: TaskInstanceKey, by actor: String, at instant: String)
        throws
    {
        guard let text else {
            try execute("delete from task_instance_note where \(TaskInstanceRow.isKey(task))")
            return
        }
        try execute(
            """
            insert into task_instance_note (dag_id, run_id, task_id, map_index, content, author, created_at, updated_at)
            values (\(task.run.dagID), \(task.run.runID), \(task.taskID), \(task.mapIndex), \(text), \(actor), \(instant),
                \(instant))
            on conflict (dag_id, run_id, task_id, map_index) do update set content = excluded.content,
                author = excluded.author, updated_at = excluded.updated_at
            """)
    }
}

extension RowReader {
    /// A note from its content, author and instants.
    fileprivate mutating func note() throws -> Note {
        Note(
            content: try next() ?? "", author: try next(), createdAt: try requiredInstant(),
            updatedAt: try requiredInstant())
    }
}
