import DagKitCore
import DagKitProviders
import FoundationEssentials
import Synchronization

/// Lets notifiers tell of a failed task, with connections that a test gives.
struct NoticeRun: Sendable {
    private struct Metadata: TaskMetadata {
        let connections: [Connection]

        func variable(_ key: String) async throws -> String? { nil }
        func connection(_ id: String) async throws -> Connection? { connections.first { $0.id == id } }
        func outputs(of task: TaskID, key: String, in run: RunKey) async throws -> [XCom] { [] }
    }

    let notice: Notice
    let log = OperatorRun.Log()
    private let context: TaskContext

    init(connections: [Connection] = [], reason: String = "the \"market\" is closed") {
        let noon = Date(timeIntervalSince1970: 1_700_000_000)
        let run = RunKey("crypto", "manual__1")
        notice = Notice(
            .taskFailed, at: noon, run: run, task: TaskInstanceKey(run, "load"), tryNumber: 3, lastTry: 3,
            reason: reason, to: Notice.Receiver("test"))
        let log = log
        context = TaskContext(
            attempt: AttemptOrder(telling: notice, settings: [:]),
            logger: TaskLogger { level, line, _ in log.add("\(level.rawValue) \(line)") },
            services: TaskServices(metadata: Metadata(connections: connections), home: "/deployment"))
    }

    func callAsFunction(_ notifier: any Notifier) async throws {
        try await notifier.notify(notice, in: context)
    }

    /// Makes the notifier of a document first.
    func callAsFunction(declared words: JSONValue) async throws {
        try await self(try OperatorRegistry.standard.notifier(of: words))
    }
}
