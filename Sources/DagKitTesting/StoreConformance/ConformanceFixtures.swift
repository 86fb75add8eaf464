import DagKitCore
import FoundationEssentials

extension Date {
    /// 2025-10-25 12:00:00.000000 UTC, from which the checks count.
    static let conformanceNoon = Date(microseconds: 1_761_393_600_000_000)
}

extension DAGRun {
    /// A run of nothing special.
    static func conformance(
        _ id: RunID = "run", of dag: DAGID = "market", type: RunType = .manual, logicalDate: Date? = nil,
        runAfter: Date = .conformanceNoon, interval: DataInterval? = nil
    ) -> DAGRun {
        DAGRun(
            key: RunKey(dag, id), type: type, logicalDate: logicalDate, dataInterval: interval,
            runAfter: runAfter,
            queuedAt: .conformanceNoon, structureHash: "0123456789abcdef0123456789abcdef")
    }

    /// The batch that creates the run with instances of some tasks.
    func creation(_ tasks: [TaskID] = []) -> RunBatch {
        var batch = RunBatch(run: self, expectedRevision: nil)
        batch.instances = tasks.map {
            TaskInstance(key: TaskInstanceKey(key, $0), operatorName: "SwiftOperator")
        }
        batch.events = [RunEvent(.runCreated, run: key, at: queuedAt)]
        return batch
    }

    /// A batch that changes the run from its present revision to the next.
    func change(_ body: (inout RunBatch) -> Void = { _ in }) -> RunBatch {
        var next = self
        next.revision += 1
        var batch = RunBatch(run: next, expectedRevision: revision)
        body(&batch)
        return batch
    }
}

extension MetadataStore {
    /// Commits one batch; true if it was applied.
    func apply(_ batch: RunBatch) async throws -> Bool {
        try await commit([batch], durability: .process).conflicts.isEmpty
    }
}

extension XCom {
    static func conformance(
        _ run: DAGRun, _ task: TaskID, mapIndex: Int = -1, key: String = XCom.returnValue, json: String,
        count: Int? = nil
    ) -> XCom {
        XCom(
            task: TaskInstanceKey(run.key, task, mapIndex: mapIndex), key: key,
            output: EncodedOutput(json: json, typeName: "Swift.Array<Swift.Int>", count: count))
    }
}
