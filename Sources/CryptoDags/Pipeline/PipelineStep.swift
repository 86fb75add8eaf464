import DagKit
import FoundationEssentials

/// What every task of the crypto workflows does around its own work: it opens the store, reads the settings,
/// and leaves a line in `pipeline_logs`, also when it fails.
struct PipelineStep: Sendable {
    let context: TaskContext
    let settings: CryptoSettings
    let store: MarketStore

    /// The run, as the key of what is stored.
    var run: PipelineRun { PipelineRun(dagID: context.dagID.rawValue, runID: context.runID.rawValue) }

    /// The time.
    var now: Date { context.now }

    /// What a step says of its work in `pipeline_logs`.
    struct Note: Sendable {
        var records = 0
        var status = PipelineLogStatus.success
        var detail: JSONValue?
    }

    /// Runs the work of a task; what it returns beside its value goes into `pipeline_logs`.
    static func run<Value: Sendable>(
        _ context: TaskContext, _ body: (PipelineStep) async throws -> (Value, Note?)
    ) async throws -> Value {
        let settings = try context.cryptoSettings()
        return try await permanentIfHopeless {
            try await context.withMarketStore { store in
                let step = PipelineStep(context: context, settings: settings, store: store)
                return try await step.logged(body)
            }
        }
    }

    private func logged<Value>(_ body: (PipelineStep) async throws -> (Value, Note?)) async throws -> Value {
        let started = now
        do {
            let (value, note) = try await body(self)
            if let note { try await log(note, since: started) }
            return value
        } catch {
            try? await log(Self.failure(error), since: started)
            throw error
        }
    }

    /// What another try cannot mend fails for good: a damaged file, a wrong password, tables of another version.
    private static func permanentIfHopeless<Value>(_ body: () async throws -> Value) async throws -> Value {
        do { return try await body() } catch let error as SQLError where isHopeless(error.kind) {
            throw TaskFailure.noRetry(
                error.location.map { "\($0): \(error.problem)" } ?? error.problem, remedy: error.remedy)
        } catch let error as MarketStorePlaceError {
            throw TaskFailure.noRetry(error.problem, remedy: error.remedy)
        } catch let error as MarketSchemaError {
            throw TaskFailure.noRetry(error.problem, remedy: error.remedy)
        }
    }

    private static func isHopeless(_ kind: SQLError.Kind) -> Bool {
        switch kind {
        case .corrupt, .accessDenied, .unknownDatabase: true
        default: false
        }
    }

    private func log(_ note: Note, since started: Date) async throws {
        let now = now
        try await store.log(
            PipelineLogEntry(
                operation: context.taskID.rawValue, recordsAffected: note.records, timestamp: now,
                status: note.status, dagID: context.dagID.rawValue, runID: context.runID.rawValue,
                taskID: context.taskID.rawValue,
                duration: .seconds(now.timeIntervalSince(started)), detail: note.detail?.text))
    }

    private static func failure(_ error: any Error) -> Note {
        if let skip = error as? TaskSkip {
            return Note(status: .skipped, detail: ["reason": .string(skip.reason)])
        }
        return Note(status: .failed, detail: ["error": .string("\(error)")])
    }
}
