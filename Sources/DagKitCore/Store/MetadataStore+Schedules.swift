package import FoundationEssentials

extension MetadataStore {
    /// The data interval of the newest scheduled run of a DAG whose time has come by `now`; `nil` if there is none.
    ///
    /// It is another one than that of the newest run where runs were scheduled while the clock was ahead.
    package func newestInterval(of dag: DAGID, by now: Date) async throws -> DataInterval? {
        let query = RunQuery(dagID: dag, types: [.scheduled], through: now, limit: 100)
        return try await runs(query).first { $0.runAfter <= now }?.dataInterval
    }
}
