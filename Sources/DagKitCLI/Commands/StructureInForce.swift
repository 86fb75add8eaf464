import DagKitCore

extension Invocation {
    /// The structure of a DAG that commands plan with: that of the scheduler which works on the home, as it registered
    /// it, and where none does, or it has the same, this executable's own.
    ///
    /// A command of a newer executable must not move runs to a structure that the scheduler would move them back from.
    ///
    /// - Throws: An error if this executable has no such DAG.
    func specInForce(_ id: DAGID, in store: any MetadataStore) async throws -> DAGSpec {
        let own = try workspace.dags().spec(id)
        guard workspace.system.occupation(workspace.home.path), let record = try await store.dag(id),
            record.isActive, record.structureHash != own.structureHash,
            let version = try await store.version(of: id, hash: record.structureHash)
        else { return own }
        return DAGSpec(version) ?? own
    }
}
