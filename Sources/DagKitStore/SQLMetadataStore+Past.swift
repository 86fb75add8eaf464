public import DagKitCore
import DagKitSQL
import FoundationEssentials

extension SQLMetadataStore {
    public func pastRun(_ query: PastQuery) async throws -> PastRun? {
        try await read { try $0.pastRun(query) }
    }
}

extension SQLTransaction {
    fileprivate func pastRun(_ query: PastQuery) throws -> PastRun? {
        var condition: SQLStatement =
            "dag_id = \(query.dagID) and execution_date < \(query.before.databaseText)"
        if query.leavesOutManualRuns { condition += " and run_type <> \(RunType.manual)" }
        let rows = try self.query(
            """
            select run_id, execution_date from dag_run where \(condition) order by execution_date desc limit 1
            """)
        guard let row = rows.first else { return nil }
        var reader = RowReader(row, of: "dag_run", place: [("dag_id", query.dagID.sqlValue)])
        let key = RunKey(query.dagID, try reader.next())
        let date = try reader.requiredInstant()
        if let since = query.since, date < since { return nil }
        var passed: [TaskID: Bool] = [:]
        for tasks in query.tasks.parts(of: 500) {
            passed.merge(try self.passed(tasks, in: key)) { $1 }
        }
        let missing = query.tasks.filter { passed[$0] == nil }
        let known = try missing.filter { try isKnown($0, before: query) }
        return PastRun(key: key, logicalDate: date, passed: passed, knownEarlier: Set(known))
    }

    private func passed(_ tasks: ArraySlice<TaskID>, in run: RunKey) throws -> [TaskID: Bool] {
        let done = TaskState.thatLetTheNextRunStart.sorted { $0.rawValue < $1.rawValue }
        let rows = try query(
            """
            select task_id, count(*), count(case when state in \(.list(done)) then 1 end) from task_instance
            where \(TaskInstanceRow.isRun(run)) and task_id in \(.list(tasks)) group by task_id
            """)
        return try rows.reduce(into: [:]) { passed, row in
            let (all, done): (Int, Int) = (try row[1], try row[2])
            passed[try row[0]] = all == done
        }
    }

    /// Whether any run before a logical date had a task; asked only for tasks that the newest one of them lacks.
    private func isKnown(_ task: TaskID, before query: PastQuery) throws -> Bool {
        let rows = try self.query(
            """
            select 1 from dag_run r where dag_id = \(query.dagID)
            and execution_date < \(query.before.databaseText)
            and exists (select 1 from task_instance t
                where t.dag_id = r.dag_id and t.run_id = r.run_id and t.task_id = \(task)) limit 1
            """)
        return !rows.isEmpty
    }
}

extension Array {
    /// The elements in order, at most `count` at a time.
    fileprivate func parts(of count: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: self.count, by: count).map { self[$0..<Swift.min($0 + count, self.count)] }
    }
}
