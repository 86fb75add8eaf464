import DagKitCore
import DagKitSQL
import FoundationEssentials

/// A task instance as a row of `task_instance`, or of `task_instance_history` for an earlier try.
enum TaskInstanceRow {
    static let columns: SQLStatement = """
        task_id, map_index, max_tries, pool, pool_slots, priority_weight, queue, operator, state, try_number,
        attempt_id, start_date, end_date, queued_dttm, next_try_at, reason, hostname, pid, cpu_seconds, peak_memory,
        read_bytes, written_bytes, context_switches, clear_number, end_request, rendered_map_index
        """

    static func instance(_ row: SQLRow, of run: RunKey) throws -> TaskInstance {
        var row = RowReader(row, of: "task_instance")
        var instance = TaskInstance(
            key: TaskInstanceKey(run, try row.next(), mapIndex: try row.next()), maxTries: try row.next(),
            pool: try row.next(), poolSlots: try row.next(), priorityWeight: try row.next(),
            queue: try row.next(),
            operatorName: try row.next())
        instance.state = try row.next()
        instance.tryNumber = try row.next()
        instance.attemptID = try row.next()
        instance.startDate = try row.instant()
        instance.endDate = try row.instant()
        instance.queuedAt = try row.instant()
        instance.nextTryAt = try row.instant()
        instance.reason = try row.next()
        instance.hostname = try row.next()
        instance.processID = try row.next()
        instance.usage = try usage(&row)
        instance.clearNumber = try row.next()
        instance.endRequest = try row.next()
        instance.mapName = try row.next()
        return instance
    }

    static func insertion(_ instance: TaskInstance, position: Int, at instant: String) -> SQLStatement {
        """
        insert into task_instance (dag_id, run_id, duration, updated_at, position, \(columns))
        values (\(instance.key.run.dagID), \(instance.key.run.runID), \(instance.duration), \(instant), \(position),
            \(values(instance)))
        """
    }

    static func historyInsertion(_ instance: TaskInstance, at instant: String) -> SQLStatement {
        """
        insert into task_instance_history (dag_id, run_id, duration, updated_at, \(columns))
        values (\(instance.key.run.dagID), \(instance.key.run.runID), \(instance.duration), \(instant),
            \(values(instance)))
        """
    }

    static func update(_ instance: TaskInstance, at instant: String) -> SQLStatement {
        """
        update task_instance set state = \(instance.state), try_number = \(instance.tryNumber),
            max_tries = \(instance.maxTries), attempt_id = \(instance.attemptID),
            start_date = \(instance.startDate?.databaseText), end_date = \(instance.endDate?.databaseText),
            duration = \(instance.duration), queued_dttm = \(instance.queuedAt?.databaseText),
            next_try_at = \(instance.nextTryAt?.databaseText), reason = \(instance.reason), pool = \(instance.pool),
            pool_slots = \(instance.poolSlots), queue = \(instance.queue), priority_weight = \(instance.priorityWeight),
            operator = \(instance.operatorName), hostname = \(instance.hostname), pid = \(instance.processID),
            cpu_seconds = \(instance.usage?.cpuSeconds), peak_memory = \(instance.usage?.peakMemory),
            read_bytes = \(instance.usage?.readBytes), written_bytes = \(instance.usage?.writtenBytes),
            context_switches = \(instance.usage?.contextSwitches), clear_number = \(instance.clearNumber),
            end_request = \(instance.endRequest), rendered_map_index = \(instance.mapName), updated_at = \(instant)
        where \(isKey(instance.key))
        """
    }

    /// The condition that picks one instance, in every table that has its four columns.
    static func isKey(_ key: TaskInstanceKey) -> SQLStatement {
        "\(isRun(key.run)) and task_id = \(key.taskID) and map_index = \(key.mapIndex)"
    }

    /// The condition that picks what belongs to a run.
    static func isRun(_ run: RunKey) -> SQLStatement {
        "dag_id = \(run.dagID) and run_id = \(run.runID)"
    }

    /// The values in the order of ``columns``.
    private static func values(_ instance: TaskInstance) -> SQLStatement {
        """
        \(instance.taskID), \(instance.mapIndex), \(instance.maxTries), \(instance.pool), \(instance.poolSlots),
        \(instance.priorityWeight), \(instance.queue), \(instance.operatorName), \(instance.state),
        \(instance.tryNumber), \(instance.attemptID), \(instance.startDate?.databaseText),
        \(instance.endDate?.databaseText), \(instance.queuedAt?.databaseText), \(instance.nextTryAt?.databaseText),
        \(instance.reason), \(instance.hostname), \(instance.processID), \(instance.usage?.cpuSeconds),
        \(instance.usage?.peakMemory), \(instance.usage?.readBytes), \(instance.usage?.writtenBytes),
        \(instance.usage?.contextSwitches), \(instance.clearNumber), \(instance.endRequest), \(instance.mapName)
        """
    }

    private static func usage(_ row: inout RowReader) throws -> ResourceUsage? {
        let cpu: Double? = try row.next()
        let counts: [Int64?] = [try row.next(), try row.next(), try row.next(), try row.next()]
        guard let cpu, let peak = counts[0] else { return nil }
        return ResourceUsage(
            cpuSeconds: cpu, peakMemory: peak, readBytes: counts[1] ?? 0, writtenBytes: counts[2] ?? 0,
            contextSwitches: counts[3] ?? 0)
    }
}
