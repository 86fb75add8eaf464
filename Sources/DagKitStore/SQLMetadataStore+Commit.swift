public import DagKitCore
import DagKitSQL
import FoundationEssentials

extension SQLMetadataStore {
    public func commit(_ batches: [RunBatch], durability: Durability) async throws -> CommitResult {
        guard !batches.isEmpty else { return CommitResult() }
        let wanted: SQLDurability = durability == .full ? .full : .standard
        return try await database.transaction(.write, durability: wanted) { transaction in
            var writer = BatchWriter(transaction)
            return try writer.write(batches)
        }
    }
}

/// Writes the batches of a commit within its transaction.
private struct BatchWriter {
    private let transaction: any SQLTransaction
    private var instants = InstantTexts()

    /// The values of the next command; kept, so that its memory is used again.
    private var values: [SQLValue] = []

    init(_ transaction: any SQLTransaction) {
        self.transaction = transaction
    }

    mutating func write(_ batches: [RunBatch]) throws -> CommitResult {
        var result = CommitResult()
        var accepted: [RunBatch] = []
        for batch in batches {
            let instant = instant(of: batch)
            guard try claimRun(batch, at: instant) else {
                result.conflicts.insert(batch.run)
                continue
            }
            accepted.append(batch)
        }
        result.lastEvent = try writeEvents(of: accepted)
        for batch in accepted { try write(batch, at: instant(of: batch)) }
        return result
    }

    /// When the change was decided, for the columns that say so.
    private mutating func instant(of batch: RunBatch) -> String {
        instants.text(of: batch.events.last?.at ?? batch.updatedRun.queuedAt)
    }

    /// Writes the run itself; false if somebody else changed or created it meanwhile.
    ///
    /// A change that works off a date of a backfill wants that date to wait its turn.
    private func claimRun(_ batch: RunBatch, at instant: String) throws -> Bool {
        guard let step = batch.backfillStep else { return try claim(batch, at: instant) }
        guard try transaction.waitsItsTurn(step), try claim(batch, at: instant) else { return false }
        try transaction.workOff(step, by: batch.run.runID)
        return true
    }

    private func claim(_ batch: RunBatch, at instant: String) throws -> Bool {
        guard let expected = batch.expectedRevision else {
            if let consumption = batch.consumption {
                guard try transaction.isNext(consumption, of: batch.run.dagID) else { return false }
            }
            return try transaction.execute(RunRow.insertion(batch.updatedRun, at: instant)) == 1
        }
        if batch.changesRun {
            return try transaction.execute(
                RunRow.update(batch.updatedRun, expecting: expected, at: instant)) == 1
        }
        return try transaction.execute(
            RunRow.touch, RunRow.touchValues(batch.updatedRun, expecting: expected, at: instant)) == 1
    }

    /// Appends the events of all batches and gives the number of the last one.
    private mutating func writeEvents(of batches: [RunBatch]) throws -> Int64? {
        values.removeAll(keepingCapacity: true)
        for batch in batches {
            for event in batch.events {
                EventRow.append(event, at: instants.text(of: event.at), to: &values)
            }
        }
        guard !values.isEmpty else { return nil }
        try EventRow.insertion(values, in: transaction)
        return try transaction.query(EventRow.lastNumber)[0][0]
    }

    /// Writes all that belongs to the run.
    private mutating func write(_ batch: RunBatch, at instant: String) throws {
        if !batch.history.isEmpty {
            try insert(batch.history, by: TaskInstanceRow.historyInsertion, at: instant)
        }
        if batch.expectedRevision == nil {
            try insertAll(batch.instances, at: instant)
        } else {
            for instance in batch.instances { try set(instance, of: batch.run, at: instant) }
        }
        for key in batch.clearedOutputs {
            try transaction.execute("delete from xcom where \(TaskInstanceRow.isKey(key))")
        }
        for output in batch.outputs { try transaction.execute(insertion(output, at: instant)) }
        for rendered in batch.rendered { try transaction.execute(try insertion(rendered)) }
        for notice in batch.notices { try transaction.keep(notice) }
        for event in batch.events where event.kind == .upForReschedule || event.kind == .cleared {
            try keepReschedules(event)
        }
        for update in batch.assetUpdates { _ = try transaction.record(update, instant: instant) }
        if let consumption = batch.consumption { try transaction.take(consumption, for: batch.run) }
        if batch.pausesDAG { try pauseDAG(of: batch) }
    }

