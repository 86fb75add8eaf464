import DagKitCore
import DagKitSQL
import FoundationEssentials

/// A task instance as a row of `task_instance`, or of `task_instance_history` for an earlier try.
enum TaskInstanceRow {
    static let columns: SQLStatement = """
        task_id, map_index, max_tries, pool, pool_slots, priority_weight, queue, operator, state, try_number,
        attempt_id, start_date, end_date, queued_dttm, next_try_at, reason, hostname, pid, cpu_seconds, peak_memory,
        read_bytes, written_bytes, context_switches, clear_number, end_request, rendered_map_index,
        awaits, poke_count, earlier_start_date
        """

    static func instance(_ row: SQLRow, of run: RunKey, in table: String = "task_instance") throws
        -> TaskInstance
    {
        var row = RowReader(row, of: table, in: run)
        var instance = TaskInstance(
            key: TaskInstanceKey(run, try row.next(), mapIndex: try row.number()),
            maxTries: try row.number(), pool: try row.next(), poolSlots: try row.number(),
            priorityWeight: try row.number(), queue: try row.next(), operatorName: try row.next())
        instance.state = try row.next()
        instance.tryNumber = try row.number()
        instance.attemptID = try row.next()
        if instance.attemptID == nil, instance.state?.isActive == true, table == "task_instance" {
            throw row.rejected("it is null in state \(instance.state?.rawValue ?? "")")
        }
        instance.startDate = try row.instant()
        instance.endDate = try row.instant()
        instance.queuedAt = try row.instant()
        instance.nextTryAt = try row.instant()
        instance.reason = try row.next()
        instance.hostname = try row.next()
        instance.processID = try row.next()
        instance.usage = try usage(&row)
        instance.clearNumber = try row.number()
        instance.endRequest = try row.next()
        instance.mapName = try row.next()
        let awaits = try row.json()
        instance.awaits = Awaited(json: awaits)
        if instance.awaits == nil, !awaits.isNull { throw row.rejected("it is nothing to wait for") }
        instance.pokeCount = try row.number()
        instance.earlierStart = try row.instant()
        return instance
    }

    /// Adds instances.
    static let insertion = SQLInsertion(into: "task_instance", columns: key + changing + ["position"])

    /// Adds the instances of earlier tries.
    static let historyInsertion = SQLInsertion(into: "task_instance_history", columns: key + changing)

    /// Changes an instance.
    static let update = SQLCommand.update("task_instance", columns: changing, key: key)

    private static let key: [SQLIdentifier] = ["dag_id", "run_id", "task_id", "map_index"]

    private static let changing: [SQLIdentifier] = [
        "state", "try_number", "max_tries", "attempt_id", "start_date", "end_date", "duration", "queued_dttm",
        "next_try_at", "reason", "pool", "pool_slots", "queue", "priority_weight", "operator", "hostname",
        "pid",
        "cpu_seconds", "peak_memory", "read_bytes", "written_bytes", "context_switches", "clear_number",
        "end_request", "rendered_map_index", "awaits", "poke_count", "earlier_start_date", "updated_at",
    ]

    /// The values of the columns that name an instance.
    static func appendKey(_ key: TaskInstanceKey, to values: inout [SQLValue]) {
        values.append(.text(key.run.dagID.rawValue))
        values.append(.text(key.run.runID.rawValue))
        values.append(.text(key.taskID.rawValue))
        values.append(.integer(Int64(key.mapIndex)))
    }

    /// The values of the columns that change, as ``update`` and the insertions want them.
    static func appendChanging(
        _ instance: TaskInstance, at instant: String, _ instants: inout InstantTexts,
        to values: inout [SQLValue]
    ) {
        values.append((instance.state?.rawValue).sqlValue)
        values.append(.integer(Int64(instance.tryNumber)))
        values.append(.integer(Int64(instance.maxTries)))
        values.append(instance.attemptID.sqlValue)
        values.append(instants.value(of: instance.startDate))
        values.append(instants.value(of: instance.endDate))
        values.append(instance.duration.sqlValue)
        values.append(instants.value(of: instance.queuedAt))
        values.append(instants.value(of: instance.nextTryAt))
        values.append(instance.reason.sqlValue)
        values.append(.text(instance.pool))
        values.append(.integer(Int64(instance.poolSlots)))
        values.append(.text(instance.queue))
        values.append(.integer(Int64(instance.priorityWeight)))
        values.append(.text(instance.operatorName))
        values.append(instance.hostname.sqlValue)
        values.append(instance.processID.sqlValue)
        let usage = instance.usage
        values.append((usage?.cpuSeconds).sqlValue)
        values.append((usage?.peakMemory).sqlValue)
        values.append((usage?.readBytes).sqlValue)
        values.append((usage?.writtenBytes).sqlValue)
        values.append((usage?.contextSwitches).sqlValue)
        values.append(.integer(Int64(instance.clearNumber)))
        values.append((instance.endRequest?.rawValue).sqlValue)
        values.append(instance.mapName.sqlValue)
        values.append((instance.awaits?.json.text).sqlValue)
        values.append(.integer(Int64(instance.pokeCount)))
        values.append(instants.value(of: instance.earlierStart))
        values.append(.text(instant))
    }

    /// The condition that picks one instance, in every table that has its four columns.
    static func isKey(_ key: TaskInstanceKey) -> SQLStatement {
        "\(isRun(key.run)) and task_id = \(key.taskID) and map_index = \(key.mapIndex)"
    }

    /// The condition that picks what belongs to a run.
    static func isRun(_ run: RunKey) -> SQLStatement {
        "dag_id = \(run.dagID) and run_id = \(run.runID)"
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
