public import DagKitCore
import DagKitSQL
public import FoundationEssentials

extension SQLMetadataStore {
    public func register(_ dags: [DAGRecord], bundle: String, at now: Date) async throws {
        let instant = now.databaseText
        try await database.transaction { transaction in
            try transaction.execute("update dag set is_active = \(false) where bundle = \(bundle)")
            for dag in dags { try transaction.add(dag, bundle: bundle, at: instant) }
            try AssetRow.renewActive(in: transaction)
        }
    }

    public func add(_ dag: DAGRecord, bundle: String, at now: Date) async throws {
        try await database.transaction { transaction in
            try transaction.add(dag, bundle: bundle, at: now.databaseText)
            try AssetRow.renewActive(in: transaction)
        }
    }

    public func setNextRuns(_ next: [DAGID: PlannedRun?]) async throws {
        guard !next.isEmpty else { return }
        try await database.transaction { transaction in
            for (id, run) in next { try transaction.execute(DAGRow.nextUpdate(id, run)) }
        }
    }

    public func dag(_ id: DAGID) async throws -> DAGRecord? {
        try await records(where: "d.dag_id = \(id)").first
    }

    public func pausedDAGs() async throws -> Set<DAGID> {
        // Whatever else stands there counts as a pause, as it would not be safe to go on.
        let rows = try await database.query("select dag_id, is_paused from dag where is_paused <> \(false)")
        return Set(
            try list(rows) { row in
                var reader = RowReader(row, of: "dag")
                let id: DAGID = try reader.next()
                do {
                    _ = try reader.next() as Bool
                } catch let unreadable as UnreadableRow {
                    try leaveOut(unreadable)
                }
                return id
            })
    }

    public func dags(includingInactive: Bool) async throws -> [DAGRecord] {
        try await records(where: includingInactive ? "true" : "d.is_active = \(true)")
    }

    public func setPaused(
        _ isPaused: Bool, _ dags: [DAGID], by actor: String, at now: Date
    ) async throws -> [DAGID] {
        try await write { transaction in
            try dags.filter { id in
                let changed = try transaction.execute(
                    "update dag set is_paused = \(isPaused) where dag_id = \(id) and is_paused <> \(isPaused)"
                )
                guard changed > 0 else { return false }
                try transaction.note(
                    AuditEntry(at: now, event: isPaused ? "pause" : "unpause", actor: actor, dagID: id))
                return true
            }
        }
    }

    public func deleteDAG(_ id: DAGID, by actor: String, at now: Date) async throws -> Int {
        let active = TaskState.allCases.filter(\.isActive).map(\.rawValue)
        return try await write { transaction in
            let running: Int = try transaction.query(
                "select count(*) from task_instance where dag_id = \(id) and state in \(.list(active))")[0][0]
            guard running == 0 else { throw DAGDeletionError.running(id, attempts: running) }
            var count = 0
            // What hangs on a run or on the DAG goes with it by its foreign key; it is deleted here to be counted.
            let counted: [SQLIdentifier] = ["xcom", "task_instance_history", "task_instance", "dag_run"]
            for table in counted {
                count += try transaction.execute("delete from \(table) where dag_id = \(id)")
            }
            try transaction.execute("delete from event where dag_id = \(id)")
            try transaction.execute("delete from asset_consumer where dag_id = \(id)")
            try transaction.execute("delete from backfill where dag_id = \(id)")
            count += try transaction.execute("delete from dag where dag_id = \(id)")
            if count > 0 {
                try transaction.note(AuditEntry(at: now, event: "delete", actor: actor, dagID: id))
            }
            return count
        }
    }

    public func structure(of dag: DAGID, hash: String) async throws -> JSONValue? {
        let rows = try await database.query(
            "select data from serialized_dag where dag_id = \(dag) and dag_hash = \(hash)")
        return try list(rows) { row in
            let place = [("dag_id", dag.sqlValue), ("dag_hash", hash.sqlValue)]
            var reader = RowReader(row, of: "serialized_dag", place: place)
            return try reader.json()
        }.first
    }

    public func setImportErrors(_ errors: [ImportError], of source: String, at now: Date) async throws {
        try await database.transaction { transaction in
            try transaction.execute("delete from import_error where source = \(source)")
            for error in errors {
                try transaction.execute(
                    """
                    insert into import_error (timestamp, filename, stacktrace, source)
                    values (\(error.at.databaseText), \(error.file), \(error.text), \(source))
                    """)
            }
        }
    }

    public func importErrors() async throws -> [ImportError] {
        let rows = try await database.query(
            "select filename, timestamp, stacktrace, id from import_error order by filename, id")
        return try list(rows) { row in
            var row = RowReader(row, of: "import_error")
            return ImportError(file: try row.next(), at: try row.requiredInstant(), text: try row.next())
        }
    }

    private func records(where condition: SQLStatement) async throws -> [DAGRecord] {
        try await read { transaction in
            let tags = try transaction.query(
                """
                select d.dag_id, t.name from dag d join dag_tag t on t.dag_id = d.dag_id
                where \(condition) order by t.name
                """
            ).reduce(into: [DAGID: [String]]()) { tags, row in
                tags[try row[0], default: []].append(try row[1])
            }
            let assets = try AssetRow.references(of: condition, in: transaction)
            let rows = try transaction.query("\(DAGRow.selection) where \(condition) order by d.dag_id")
            return try self.list(rows) { row in
                var record = try DAGRow.record(row, tags: tags)
                record.assets = assets[record.id] ?? []
                return record
            }
        }
    }
}

extension SQLTransaction {
    /// Adds a DAG, or brings it up to date.
    fileprivate func add(_ dag: DAGRecord, bundle: String, at instant: String) throws {
        try execute(DAGRow.upsert(dag, bundle: bundle, at: instant))
        try execute(DAGRow.structureUpsert(dag, at: instant))
        try execute(DAGVersionRow.upsert(dag, bundle: bundle, at: instant))
        try execute("delete from dag_tag where dag_id = \(dag.id)")
        for tag in Set(dag.tags) {
            try execute("insert into dag_tag (name, dag_id) values (\(tag), \(dag.id))")
        }
        try AssetRow.setReferences(of: dag, at: instant, in: self)
    }
}
