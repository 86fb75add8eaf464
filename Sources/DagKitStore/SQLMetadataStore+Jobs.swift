public import DagKitCore
import DagKitSQL
public import FoundationEssentials

extension SQLMetadataStore {
    public func startJob(_ job: JobRecord) async throws -> Int64 {
        try await database.query(
            """
            insert into job (state, job_type, start_date, end_date, latest_heartbeat, executor_class, hostname,
                unixname, pid)
            values (\(job.state), \(job.type), \(job.start.databaseText), \(job.end?.databaseText),
                \(job.heartbeat.databaseText), \(job.executor), \(job.hostname), \(job.user), \(job.processID))
            returning id
            """)[0][0]
    }

    public func updateJob(_ id: Int64, state: String, heartbeat: Date, end: Date?) async throws {
        try await database.execute(
            """
            update job set state = \(state), latest_heartbeat = \(heartbeat.databaseText),
                end_date = \(end?.databaseText) where id = \(id)
            """)
    }

    public func jobs(type: String, limit: Int) async throws -> [JobRecord] {
        let rows = try await database.query(
            """
            select id, job_type, state, hostname, unixname, pid, executor_class, start_date, latest_heartbeat, end_date
            from job where job_type = \(type) order by id desc limit \(max(limit, 0))
            """)
        return try list(rows) { row in
            var row = RowReader(row, of: "job")
            return JobRecord(
                id: try row.next(), type: try row.next(), state: try row.next(), hostname: try row.next(),
                user: try row.next(), processID: try row.next(), executor: try row.next(),
                start: try row.requiredInstant(), heartbeat: try row.requiredInstant(), end: try row.instant()
            )
        }
    }

    public func auditLog(limit: Int) async throws -> [AuditEntry] {
        let rows = try await database.query(
            """
            select dttm, event, owner, dag_id, run_id, task_id, extra, id from log order by id desc
            limit \(max(limit, 0))
            """)
        return try list(rows) { row in
            var row = RowReader(row, of: "log")
            return AuditEntry(
                at: try row.requiredInstant(), event: try row.next(), actor: try row.next(),
                dagID: try row.next(),
                runID: try row.next(), taskID: try row.next(), extra: try row.json())
        }
    }
}

extension SQLTransaction {
    /// Appends a line to the audit log.
    func note(_ entry: AuditEntry) throws {
        try execute(
            """
            insert into log (dttm, event, owner, dag_id, run_id, task_id, extra)
            values (\(entry.at.databaseText), \(entry.event), \(entry.actor), \(entry.dagID), \(entry.runID),
                \(entry.taskID), \(entry.extra.stored))
            """)
    }
}

extension AuditEntry {
    /// The entry for a change of something that belongs to no DAG.
    static func setting(_ event: String, _ extra: JSONValue, by actor: String, at now: Date) -> AuditEntry {
        AuditEntry(at: now, event: event, actor: actor, extra: extra)
    }
}
