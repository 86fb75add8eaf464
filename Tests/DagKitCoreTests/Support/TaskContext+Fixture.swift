import DagKitCore
import FoundationEssentials

/// Variables, connections and outputs that a test lists.
struct ListedMetadata: TaskMetadata {
    var variables: [String: String] = [:]
    var connections: [Connection] = []

    /// Outputs as JSON text, by `task/key`, or `task[index]/key` for a mapped task.
    var outputs: [String: String] = [:]

    func variable(_ key: String) async throws -> String? { variables[key] }

    func connection(_ id: String) async throws -> Connection? { connections.first { $0.id == id } }

    func outputs(of task: TaskID, key: String, in run: RunKey) async throws -> [XCom] {
        (-1..<10).compactMap { index in
            let name = index < 0 ? "\(task)/\(key)" : "\(task)[\(index)]/\(key)"
            return outputs[name].map { json in
                XCom(
                    task: TaskInstanceKey(run, task, mapIndex: index), key: key,
                    output: EncodedOutput(json: json, typeName: "Fixture", count: nil))
            }
        }
    }
}

extension TaskContext {
    /// The second try of `load` in a run of `crypto` for 2024-03-05.
    static func fixture(
        logicalDate: String = "2024-03-05", dataInterval: DataInterval? = .fixture, params: JSONValue = [:],
        conf: JSONValue = [:], metadata: ListedMetadata = ListedMetadata()
    ) throws -> TaskContext {
        let task = FixtureTask(id: "load", upstream: [], retries: 3)
        let spec = try DAGSpec.fixture("crypto", tasks: [task])
        let date = try Date(isoText: logicalDate)
        let run = DAGRun(
            key: RunKey(spec.id, RunID("scheduled__\(date.isoText)")), type: .scheduled, logicalDate: date,
            dataInterval: dataInterval, runAfter: date, conf: conf, queuedAt: date,
            structureHash: spec.structureHash)
        var instance = TaskInstance(
            key: TaskInstanceKey(run.key, "load"), maxTries: 3, operatorName: "ShellOperator")
        instance.tryNumber = 2
        let order = AttemptOrder(
            attemptID: AttemptID(rawValue: 7), instance: instance, run: run, task: spec.tasks[0],
            params: params)
        return TaskContext(
            attempt: order, logger: TaskLogger { _, _, _ in }, services: TaskServices(metadata: metadata))
    }
}

extension DataInterval {
    /// The half hour before midnight of 2024-03-05.
    static let fixture = DataInterval(
        start: Date(microseconds: 1_709_595_000_000_000), end: Date(microseconds: 1_709_596_800_000_000))
}
