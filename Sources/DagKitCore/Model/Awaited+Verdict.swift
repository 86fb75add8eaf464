extension Awaited {
    /// How the wait ends by what is stored; `nil` while it goes on. The coming of an instant is a clock's affair.
    package func verdict(asking metadata: any TaskMetadata) async throws -> ExternalWait.Verdict? {
        switch self {
        case .instant: return nil
        case .runs(let wait): return try await wait.verdict(asking: metadata)
        case .asset(let wait):
            let query = AssetEventQuery(uri: wait.uri, since: wait.since, limit: 1)
            return try await metadata.assetEvents(query).isEmpty ? nil : .success
        }
    }
}

extension ExternalWait {
    fileprivate func verdict(asking metadata: any TaskMetadata) async throws -> Verdict? {
        var found: [Run] = []
        for date in logicalDates {
            for run in try await metadata.runs(RunQuery(dagID: dagID, logicalDate: date, limit: 1)) {
                found.append(
                    Run(run, tasks.isEmpty ? [] : try await metadata.taskInstances(of: run.key)))
            }
        }
        if let verdict = verdict(on: found) { return verdict }
        guard checksExistence, let absence = absence(from: try await metadata.dag(dagID)) else { return nil }
        return .failed(reason: absence)
    }

    /// What is not there of what is waited for; `nil` if all is.
    private func absence(from record: DAGRecord?) -> String? {
        guard let record else { return "dag \(dagID) does not exist" }
        guard record.isActive else { return "dag \(dagID) is no longer loaded" }
        let known = Set((record.structure["tasks"]?.array ?? []).compactMap { $0["task_id"]?.string })
        return tasks.first { !known.contains($0.rawValue) }.map { "dag \(dagID) has no task \($0)" }
    }
}
