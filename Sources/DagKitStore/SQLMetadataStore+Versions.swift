public import DagKitCore
import DagKitSQL
import FoundationEssentials

extension SQLMetadataStore {
    public func versions(of dag: DAGID) async throws -> [DAGVersion] {
        try await database.query(
            "\(DAGVersionRow.selection) where v.dag_id = \(dag) order by v.version_number"
        ).map(DAGVersionRow.version)
    }

    public func version(of dag: DAGID, hash: String) async throws -> DAGVersion? {
        try await database.query(
            "\(DAGVersionRow.selection) where v.dag_id = \(dag) and v.dag_hash = \(hash)"
        ).first.map(DAGVersionRow.version)
    }

    public func versionNumbers(of dag: DAGID) async throws -> [String: Int] {
        try await database.query("select dag_hash, version_number from dag_version where dag_id = \(dag)")
            .reduce(into: [String: Int]()) { numbers, row in numbers[try row[0]] = try row[1] }
    }
}
