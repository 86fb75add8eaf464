import DagKit
public import DagKitSQL
public import FoundationEssentials

/// The table `pipeline_logs`.
extension MarketStore {
    /// Adds a line to `pipeline_logs`.
    public func log(_ entry: PipelineLogEntry) async throws {
        try await database.execute(Self.insertion(entry))
    }

    static func insertion(_ entry: PipelineLogEntry) -> SQLStatement {
        let milliseconds = entry.duration.map { Int($0 / .milliseconds(1)) }
        return """
            insert into pipeline_logs
                (operation, records_affected, timestamp, status, dag_id, run_id, task_id, duration_ms, detail)
            values (\(entry.operation), \(entry.recordsAffected), \(entry.timestamp.databaseText),
                \(entry.status), \(entry.dagID.sqlValue), \(entry.runID.sqlValue), \(entry.taskID.sqlValue),
                \(milliseconds.sqlValue), \(entry.detail.sqlValue))
            """
    }
}

/// One line of `pipeline_logs`: what an operation did.
public struct PipelineLogEntry: Hashable, Sendable {
    /// What was done, by the name of its task.
    public var operation: String

    /// How many rows it touched.
    public var recordsAffected: Int

    /// When it ended.
    public var timestamp: Date

    /// How it ended.
    public var status: PipelineLogStatus

    /// The DAG.
    public var dagID: String?

    /// The run.
    public var runID: String?

    /// The task.
    public var taskID: String?

    /// How long it took.
    public var duration: Duration?

    /// More facts, as a JSON object.
    public var detail: String?

    /// Creates a line.
    public init(
        operation: String, recordsAffected: Int, timestamp: Date, status: PipelineLogStatus,
        dagID: String? = nil, runID: String? = nil,
        taskID: String? = nil, duration: Duration? = nil, detail: String? = nil
    ) {
        self.operation = operation
        self.recordsAffected = recordsAffected
        self.timestamp = timestamp
        self.status = status
        self.dagID = dagID
        self.runID = runID
        self.taskID = taskID
        self.duration = duration
        self.detail = detail
    }
}

/// How an operation of the pipeline ended.
public enum PipelineLogStatus: String, Hashable, Sendable, SQLConvertible {
    case success, warning, failed, skipped
}
