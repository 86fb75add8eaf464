import DagKitCore
import DagKitSQL
import FoundationEssentials

/// Assets, and who names them, as rows.
enum AssetRow {
    /// Sets what a DAG and its tasks have to do with assets.
    static func setReferences(
        of dag: DAGRecord, at instant: String, in transaction: any SQLTransaction
    ) throws {
        for table in [schedule, outlets, inlets] {
            try transaction.execute("delete from \(table) where dag_id = \(dag.id)")
        }
        for (position, reference) in dag.assets.enumerated() {
            let asset = try upsert(reference.asset, at: instant, in: transaction)
            switch reference.role {
            case .schedule:
                try transaction.execute(
                    """
                    insert into dag_schedule_asset_reference (asset_id, dag_id, created_at, updated_at, position)
                    values (\(asset), \(dag.id), \(instant), \(instant), \(position))
                    """)
            case .outlet(let task): try add(outlets, asset, dag.id, task, instant, position, transaction)
            case .inlet(let task): try add(inlets, asset, dag.id, task, instant, position, transaction)
            }
        }
        // What waits for a DAG that no longer runs on the asset would wait for ever.
        try transaction.execute(
            """
            delete from asset_dag_run_queue where target_dag_id = \(dag.id) and asset_id not in
                (select asset_id from dag_schedule_asset_reference where dag_id = \(dag.id))
            """)
    }

    private static let schedule: SQLIdentifier = "dag_schedule_asset_reference"
    private static let outlets: SQLIdentifier = "task_outlet_asset_reference"
    private static let inlets: SQLIdentifier = "task_inlet_asset_reference"

    private static func add(
        _ table: SQLIdentifier, _ asset: Int64, _ dag: DAGID, _ task: TaskID, _ instant: String,
        _ position: Int, _ transaction: any SQLTransaction
    ) throws {
        try transaction.execute(
            """
            insert into \(table) (asset_id, dag_id, task_id, created_at, updated_at, position)
            values (\(asset), \(dag), \(task), \(instant), \(instant), \(position))
            """)
    }

    /// Adds an asset, or brings it up to date; gives its id.
    private static func upsert(
        _ asset: Asset, at instant: String, in transaction: any SQLTransaction
    ) throws -> Int64 {
        try transaction.execute(
            """
            insert into asset (name, uri, "group", extra, created_at, updated_at)
            values (\(asset.name), \(asset.uri), \(asset.group), \(asset.extra.text), \(instant), \(instant))
            on conflict (uri) do update set name = excluded.name, "group" = excluded."group",
                extra = excluded.extra, updated_at = excluded.updated_at
                where name <> excluded.name or "group" <> excluded."group" or extra <> excluded.extra
            """)
        return try transaction.query("select id from asset where uri = \(asset.uri)")[0][0]
    }

    /// Says anew which assets the DAGs name that are loaded.
    static func renewActive(in transaction: any SQLTransaction) throws {
        try transaction.execute("delete from asset_active")
        try transaction.execute(
            """
            insert into asset_active (name, uri) select name, uri from asset where id in (
                select r.asset_id from dag_schedule_asset_reference r join dag d on d.dag_id = r.dag_id
                    where d.is_active
                union select r.asset_id from task_outlet_asset_reference r join dag d on d.dag_id = r.dag_id
                    where d.is_active
                union select r.asset_id from task_inlet_asset_reference r join dag d on d.dag_id = r.dag_id
                    where d.is_active)
            """)
    }

    /// What DAGs have to do with assets, by DAG, in the order in which they were registered.
    static func references(
        of condition: SQLStatement, in transaction: any SQLTransaction
    ) throws -> [DAGID: [AssetReference]] {
        let rows = try transaction.query(
            """
            select r.dag_id, r.kind, r.task_id, a.uri, a.name, a."group", a.extra from (
                select dag_id, asset_id, position, 0 as kind, null as task_id from dag_schedule_asset_reference
                union all select dag_id, asset_id, position, 1, task_id from task_outlet_asset_reference
                union all select dag_id, asset_id, position, 2, task_id from task_inlet_asset_reference
            ) r join dag d on d.dag_id = r.dag_id join asset a on a.id = r.asset_id
            where \(condition) order by r.dag_id, r.position
            """)
        return try rows.reduce(into: [:]) { found, row in
            var row = RowReader(row, of: "asset")
            let dag: DAGID = try row.next()
            let kind: Int = try row.next()
            let task: TaskID? = try row.next()
            let asset = try asset(&row)
            let role: AssetReference.Role =
                switch (kind, task) {
                case (1, let task?): .outlet(task)
                case (2, let task?): .inlet(task)
                default: .schedule
                }
            found[dag, default: []].append(AssetReference(asset, role))
        }
    }

    /// Reads `uri, name, group, extra`.
    static func asset(_ row: inout RowReader) throws -> Asset {
        Asset(try row.next(), name: try row.next(), group: try row.next(), extra: try row.json())
    }

    /// The columns of an update, of `asset_event e join asset a`.
    static let eventColumns: SQLStatement = """
        e.id, a.uri, a.name, e.timestamp, e.extra, e.source_dag_id, e.source_run_id, e.source_task_id,
        e.source_map_index
        """

    static func event(_ row: SQLRow) throws -> AssetEvent {
        var row = RowReader(row, of: "asset_event")
        let number: Int64 = try row.next()
        let (uri, name): (String, String) = (try row.next(), try row.next())
        let at = try row.requiredInstant()
        let extra = try row.json()
        let (dag, run): (DAGID?, RunID?) = (try row.next(), try row.next())
        let (task, index): (TaskID?, Int?) = (try row.next(), try row.next())
        var source: TaskInstanceKey?
        if let dag, let run, let task {
            source = TaskInstanceKey(RunKey(dag, run), task, mapIndex: index ?? -1)
        }
        return AssetEvent(number: number, uri: uri, name: name, at: at, extra: extra, source: source)
    }
}
