public import DagKitCore
import DagKitSQL
public import FoundationEssentials

extension SQLMetadataStore {
    public func notices(dueBy instant: Date, limit: Int) async throws -> [Notice] {
        var found: [Notice] = []
        var count = 0
        // What cannot be read takes the place of none that can. An instant that is none, and comes after all digits, is due.
        while found.count < limit {
            let rows = try await database.query(
                """
                select \(NoticeRow.columns) from (
                    select \(NoticeRow.columns),
                        row_number() over (partition by dag_id, notifier order by failures, id) as place
                    from notice
                    where state = 'pending' and (due_at <= \(instant.databaseText) or due_at >= ':')) due
                order by place, failures, id limit \(limit - found.count) offset \(count)
                """)
            found += try list(rows) { try NoticeRow.record($0).notice }
            guard rows.count > 0, leftOut != nil else { break }
            count += rows.count
        }
        return found
    }

    public func nextNoticeAt() async throws -> Date? {
        // What begins otherwise is no instant.
        let rows = try await database.query(
            """
            select min(due_at) as due_at from notice
            where state = 'pending' and due_at >= '0' and due_at < ':'
            """)
        guard let row = rows.first else { return nil }
        var reader = RowReader(row, of: "notice")
        return try reader.instant()
    }

    public func settle(_ notice: Notice, _ outcome: NoticeOutcome, at now: Date) async throws {
        let change: SQLStatement =
            switch outcome {
            case .delivered: "state = 'delivered', last_error = null"
            case .failed(let error): "state = 'failed', failures = failures + 1, last_error = \(error)"
            case .postponed(let until, let error):
                "failures = failures + 1, due_at = \(until.databaseText), last_error = \(error)"
            }
        try await database.execute(
            "update notice set \(change), updated_at = \(now.databaseText) where id = \(notice.number)")
    }

    public func notices(_ query: NoticeQuery) async throws -> [NoticeRecord] {
        var condition: SQLStatement = "true"
        if let dag = query.dagID { condition += " and dag_id = \(dag)" }
        if let run = query.runID { condition += " and run_id = \(run)" }
        if !query.states.isEmpty {
            condition += " and state in \(.list(query.states.map(\.rawValue).sorted()))"
        }
        let rows = try await database.query(
            """
            select \(NoticeRow.columns) from notice where \(condition) order by id desc limit \(max(query.limit, 0))
            """)
        return try list(rows, NoticeRow.record)
    }

    public func pruneNotices(deliveredBefore instant: Date) async throws {
        try await database.execute(
            "delete from notice where state = 'delivered' and updated_at < \(instant.databaseText)")
    }

    public func retryNotice(_ number: Int64, by actor: String, at now: Date) async throws -> Bool {
        try await database.transaction(.write, durability: .full) { transaction in
            let instant = now.databaseText
            let changed = try transaction.execute(
                """
                update notice set state = 'pending', failures = 0, due_at = \(instant), updated_at = \(instant)
                where id = \(number) and state <> 'delivered'
                """)
            guard changed > 0 else { return false }
            let rows = try transaction.query("select \(NoticeRow.columns) from notice where id = \(number)")
            for row in rows { try transaction.note(try NoticeRow.record(row).retry(by: actor, at: now)) }
            return true
        }
    }
}

/// A notice as a row of `notice`.
private enum NoticeRow {
    static let columns: SQLStatement =
        "id, failures, payload, state, due_at, updated_at, last_error, dag_id, run_id"

    static func record(_ row: SQLRow) throws -> NoticeRecord {
        var row = RowReader(row, of: "notice")
        let number: Int64 = try row.next()
        let failures = try row.number()
        guard var notice = try row.decoded(Notice.self) else { throw row.rejected("it is null") }
        notice.number = number
        notice.failures = failures
        return NoticeRecord(
            notice, state: try row.next(), dueAt: try row.requiredInstant(),
            updatedAt: try row.requiredInstant(),
            lastError: try row.next())
    }
}

extension SQLTransaction {
    /// Keeps a notice until it is delivered.
    func keep(_ notice: Notice) throws {
        let instant = notice.at.databaseText
        try execute(
            """
            insert into notice (created_at, updated_at, due_at, dag_id, run_id, task_id, map_index, kind, notifier, state,
                failures, payload)
            values (\(instant), \(instant), \(instant), \(notice.run.dagID), \(notice.run.runID),
                \(notice.task?.taskID), \(notice.task?.mapIndex ?? -1), \(notice.kind.rawValue),
                \(notice.receiver.name), 'pending', 0, \(try JSONCoding.encode(notice)))
            """)
    }
}
