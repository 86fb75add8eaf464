public import DagKitCore
import DagKitSQL
import FoundationEssentials

extension SQLMetadataStore {
    public func assetQueue() async throws -> [DAGID: [String: Int64]] {
        let rows = try await database.query(
            """
            select q.target_dag_id, a.uri, q.event_id, q.asset_id
            from asset_dag_run_queue q join asset a on a.id = q.asset_id
            """)
        let read = try list(rows) { row in
            var row = RowReader(row, of: "asset_dag_run_queue")
            return (try row.next() as DAGID, try row.next() as String, try row.next() as Int64)
        }
        return read.reduce(into: [:]) { $0[$1.0, default: [:]][$1.1] = $1.2 }
    }

    public func waitingAssetEvents(of dag: DAGID, uris: [String]) async throws -> WaitingAssetEvents? {
        try await read { transaction in
            let after = try transaction.assetPosition(of: dag)
            let rows = try transaction.query(
                """
                select max(e.id), max(e.timestamp), min(r.data_interval_start), max(r.data_interval_end)
                from asset_event e left join dag_run r on r.dag_id = e.source_dag_id and r.run_id = e.source_run_id
                where e.asset_id in (select id from asset where uri in \(.list(uris))) and e.id > \(after)
                """)
            var row = RowReader(rows[0], of: "asset_event")
            do {
                guard let through: Int64 = try row.next(), let latest = try row.instant() else { return nil }
                return WaitingAssetEvents(
                    after: after, through: through, latest: latest, dataInterval: try row.interval())
            } catch {
                throw try transaction.culprit(uris, after: after) ?? error
            }
        }
    }

    public func recordAssetUpdate(_ update: AssetUpdate, by actor: String) async throws -> AssetEvent {
        try await write { transaction in
            let number = try transaction.record(update, instant: update.at.databaseText)
            try transaction.note(
                AuditEntry(
                    at: update.at, event: "asset.update", actor: actor,
                    extra: ["uri": .string(update.asset.uri)]))
            return try AssetRow.event(
                transaction.query(
                    """
                    select \(AssetRow.eventColumns) from asset_event e join asset a on a.id = e.asset_id
                    where e.id = \(number)
                    """)[0])
        }
    }

    public func assetEvents(_ query: AssetEventQuery) async throws -> [AssetEvent] {
        var condition: SQLStatement = "true"
        if let uri = query.uri { condition += " and a.uri = \(uri)" }
        if let since = query.since { condition += " and e.timestamp >= \(since.databaseText)" }
        if let run = query.consumer {
            condition += """
                 and e.id in (select c.event_id from dagrun_asset_event c join dag_run r on r.id = c.dag_run_id
                where r.dag_id = \(run.dagID) and r.run_id = \(run.runID))
                """
        }
        if let run = query.source {
            condition += " and e.source_dag_id = \(run.dagID) and e.source_run_id = \(run.runID)"
        }
        let rows = try await database.query(
            """
            select \(AssetRow.eventColumns) from asset_event e join asset a on a.id = e.asset_id
            where \(condition) order by e.id desc limit \(max(query.limit, 0))
            """)
        return try list(rows, AssetRow.event)
    }

    public func assets() async throws -> [AssetRecord] {
        try await read { transaction in
            let references = try AssetRow.references(of: "d.is_active", in: transaction)
            let events = try transaction.query(
                """
                select \(AssetRow.eventColumns) from asset_event e join asset a on a.id = e.asset_id
                where e.id in (select max(id) from asset_event group by asset_id)
                """
            ).map(AssetRow.event)
            let newest = Dictionary(events.map { ($0.uri, $0) }) { $1 }
            return try transaction.query(
                "select created_at, updated_at, uri, name, \"group\", extra from asset order by name, uri"
            ).map { row in
                var row = RowReader(row, of: "asset")
                let (created, updated) = (try row.requiredInstant(), try row.requiredInstant())
                let asset = try AssetRow.asset(&row)
                return AssetRecord(
                    asset, createdAt: created, updatedAt: updated, references: references,
                    lastEvent: newest[asset.uri])
            }
        }
    }
}

