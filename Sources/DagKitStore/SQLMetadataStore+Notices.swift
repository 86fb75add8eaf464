public import DagKitCore
import DagKitSQL
public import FoundationEssentials

extension SQLMetadataStore {
    public func notices(dueBy instant: Date, limit: Int) async throws -> [Notice] {
        try await database.query(
            """
            select id, failures, payload from notice
            where state = 'pending' and due_at <= \(instant.databaseText) order by id limit \(max(limit, 0))
            """
        ).map { row in
            var notice = try JSONCoding.decode(Notice.self, from: row[2])
            notice.number = try row[0]
            notice.failures = try row[1]
            return notice
        }
    }

    public func nextNoticeAt() async throws -> Date? {
        let rows = try await database.query("select min(due_at) from notice where state = 'pending'")
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
}

extension SQLTransaction {
    /// Keeps a notice until it is delivered.
    func keep(_ notice: Notice) throws {
        try execute(
            """
            insert into notice (created_at, updated_at, due_at, dag_id, run_id, task_id, map_index, kind, state, failures,
                payload)
            values (\(notice.at.databaseText), \(notice.at.databaseText), \(notice.at.databaseText),
                \(notice.task.run.dagID), \(notice.task.run.runID), \(notice.task.taskID), \(notice.task.mapIndex),
                \(notice.kind.rawValue), 'pending', 0, \(try JSONCoding.encode(notice)))
            """)
    }
}
