import FoundationEssentials

/// The name of a value that a task stores beside what it returns, with the value's type.
///
/// ```swift
/// let rowCount = OutputKey<Int>("row_count")
///
/// try context.push(12, as: rowCount)                                // in one task
/// let rows = try await context.pull(rowCount, from: loaded)         // in a later one
/// let before = try await context.earlier(rowCount, from: loaded)    // of an earlier run
/// ```
public struct OutputKey<Value: Codable & Sendable>: Hashable, Sendable {
    public let name: String

    public init(_ name: String) { self.name = name }
}

extension TaskContext {
    /// Stores a value beside the return value, under a key of its own, with the task's outcome.
    ///
    /// - Throws: ``OutputError/tooLarge(type:bytes:task:key:)``, ``OutputError/unencodable(type:reason:)``.
    public func push<Value: Codable & Sendable>(_ value: Value, as key: OutputKey<Value>) throws {
        try push(value, as: key.name)
    }

    /// Stores a value beside the return value, under a key of its own, with the task's outcome.
    ///
    /// - Throws: ``OutputError/tooLarge(type:bytes:task:key:)``, ``OutputError/unencodable(type:reason:)``.
    public func push<Value: Codable & Sendable>(_ value: Value, as key: String) throws {
        do {
            if let output = try EncodedOutput(encoding: value) { try outbox.add(key, output) }
        } catch OutputError.tooLarge(let type, let bytes, _, _) {
            throw OutputError.tooLarge(type: type, bytes: bytes, task: taskID, key: key)
        }
    }

    /// The value that a task of this run stored under a key; `nil` if it stored none.
    ///
    /// The task must have run before: declare this one after it.
    ///
    /// - Parameter mapIndex: The instance, if the task is mapped.
    /// - Throws: ``OutputError/mismatch(producer:produced:reader:expected:reason:)``.
    public func pull<Value, Output>(
        _ key: OutputKey<Value>, from task: TaskOutput<Output>, mapIndex: Int = -1
    ) async throws -> Value? {
        try await pull(key, from: task.producer, mapIndex: mapIndex, in: attempt.key.run)
    }

    /// The value that a task of any run stored under a key; `nil` if it stored none.
    ///
    /// What a task returns is stored under ``XCom/returnValue``.
    public func pull<Value>(
        _ key: OutputKey<Value>, from task: TaskID, mapIndex: Int = -1, in run: RunKey
    ) async throws -> Value? {
        let stored = try await services.metadata.outputs(of: task, key: key.name, in: run)
        return try decoded(stored.first { $0.task.mapIndex == mapIndex }, of: task)
    }

    /// The newest value that a task stored under a key in a run of this DAG before this one; `nil` if there is none.
    public func earlier<Value, Output>(_ key: OutputKey<Value>, from task: TaskOutput<Output>) async throws
        -> Value?
    {
        let stored = try await services.metadata.earlierOutputs(
            of: task.producer, key: key.name, dag: dagID, before: logicalDate)
        return try decoded(stored.first, of: task.producer)
    }

    /// What a task returned in the newest run of this DAG before this one in which it returned something; `nil` if
    /// there is none.
    public func earlier<Value>(_ output: TaskOutput<Value>) async throws -> Value? {
        let stored = try await services.metadata.earlierOutputs(
            of: output.producer, key: XCom.returnValue, dag: dagID, before: logicalDate)
        guard !stored.isEmpty else { return nil }
        return try OutputReader(producer: output.producer, reader: taskID).value(stored, shape: output.shape)
    }

    private func decoded<Value: Codable>(_ output: XCom?, of task: TaskID) throws -> Value? {
        guard let output else { return nil }
        let value: Value = try OutputReader(producer: task, reader: taskID).value([output], shape: .single)
        return value
    }
}

extension TaskMetadata {
    /// The outputs that a task stored under a key in the newest run of a DAG before an instant in which it stored any.
    ///
    /// - Complexity: One query per run without such an output, up to a thousand.
    func earlierOutputs(of task: TaskID, key: String, dag: DAGID, before instant: Date) async throws -> [XCom]
    {
        var query = RunQuery(dagID: dag)
        query.through = Date(microseconds: instant.microsecondsSinceEpoch - 1)
        for run in try await runs(query).sorted(by: {
            ($0.logicalDate ?? .distantPast) > ($1.logicalDate ?? .distantPast)
        }) {
            let stored = try await outputs(of: task, key: key, in: run.key)
            if !stored.isEmpty { return stored }
        }
        return []
    }
}
