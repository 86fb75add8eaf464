public import FoundationEssentials

/// Waits for tasks of another DAG's run, or for that run as a whole.
///
/// ```swift
/// dag.task("prices", run: ExternalTaskSensor("crypto_data_pipeline", tasks: ["load"], delta: .hours(1)))
/// dag.task("whole", run: ExternalTaskSensor(run: "crypto_data_pipeline", failed: [.failed], softFail: true))
/// ```
///
/// The run is the one with this run's logical date, or with one before it. It may not exist yet: the wait goes on until it
/// does, also where the DAG is not known, unless `checkExistence` says otherwise. As in Airflow no state but an allowed
/// one ends the wait unless it is said to.
public struct ExternalTaskSensor: Sensor {
    public let waiting: SensorOptions
    private let dagID: DAGID
    private let tasks: [TaskID]
    private let dates: @Sendable (Date) -> [Date]
    private let states: States
    private let checksExistence: Bool

    private struct States {
        var allowed: Set<String>
        var failed: Set<String>
        var skipped: Set<String>
    }

    /// Waits for tasks of a run.
    ///
    /// - Parameters:
    ///   - delta: How much earlier the logical date of the other run is.
    ///   - dates: The logical dates of the other runs, from this run's, where a span does not say it; a pure function.
    ///   - allowed: The states that all the tasks must come to.
    ///   - failed: The states of which one fails this task.
    ///   - skipped: The states of which one skips this task.
    ///   - checkExistence: Whether the task fails at once where no loaded DAG has the tasks.
    public init(
        _ dagID: DAGID, tasks: [TaskID], delta: Duration = .zero,
        dates: (@Sendable (_ logicalDate: Date) -> [Date])? = nil, allowed: Set<TaskState> = [.success],
        failed: Set<TaskState> = [], skipped: Set<TaskState> = [], timeout: Duration = .days(7),
        softFail: Bool = false, checkExistence: Bool = false
    ) {
        self.init(
            dagID, tasks, dates ?? Self.earlier(by: delta),
            States(
                allowed: Set(allowed.map(\.rawValue)), failed: Set(failed.map(\.rawValue)),
                skipped: Set(skipped.map(\.rawValue))), timeout, softFail, checkExistence)
    }

    /// Waits for a run as a whole.
    ///
    /// - Parameter checkExistence: Whether the task fails at once where no such DAG is loaded.
    public init(
        run dagID: DAGID, delta: Duration = .zero, dates: (@Sendable (_ logicalDate: Date) -> [Date])? = nil,
        allowed: Set<RunState> = [.success], failed: Set<RunState> = [], skipped: Set<RunState> = [],
        timeout: Duration = .days(7), softFail: Bool = false, checkExistence: Bool = false
    ) {
        self.init(
            dagID, [], dates ?? Self.earlier(by: delta),
            States(
                allowed: Set(allowed.map(\.rawValue)), failed: Set(failed.map(\.rawValue)),
                skipped: Set(skipped.map(\.rawValue))), timeout, softFail, checkExistence)
    }

    private init(
        _ dagID: DAGID, _ tasks: [TaskID], _ dates: @escaping @Sendable (Date) -> [Date], _ states: States,
        _ timeout: Duration, _ softFail: Bool, _ checksExistence: Bool
    ) {
        waiting = SensorOptions(timeout: timeout, softFail: softFail)
        self.dagID = dagID
        self.tasks = tasks
        self.dates = dates
        self.states = states
        self.checksExistence = checksExistence
    }

    private static func earlier(by delta: Duration) -> @Sendable (Date) -> [Date] { { [$0 - delta.seconds] } }

    private func wait(of run: DAGRun) -> ExternalWait {
        ExternalWait(
            dagID, tasks: tasks, logicalDates: dates(run.logicalDate ?? run.runAfter),
            allowed: states.allowed, failed: states.failed, skipped: states.skipped,
            checksExistence: checksExistence)
    }

    public var deferral: Deferral? {
        Deferral(timeout: waiting.timeout, softFail: waiting.softFail) { run, _ in .runs(wait(of: run)) }
    }

    public func poke(in context: TaskContext) async throws -> Poke<None> {
        let awaited = Awaited.runs(wait(of: context.attempt.run))
        switch try await awaited.verdict(asking: context.services.metadata) {
        case nil: return .notYet(awaited.reason)
        case .success: return .done
        case .skipped(let reason): throw TaskSkip(reason)
        case .failed(let reason):
            if waiting.softFail { throw TaskSkip("soft fail: \(reason)") }
            throw ExternalFailure(problem: reason)
        }
    }
}

/// What a task waits for has failed.
struct ExternalFailure: DagKitError {
    let problem: String
    var remedy: String { "clear what failed, then this task" }
}
