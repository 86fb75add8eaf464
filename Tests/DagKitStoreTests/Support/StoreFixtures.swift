import DagKitCore
import DagKitSQL
import DagKitSQLite
import DagKitStore
import FoundationEssentials
import SQLTestSupport

extension Date {
    /// 2025-10-25 12:00:00 UTC.
    static let noon = Date(microseconds: 1_761_393_600_000_000)
}

extension SQLMetadataStore {
    /// A store in a file of a folder.
    static func fixture(in folder: TemporaryFolder) async throws -> SQLMetadataStore {
        let database = try await SQLiteDatabase.open(
            folder.file("dagkit.db"), configuration: SQLiteConfiguration(busyTimeout: .seconds(60)))
        return try await SQLMetadataStore.open(database, sealing: TestSealer(), at: .noon)
    }
}

extension DAGRun {
    static func fixture(_ id: RunID = "manual__2025-10-25T12:00:00+00:00") -> DAGRun {
        DAGRun(
            key: RunKey("crypto_data_pipeline", id), type: .manual, logicalDate: .noon,
            dataInterval: DataInterval(start: .noon - 1_800, end: .noon), runAfter: .noon, triggeredBy: "ana",
            queuedAt: .noon, structureHash: "abc")
    }

    /// The batch that creates the run with two tasks.
    var creation: RunBatch {
        var batch = RunBatch(run: self, expectedRevision: nil)
        batch.instances = ["start", "end"].map {
            TaskInstance(key: TaskInstanceKey(key, $0), operatorName: "EmptyOperator")
        }
        batch.events = [RunEvent(.runCreated, run: key, at: queuedAt)]
        return batch
    }

    /// A batch that touches every table that belongs to a run.
    var fullChange: RunBatch {
        var next = self
        next.revision += 1
        next.state = .running
        var batch = RunBatch(run: next, expectedRevision: revision)
        let task = TaskInstanceKey(key, "start")
        var done = TaskInstance(key: task, operatorName: "EmptyOperator")
        done.state = .success
        done.startDate = .noon
        done.endDate = .noon + 1.5
        batch.instances = [
            done, TaskInstance(key: TaskInstanceKey(key, "new"), operatorName: "EmptyOperator"),
        ]
        batch.history = [done]
        batch.clearedOutputs = [task]
        batch.outputs = [
            XCom(
                task: task, key: XCom.returnValue,
                output: EncodedOutput(json: "[1]", typeName: "[Int]", count: 1))
        ]
        batch.rendered = [RenderedTemplates(task: task, fields: [TemplateField("command", "echo")])]
        batch.events = [
            RunEvent(.runStarted, run: key, at: .noon),
            RunEvent(.succeeded, run: key, at: .noon + 1.5, taskID: "start"),
        ]
        return batch
    }
}

/// All that a store says about one run.
struct RunPicture: Equatable {
    let snapshot: RunSnapshot?
    let history: [TaskInstance]
    let outputs: [XCom]
    let events: [RunEvent]

    init(of run: DAGRun, in store: any MetadataStore) async throws {
        snapshot = try await store.snapshot(of: run.key)
        history = try await store.history(of: run.key)
        outputs = try await store.outputs(in: run.key)
        events = try await store.events(of: run.key)
    }
}
