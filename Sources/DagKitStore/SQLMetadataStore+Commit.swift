public import DagKitCore
import DagKitSQL
import FoundationEssentials

extension SQLMetadataStore {
    public func commit(_ batches: [RunBatch], durability: Durability) async throws -> CommitResult {
        guard !batches.isEmpty else { return CommitResult() }
        let wanted: SQLDurability = durability == .full ? .full : .standard
        return try await database.transaction(.write, durability: wanted) { transaction in
            var result = CommitResult()
            for batch in batches {
                var writer = BatchWriter(batch, in: transaction)
                guard try writer.claimRun() else {
                    result.conflicts.insert(batch.run)
                    continue
                }
                try writer.write()
                result.lastEvent = writer.lastEvent ?? result.lastEvent
            }
            return result
        }
    }
}

/// Writes one batch within a transaction.
private struct BatchWriter {
    let batch: RunBatch
    let transaction: any SQLTransaction
    var lastEvent: Int64?

    /// When the change was decided, for the columns that say so.
    private let instant: String

    init(_ batch: RunBatch, in transaction: any SQLTransaction) {
        self.batch = batch
        self.transaction = transaction
        instant = (batch.events.last?.at ?? batch.updatedRun.queuedAt).databaseText
    }

    /// Writes the run itself; false if somebody else changed or created it meanwhile.
    func claimRun() throws -> Bool {
        let statement =
            batch.expectedRevision.map { RunRow.update(batch.updatedRun, expecting: $0, at: instant) }
            ?? RunRow.insertion(batch.updatedRun, at: instant)
        return try transaction.execute(statement) == 1
    }

    /// Writes all that belongs to the run.
    mutating func write() throws {
        for event in batch.events { lastEvent = try transaction.query(EventRow.insertion(event))[0][0] }
        for earlier in batch.history {
            try transaction.execute(TaskInstanceRow.historyInsertion(earlier, at: instant))
        }
        if batch.expectedRevision == nil {
            try insertAll()
        } else {
            for instance in batch.instances { try set(instance) }
        }
        for key in batch.clearedOutputs {
            try transaction.execute("delete from xcom where \(TaskInstanceRow.isKey(key))")
        }
        for output in batch.outputs { try transaction.execute(insertion(output)) }
        for rendered in batch.rendered { try transaction.execute(try insertion(rendered)) }
        if batch.pausesDAG { try pauseDAG() }
    }

    private func pauseDAG() throws {
        let changed = try transaction.execute(
            "update dag set is_paused = true where dag_id = \(batch.run.dagID) and not is_paused")
        if changed > 0 { try transaction.note(batch.pause) }
    }

    /// A new run's instances stand in the order in which they come.
    private func insertAll() throws {
        var position = -1
        var last: TaskID?
        for instance in batch.instances {
            if instance.taskID != last { position += 1 }
            last = instance.taskID
            try transaction.execute(TaskInstanceRow.insertion(instance, position: position, at: instant))
        }
    }

    private func set(_ instance: TaskInstance) throws {
        guard try transaction.execute(TaskInstanceRow.update(instance, at: instant)) == 0 else { return }
        let position = try position(of: instance.taskID)
        try transaction.execute(TaskInstanceRow.insertion(instance, position: position, at: instant))
        guard instance.mapIndex >= 0 else { return }
        // The instances of a task that was expanded take the place of the one that stood for all.
        let summary = TaskInstanceKey(batch.run, instance.taskID)
        try transaction.execute("delete from task_instance where \(TaskInstanceRow.isKey(summary))")
    }

    /// The place of a task among those of its run: its own, or behind the last.
    private func position(of task: TaskID) throws -> Int {
        let rows = try transaction.query(
            """
            select coalesce(
                (select max(position) from task_instance
                    where \(TaskInstanceRow.isRun(batch.run)) and task_id = \(task)),
                (select max(position) + 1 from task_instance where \(TaskInstanceRow.isRun(batch.run))),
                0)
            """)
        return try rows[0][0]
    }

    private func insertion(_ output: XCom) -> SQLStatement {
        """
        insert into xcom (dag_id, run_id, task_id, map_index, key, value, timestamp, type_name, element_count)
        values (\(output.task.run.dagID), \(output.task.run.runID), \(output.task.taskID), \(output.task.mapIndex),
            \(output.key), \(output.output.json), \(instant), \(output.output.typeName), \(output.output.count))
        on conflict (dag_id, run_id, task_id, map_index, key) do update set value = excluded.value,
            timestamp = excluded.timestamp, type_name = excluded.type_name, element_count = excluded.element_count
        """
    }

    private func insertion(_ rendered: RenderedTemplates) throws -> SQLStatement {
        """
        insert into rendered_task_instance_fields (dag_id, run_id, task_id, map_index, rendered_fields)
        values (\(rendered.task.run.dagID), \(rendered.task.run.runID), \(rendered.task.taskID),
            \(rendered.task.mapIndex), \(try JSONCoding.encode(rendered.fields)))
        on conflict (dag_id, run_id, task_id, map_index) do update set rendered_fields = excluded.rendered_fields
        """
    }
}
