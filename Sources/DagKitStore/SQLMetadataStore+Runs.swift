public import DagKitCore
import DagKitSQL
import FoundationEssentials

extension SQLMetadataStore {
    public func snapshot(of run: RunKey) async throws -> RunSnapshot? {
        try await read { try $0.snapshot(of: run) }
    }

    public func unfinishedRuns() async throws -> [RunSnapshot] {
        try await read { transaction in
            let rows = try transaction.query(
                """
                select \(RunRow.columns) from dag_run where state in ('queued', 'running')
                order by run_after, dag_id, run_id
                """)
            let lost = self.leftOut == nil ? [] : try transaction.query(RunRow.withoutState)
            return try self.list(rows + lost) { try transaction.snapshot(of: RunRow.run($0)) }
        }
    }

    public func runs(_ query: RunQuery) async throws -> [DAGRun] {
        let rows = try await database.query(
            """
            select \(RunRow.columns) from dag_run where \(RunRow.condition(query))
            order by run_after desc, dag_id desc, run_id desc limit \(max(query.limit, 0))
            """)
        return try list(rows, RunRow.run)
    }

    public func taskInstances(of run: RunKey) async throws -> [TaskInstance] {
        try await read { try $0.taskInstances(of: run) }
    }

    public func history(of run: RunKey) async throws -> [TaskInstance] {
        let rows = try await database.query(
            """
            select \(TaskInstanceRow.columns) from task_instance_history
            where \(TaskInstanceRow.isRun(run)) order by id
            """)
        return try list(rows) { try TaskInstanceRow.instance($0, of: run, in: "task_instance_history") }
    }

    public func events(of run: RunKey) async throws -> [RunEvent] {
        let rows = try await database.query(
            """
            select \(EventRow.columns) from event
            where \(TaskInstanceRow.isRun(run)) and kind <> \(RunEvent.Kind.runDeleted) order by id
            """)
        return try list(rows, EventRow.event)
    }

    public func changes(after number: Int64, limit: Int) async throws -> [RunEvent] {
        var last = number
        while true {
            let rows = try await database.query(
                "select \(EventRow.columns) from event where id > \(last) order by id limit \(max(limit, 0))")
            let events = try list(rows, EventRow.event)
            // An answer without any would say that there is nothing more.
            guard events.isEmpty, let row = rows.last else { return events }
            last = try row[0]
        }
    }

    public func lastEventNumber() async throws -> Int64 {
        try await database.query("select coalesce(max(id), 0) from event")[0][0]
    }

    public func lastScheduledIntervals() async throws -> [DAGID: DataInterval] {
        let rows = try await database.query(
            """
            select r.dag_id, r.data_interval_start, r.data_interval_end, r.run_id from dag_run r
            join (select dag_id, max(data_interval_start) as newest from dag_run
                where run_type = \(RunType.scheduled) and data_interval_start is not null group by dag_id) l
            on r.run_type = \(RunType.scheduled) and r.dag_id = l.dag_id and r.data_interval_start = l.newest
            """)
        var last: [DAGID: DataInterval] = [:]
        for row in rows {
            do {
                let (dag, interval) = try Self.interval(row)
                last[dag] = interval
            } catch let unreadable as UnreadableRow {
                try leaveOut(unreadable)
                guard let dag = DAGID(sqlValue: row.values[0]) else { continue }
                last[dag] = try await newestReadableInterval(of: dag)
            }
        }
        return last
    }

    /// The newest scheduled interval of a DAG among those that can be read.
    private func newestReadableInterval(of dag: DAGID) async throws -> DataInterval? {
        let rows = try await database.query(
            """
            select dag_id, data_interval_start, data_interval_end, run_id from dag_run
            where run_type = \(RunType.scheduled) and dag_id = \(dag) and data_interval_start is not null
            order by data_interval_start desc
            """)
        return try list(rows, Self.interval).lazy.compactMap(\.1).first
    }

    private static func interval(_ row: SQLRow) throws -> (DAGID, DataInterval?) {
        var row = RowReader(row, of: "dag_run")
        return (try row.next(), try row.interval())
    }

