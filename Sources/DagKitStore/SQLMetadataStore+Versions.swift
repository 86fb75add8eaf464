public import DagKitCore
import DagKitSQL
import FoundationEssentials

extension SQLMetadataStore {
    public func versions(of dag: DAGID) async throws -> [DAGVersion] {
        let rows = try await database.query(
            "\(DAGVersionRow.selection) where v.dag_id = \(dag) order by v.version_number")
        return try list(rows, DAGVersionRow.version)
    }

    public func version(of dag: DAGID, hash: String) async throws -> DAGVersion? {
        let rows = try await database.query(
            "\(DAGVersionRow.selection) where v.dag_id = \(dag) and v.dag_hash = \(hash)")
        return try list(rows, DAGVersionRow.version).first
    }

    public func versionNumbers(of dag: DAGID) async throws -> [String: Int] {
        let rows = try await database.query(
            "select dag_hash, version_number from dag_version where dag_id = \(dag)")
        let read = try list(rows) { row in
            var row = RowReader(row, of: "dag_version", place: [("dag_id", dag.sqlValue)])
            return (try row.next() as String, try row.next() as Int)
        }
        return Dictionary(read) { $1 }
    }
}
