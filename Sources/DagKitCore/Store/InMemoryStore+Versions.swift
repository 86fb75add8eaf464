import FoundationEssentials
import Synchronization

extension InMemoryStore {
    public func versions(of dag: DAGID) async throws -> [DAGVersion] {
        contents.withLock { $0.versions[dag] ?? [] }
    }

    public func version(of dag: DAGID, hash: String) async throws -> DAGVersion? {
        contents.withLock { $0.versions[dag]?.first { $0.structureHash == hash } }
    }

    public func versionNumbers(of dag: DAGID) async throws -> [String: Int] {
        contents.withLock { contents in
            Dictionary((contents.versions[dag] ?? []).map { ($0.structureHash, $0.number) }) { $1 }
        }
    }
}

extension InMemoryStore.Contents {
    /// Adds the version that a registered DAG has, or brings it up to date.
    mutating func keepVersion(of dag: DAGRecord, at now: Date) -> DAGVersion {
        let known = versions[dag.id] ?? []
        let place = known.firstIndex { $0.structureHash == dag.structureHash }
        let before = place.map { known[$0] }
        let version = DAGVersion(
            dagID: dag.id, number: before?.number ?? known.count + 1, structureHash: dag.structureHash,
            structure: dag.structure, source: dag.source, bundle: dag.bundle,
            executableHash: dag.executableHash ?? before?.executableHash, createdAt: before?.createdAt ?? now,
            lastRegistered: now)
        if let place { versions[dag.id]?[place] = version } else { versions[dag.id] = known + [version] }
        return version
    }
}
