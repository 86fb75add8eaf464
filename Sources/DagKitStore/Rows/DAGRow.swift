import DagKitCore
import DagKitSQL
import FoundationEssentials

/// A DAG as a row of `dag`; its tags and its structure are rows of their own.
enum DAGRow {
    /// The columns, with the structure of the DAG's version from `serialized_dag`.
    static let selection: SQLStatement = """
        select d.dag_id, d.is_paused, d.is_active, d.bundle, d.fileloc, d.owners, d.description, d.schedule_interval,
            d.timetable_description, d.max_active_tasks, d.max_active_runs, d.dag_hash, s.data, d.has_import_errors,
            d.last_parsed_time, d.next_dagrun_data_interval_start, d.next_dagrun_data_interval_end,
            d.next_dagrun_create_after, v.source_code, v.bundle_version
        from dag d left join serialized_dag s on s.dag_id = d.dag_id and s.dag_hash = d.dag_hash
            left join dag_version v on v.dag_id = d.dag_id and v.dag_hash = d.dag_hash
        """

    static func record(_ row: SQLRow, tags: [DAGID: [String]]) throws -> DAGRecord {
        var row = RowReader(row, of: "dag")
        let id: DAGID = try row.next()
        let (isPaused, isActive): (Bool, Bool) = (try row.next(), try row.next())
        let (bundle, fileloc, owners): (String, String, String) = (
            try row.next(), try row.next(), try row.next()
        )
        var record = DAGRecord(
            id: id, isPaused: isPaused, isActive: isActive, bundle: bundle, fileloc: fileloc,
            owners: owners.isEmpty ? [] : owners.split(separator: ", ").map(String.init),
            about: try row.next(),
            tags: tags[id] ?? [], schedule: try row.next(), timetableDescription: try row.next(),
            maxActiveTasks: try row.next(), maxActiveRuns: try row.next(), structureHash: try row.next(),
            structure: try structure(&row), hasImportErrors: try row.next(),
            lastRegistered: try row.instant(), next: try planned(&row))
        row.turn(to: "dag_version")
        record.source = try row.next()
        record.executableHash = try row.next()
        return record
    }

    /// Adds the DAG, or brings it up to date; what users and the scheduler decided about it stays.
    static func upsert(_ dag: DAGRecord, bundle: String, at instant: String) -> SQLStatement {
        """
        insert into dag (dag_id, is_paused, is_active, last_parsed_time, fileloc, owners, description,
            schedule_interval, timetable_description, max_active_tasks, max_active_runs, has_import_errors, bundle,
            dag_hash, next_dagrun, next_dagrun_data_interval_start, next_dagrun_data_interval_end,
            next_dagrun_create_after)
        values (\(dag.id), \(dag.isPaused), \(dag.isActive), \(instant), \(dag.fileloc),
            \(dag.owners.joined(separator: ", ")), \(dag.about), \(dag.schedule), \(dag.timetableDescription),
            \(dag.maxActiveTasks), \(dag.maxActiveRuns), \(dag.hasImportErrors), \(bundle), \(dag.structureHash),
            \(values(of: dag.next)))
        on conflict (dag_id) do update set is_active = excluded.is_active,
            last_parsed_time = excluded.last_parsed_time, fileloc = excluded.fileloc, owners = excluded.owners,
            description = excluded.description, schedule_interval = excluded.schedule_interval,
            timetable_description = excluded.timetable_description, max_active_tasks = excluded.max_active_tasks,
            max_active_runs = excluded.max_active_runs, has_import_errors = excluded.has_import_errors,
            bundle = excluded.bundle, dag_hash = excluded.dag_hash
        """
    }

    static func structureUpsert(_ dag: DAGRecord, at instant: String) -> SQLStatement {
        """
        insert into serialized_dag (dag_id, dag_hash, fileloc, data, last_updated)
        values (\(dag.id), \(dag.structureHash), \(dag.fileloc), \(dag.structure.text), \(instant))
        on conflict (dag_id, dag_hash) do update
            set fileloc = excluded.fileloc, data = excluded.data, last_updated = excluded.last_updated
            where serialized_dag.data <> excluded.data
        """
    }

    static func nextUpdate(_ id: DAGID, _ next: PlannedRun?) -> SQLStatement {
        """
        update dag set (next_dagrun, next_dagrun_data_interval_start, next_dagrun_data_interval_end,
            next_dagrun_create_after) = (\(values(of: next)))
        where dag_id = \(id)
        """
    }

    private static func values(of next: PlannedRun?) -> SQLStatement {
        """
        \(next?.logicalDate.databaseText), \(next?.dataInterval.start.databaseText),
        \(next?.dataInterval.end.databaseText), \(next?.runAfter.databaseText)
        """
    }

    private static func structure(_ row: inout RowReader) throws -> JSONValue {
        row.turn(to: "serialized_dag")
        defer { row.turn(to: "dag") }
        return try row.json()
    }

    private static func planned(_ row: inout RowReader) throws -> PlannedRun? {
        let (interval, runAfter) = (try row.interval(), try row.instant())
        guard let interval, let runAfter else { return nil }
        return PlannedRun(dataInterval: interval, runAfter: runAfter)
    }
}
