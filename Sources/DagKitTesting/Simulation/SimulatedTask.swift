public import DagKitCore
public import FoundationEssentials

/// An attempt that a simulated executor was asked to run.
public struct SimulatedAttempt: Sendable {
    /// All that a worker would be told.
    public let order: AttemptOrder

    /// The place among all attempts of the simulation, from 1.
    public let number: Int

    /// The wall clock at the start.
    public let startedAt: Date

    /// Whether another task of the DAG is mapped over the output.
    public let isMappedOver: Bool

    public var taskID: TaskID { order.key.taskID }
    public var dagID: DAGID { order.key.run.dagID }
    public var tryNumber: Int { order.tryNumber }

    /// How many times a sensor has looked in this try, in attempts before this one.
    public var pokeCount: Int { order.pokeCount }
    public var logicalDate: Date? { order.logicalDate }
}

/// What a simulated attempt does: how long it takes, and how it ends.
public struct SimulatedWork: Sendable {
    public var duration: Duration
    public var verdict: AttemptOutcome.Verdict

    public init(_ verdict: AttemptOutcome.Verdict, after duration: Duration) {
        self.verdict = verdict
        self.duration = duration
    }

    /// The task returns nothing.
    public static func succeeds(after duration: Duration = .seconds(1)) -> SimulatedWork {
        SimulatedWork(.success(nil), after: duration)
    }

    /// The task returns a value, which other tasks read or are mapped over.
    public static func returns<Value: Encodable>(_ value: Value, after duration: Duration = .seconds(1))
        throws(OutputError) -> SimulatedWork
    {
        SimulatedWork(.success(try EncodedOutput(encoding: value)), after: duration)
    }

    /// The task throws; another try follows if the task has one left.
    public static func fails(_ reason: String, after duration: Duration = .seconds(1)) -> SimulatedWork {
        SimulatedWork(.failed(reason: reason, isRetryable: true, retryDelay: nil), after: duration)
    }

    /// The task throws `TaskFailure.noRetry`.
    public static func failsForGood(_ reason: String, after duration: Duration = .seconds(1))
        -> SimulatedWork
    {
        SimulatedWork(.failed(reason: reason, isRetryable: false, retryDelay: nil), after: duration)
    }

    /// The task is a sensor that has not seen yet what it waits for, and looks again at an instant.
    public static func waits(
        until instant: Date, _ reason: String = "not yet", after duration: Duration = .seconds(1)
    ) -> SimulatedWork {
        SimulatedWork(.waiting(until: instant, reason: reason), after: duration)
    }

    /// The task throws ``TaskSkip``.
    public static func skips(_ reason: String, after duration: Duration = .seconds(1)) -> SimulatedWork {
        SimulatedWork(.skipped(reason: reason), after: duration)
    }
}