extension SQLTransaction {
    /// The newest update that a run of a DAG was created for; 0 before the first.
    fileprivate func assetPosition(of dag: DAGID) throws -> Int64 {
        let rows = try query("select event_id, dag_id from asset_consumer where dag_id = \(dag)")
        guard let row = rows.first else { return 0 }
        var reader = RowReader(row, of: "asset_consumer")
        return try reader.next()
    }

    /// The row for which the updates of assets since another one cannot be read in short.
    fileprivate func culprit(_ uris: [String], after: Int64) throws -> UnreadableRow? {
        let events = try query(
            """
            select \(AssetRow.eventColumns) from asset_event e join asset a on a.id = e.asset_id
            where a.uri in \(.list(uris)) and e.id > \(after) order by e.id
            """)
        do {
            for event in try events.map(AssetRow.event) {
                guard let run = event.source?.run else { continue }
                let rows = try query(
                    "select \(RunRow.columns) from dag_run where \(TaskInstanceRow.isRun(run))")
                for row in rows { _ = try RunRow.run(row) }
            }
            return nil
        } catch let row as UnreadableRow {
            return row
        }
    }

    /// Whether no run of the DAG was created for any of these updates.
    func isNext(_ consumption: AssetConsumption, of dag: DAGID) throws -> Bool {
        try assetPosition(of: dag) == consumption.after
    }

    /// Takes updates off the queue of a run's DAG, and links them with the run.
    func take(_ consumption: AssetConsumption, for run: RunKey) throws {
        try execute(
            """
            insert into dagrun_asset_event (dag_run_id, event_id)
            select (select id from dag_run where dag_id = \(run.dagID) and run_id = \(run.runID)), e.id
            from asset_event e where e.asset_id in (select id from asset where uri in \(.list(consumption.uris)))
                and e.id > \(consumption.after) and e.id <= \(consumption.through)
            """)
        try execute(
            """
            delete from asset_dag_run_queue where target_dag_id = \(run.dagID)
                and event_id <= \(consumption.through)
            """)
        try execute(
            """
            insert into asset_consumer (dag_id, event_id) values (\(run.dagID), \(consumption.through))
            on conflict (dag_id) do update set event_id = excluded.event_id
            """)
    }

    /// Keeps an update, and queues the DAGs that run on the asset and are neither gone nor paused; gives its number.
    func record(_ update: AssetUpdate, instant: String) throws -> Int64 {
        let (asset, source) = (update.asset, update.source)
        try execute(
            """
            insert into asset (name, uri, "group", extra, created_at, updated_at)
            values (\(asset.name), \(asset.uri), \(asset.group), \(asset.extra.text), \(instant), \(instant))
            on conflict (uri) do nothing
            """)
        let number: Int64 = try query(
            """
            insert into asset_event (asset_id, extra, source_task_id, source_dag_id, source_run_id, source_map_index,
                timestamp)
            values ((select id from asset where uri = \(asset.uri)), \(update.extra.text), \(source?.taskID),
                \(source?.run.dagID), \(source?.run.runID), \(source?.mapIndex), \(update.at.databaseText))
            returning id
            """)[0][0]
        try execute(
            """
            insert into asset_dag_run_queue (asset_id, target_dag_id, created_at, event_id)
            select r.asset_id, r.dag_id, \(instant), \(number)
            from dag_schedule_asset_reference r join dag d on d.dag_id = r.dag_id
            where r.asset_id = (select id from asset where uri = \(asset.uri)) and d.is_active and not d.is_paused
            on conflict (asset_id, target_dag_id) do update set event_id = excluded.event_id
            """)
        return number
    }
}