    /// Airflow's table of the looks of sensors: a row per look that saw nothing yet, none of before a clear.
    private func keepReschedules(_ event: RunEvent) throws {
        guard let key = event.task else { return }
        if event.kind == .cleared {
            try transaction.execute("delete from task_reschedule where \(TaskInstanceRow.isKey(key))")
            return
        }
        guard case .instant(let due)? = event.detail["awaits"].flatMap(Awaited.init(json:)) else { return }
        let start = event.detail["looked_since"]?.string.flatMap { try? Date(isoText: $0) } ?? event.at
        try transaction.execute(
            """
            insert into task_reschedule (dag_id, run_id, task_id, map_index, try_number, start_date, end_date,
                duration, reschedule_date)
            values (\(key.run.dagID), \(key.run.runID), \(key.taskID), \(key.mapIndex), \(event.tryNumber ?? 0),
                \(start.databaseText), \(event.at.databaseText), \(Int(event.at.timeIntervalSince(start))),
                \(due.databaseText))
            """)
    }

    private func pauseDAG(of batch: RunBatch) throws {
        let changed = try transaction.execute(
            "update dag set is_paused = true where dag_id = \(batch.run.dagID) and not is_paused")
        if changed > 0 { try transaction.note(batch.pause) }
    }

    private mutating func insert(_ instances: [TaskInstance], by insertion: SQLInsertion, at instant: String)
        throws
    {
        values.removeAll(keepingCapacity: true)
        for instance in instances { append(instance, at: instant) }
        try insertion(values, in: transaction)
    }

    /// A new run's instances stand in the order in which they come.
    private mutating func insertAll(_ instances: [TaskInstance], at instant: String) throws {
        values.removeAll(keepingCapacity: true)
        var position: Int64 = -1
        var last: TaskID?
        for instance in instances {
            if instance.taskID != last { position += 1 }
            last = instance.taskID
            append(instance, at: instant)
            values.append(.integer(position))
        }
        try TaskInstanceRow.insertion(values, in: transaction)
    }

    private mutating func append(_ instance: TaskInstance, at instant: String) {
        TaskInstanceRow.appendKey(instance.key, to: &values)
        TaskInstanceRow.appendChanging(instance, at: instant, &instants, to: &values)
    }

    private mutating func set(_ instance: TaskInstance, of run: RunKey, at instant: String) throws {
        values.removeAll(keepingCapacity: true)
        TaskInstanceRow.appendChanging(instance, at: instant, &instants, to: &values)
        TaskInstanceRow.appendKey(instance.key, to: &values)
        guard try transaction.execute(TaskInstanceRow.update, values) == 0 else { return }
        let position = try position(of: instance.taskID, in: run)
        values.removeAll(keepingCapacity: true)
        append(instance, at: instant)
        values.append(.integer(position))
        try TaskInstanceRow.insertion(values, in: transaction)
        guard instance.mapIndex >= 0 else { return }
        // The instances of a task that was expanded take the place of the one that stood for all.
        let summary = TaskInstanceKey(run, instance.taskID)
        try transaction.execute("delete from task_instance where \(TaskInstanceRow.isKey(summary))")
    }

    /// The place of a task among those of its run: its own, or behind the last.
    private func position(of task: TaskID, in run: RunKey) throws -> Int64 {
        let rows = try transaction.query(
            """
            select coalesce(
                (select max(position) from task_instance
                    where \(TaskInstanceRow.isRun(run)) and task_id = \(task)),
                (select max(position) + 1 from task_instance where \(TaskInstanceRow.isRun(run))),
                0)
            """)
        return try rows[0][0]
    }

    private func insertion(_ output: XCom, at instant: String) -> SQLStatement {
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
