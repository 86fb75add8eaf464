import DagKitCore
import DagKitSQL
import FoundationEssentials

/// A version of a DAG as a row of `dag_version`; its structure is the row of `serialized_dag` of the same hash.
enum DAGVersionRow {
    static let selection: SQLStatement = """
        select v.dag_id, v.version_number, v.dag_hash, s.data, v.source_code, v.bundle_name, v.bundle_version,
            v.created_at, v.last_updated
        from dag_version v join serialized_dag s on s.dag_id = v.dag_id and s.dag_hash = v.dag_hash
        """

    static func version(_ row: SQLRow) throws -> DAGVersion {
        var row = RowReader(row, of: "dag_version")
        let (dag, number, hash): (DAGID, Int, String) = (try row.next(), try row.next(), try row.next())
        row.turn(to: "serialized_dag")
        let structure = try row.json()
        row.turn(to: "dag_version")
        return DAGVersion(
            dagID: dag, number: number, structureHash: hash, structure: structure, source: try row.next(),
            bundle: try row.next(), executableHash: try row.next(), createdAt: try row.requiredInstant(),
            lastRegistered: try row.requiredInstant())
    }

    /// Adds the version that a registered DAG has, under the next number, or brings it up to date.
    static func upsert(_ dag: DAGRecord, bundle: String, at instant: String) -> SQLStatement {
        """
        insert into dag_version (dag_id, version_number, dag_hash, bundle_name, bundle_version, source_code,
            created_at, last_updated)
        values (\(dag.id),
            (select coalesce(max(version_number), 0) + 1 from dag_version where dag_id = \(dag.id)),
            \(dag.structureHash), \(bundle), \(dag.executableHash), \(dag.source), \(instant), \(instant))
        on conflict (dag_id, dag_hash) do update set bundle_name = excluded.bundle_name,
            bundle_version = coalesce(excluded.bundle_version, dag_version.bundle_version),
            source_code = excluded.source_code, last_updated = excluded.last_updated
        """
    }
}
