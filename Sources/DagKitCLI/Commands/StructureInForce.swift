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

    /// The structure by which runs that exist are changed: the one in force, and where this executable has no such DAG, or
    /// cannot use it, the one that was registered last. So what runs of it can be ended all the same.
    ///
    /// - Throws: An error if there is neither.
    func specOfRuns(_ id: DAGID, in store: any MetadataStore) async throws -> DAGSpec {
        do {
            return try await specInForce(id, in: store)
        } catch let error as CommandError {
            guard let record = try await store.dag(id),
                let version = try await store.version(of: id, hash: record.structureHash),
                let stored = DAGSpec(version)
            else { throw error }
            return stored
        }
    }
}
