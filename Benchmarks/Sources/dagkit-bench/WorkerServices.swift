import DagKit

/// What the tasks of the benchmarks get: nothing.
enum WorkerServices {
    static func make(for order: AttemptOrder) async throws -> TaskServices {
        TaskServices(metadata: StoreTaskMetadata(InMemoryStore()))
    }
}