    public func runCounts() async throws -> [DAGID: [RunState: Int]] {
        let rows = try await database.query(
            "select dag_id, state, count(*) from dag_run group by dag_id, state")
        let read = try list(rows) { row in
            var row = RowReader(row, of: "dag_run")
            return (try row.next() as DAGID, try row.next() as RunState, try row.next() as Int)
        }
        return read.reduce(into: [:]) { $0[$1.0, default: [:]][$1.1] = $1.2 }
    }

    // MARK: Outputs

    public func outputs(of task: TaskID, key: String, in run: RunKey) async throws -> [XCom] {
        let rows = try await database.query(
            """
            select \(Self.outputColumns) from xcom x
            where \(TaskInstanceRow.isRun(run)) and task_id = \(task) and key = \(key) order by map_index
            """)
        return try list(rows) { try Self.output($0, of: run) }
    }

    public func outputs(in run: RunKey) async throws -> [XCom] {
        let rows = try await database.query(
            """
            select \(Self.outputColumns) from xcom x where \(TaskInstanceRow.isRun(run))
            order by (select t.position from task_instance t
                where t.dag_id = x.dag_id and t.run_id = x.run_id and t.task_id = x.task_id
                and t.map_index = x.map_index), map_index, key
            """)
        return try list(rows) { try Self.output($0, of: run) }
    }

    public func renderedTemplates(of task: TaskInstanceKey) async throws -> [TemplateField] {
        let rows = try await database.query(
            "select rendered_fields from rendered_task_instance_fields where \(TaskInstanceRow.isKey(task))")
        let fields = try list(rows) { row in
            let place = [("task_id", task.taskID.sqlValue), ("map_index", Int64(task.mapIndex).sqlValue)]
            var row = RowReader(row, of: "rendered_task_instance_fields", in: task.run, place: place)
            return try row.decoded([TemplateField].self) ?? []
        }
        return fields.first ?? []
    }

    fileprivate static let outputColumns: SQLStatement =
        "task_id, map_index, key, value, type_name, element_count"

    fileprivate static func output(_ row: SQLRow, of run: RunKey) throws -> XCom {
        var row = RowReader(row, of: "xcom", in: run)
        return XCom(
            task: TaskInstanceKey(run, try row.next(), mapIndex: try row.next()), key: try row.next(),
            output: EncodedOutput(json: try row.next(), typeName: try row.next(), count: try row.next()))
    }
}

extension SQLTransaction {
    /// A run with all that belongs to its snapshot; `nil` if there is no such run.
    func snapshot(of key: RunKey) throws -> RunSnapshot? {
        try query("select \(RunRow.columns) from dag_run where \(TaskInstanceRow.isRun(key))")
            .first.map { try snapshot(of: RunRow.run($0)) }
    }

    fileprivate func snapshot(of run: DAGRun) throws -> RunSnapshot {
        let rows = try query(
            """
            select task_id, element_count, map_index, key from xcom where \(TaskInstanceRow.isRun(run.key))
            and map_index < 0 and key = \(XCom.returnValue) and element_count is not null
            """)
        let counts = try rows.reduce(into: [TaskID: Int]()) { counts, row in
            var row = RowReader(row, of: "xcom", in: run.key)
            let task: TaskID = try row.next()
            counts[task] = try row.number()
        }
        let decisions = try query(
            """
            select \(SQLMetadataStore.outputColumns) from xcom where \(TaskInstanceRow.isRun(run.key))
            and key = \(XCom.skipDecision) order by task_id, map_index
            """
        ).map { try SQLMetadataStore.output($0, of: run.key) }
        return RunSnapshot(
            run: run, instances: try taskInstances(of: run.key), outputCounts: counts,
            skipDecisions: decisions)
    }

    fileprivate func taskInstances(of run: RunKey) throws -> [TaskInstance] {
        try query(
            """
            select \(TaskInstanceRow.columns) from task_instance
            where \(TaskInstanceRow.isRun(run)) order by position, map_index
            """
        ).map { try TaskInstanceRow.instance($0, of: run) }
    }
}
