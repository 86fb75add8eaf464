import DagKitCore
import DagKitProviders
import DagKitSQL
import FoundationEssentials
import Synchronization

/// Runs operators as a task of a run would, with connections, outputs and settings that a test gives.
struct OperatorRun: Sendable {
    /// The lines that went to the attempt's log.
    final class Log: Sendable {
        private let entries = Mutex<[String]>([])
        var lines: [String] { entries.withLock { $0 } }
        func add(_ line: String) { entries.withLock { $0.append(line) } }
    }

    private struct Metadata: TaskMetadata {
        let connections: [Connection]
        let output: XCom?

        func variable(_ key: String) async throws -> String? { nil }
        func connection(_ id: String) async throws -> Connection? { connections.first { $0.id == id } }
        func outputs(of task: TaskID, key: String, in run: RunKey) async throws -> [XCom] {
            output.map { [$0] } ?? []
        }
    }

    private struct Fixture: DAG {
        var configuration = DAGConfiguration("fixture")
        func build(_ dag: inout DAGBuilder) { dag.empty("task") }
    }

    let context: TaskContext
    let log = Log()

    /// - Parameter output: What every other task has returned.
    init(connections: [Connection] = [], output: String? = nil, drivers: SQLDrivers? = nil) throws {
        let spec = try DAGSpec(Fixture())
        let run = DAGRun(
            key: RunKey("fixture", "manual__1"), type: .manual, logicalDate: Date(timeIntervalSince1970: 0),
            dataInterval: nil, runAfter: Date(timeIntervalSince1970: 0),
            queuedAt: Date(timeIntervalSince1970: 0),
            structureHash: spec.structureHash)
        var instance = TaskInstance(key: TaskInstanceKey(run.key, "task"), operatorName: "Fixture")
        instance.tryNumber = 1
        let stored = try output.map {
            XCom(
                task: TaskInstanceKey(run.key, "other"), key: XCom.returnValue,
                output: EncodedOutput(json: try JSONCoding.encode($0), typeName: "Swift.String", count: nil))
        }
        var services = TaskServices(metadata: Metadata(connections: connections, output: stored))
        services[SQLDrivers.self] = drivers
        let log = log
        context = TaskContext(
            attempt: AttemptOrder(
                attemptID: AttemptID(rawValue: 1), instance: instance, run: run, task: spec.tasks[0],
                params: ["x": "v"]),
            logger: TaskLogger { _, line, _ in log.add(line) }, services: services)
    }

    func callAsFunction<Work: Operator>(_ work: Work) async throws -> Work.Output {
        try await work.execute(in: context)
    }

    /// How an attempt ends that runs the work.
    func outcome<Work: Operator>(of work: Work) async -> AttemptOutcome {
        let log = log
        let runner = AttemptRunner(
            services: context.services, logger: TaskLogger { _, line, _ in log.add(line) },
            now: { Date(timeIntervalSince1970: 0) })
        return await runner.run(context.attempt, work: TaskWork(work))
    }

    /// The handle of a task whose output is the `output` of this run.
    static var other: TaskOutput<String> { TaskOutput(producer: "other") }
}
