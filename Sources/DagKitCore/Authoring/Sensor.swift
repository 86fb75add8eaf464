public import FoundationEssentials

/// An operator that waits: it looks whether something is so, again and again.
///
/// ```swift
/// struct ExportIsThere: Sensor {
///     var waiting = SensorOptions(pokeInterval: .minutes(2), timeout: .hours(6))
///
///     func poke(in context: TaskContext) async throws -> Poke<String> {
///         let exports = try await context.exports()
///         guard let newest = exports.last else { return .notYet("no export yet") }
///         return .done(newest)
///     }
/// }
/// ```
///
/// What a poke throws is treated as in every operator: the try fails, and another one follows while there is one.
public protocol Sensor: Operator {
    // Said again, so that it is found from the type of a poke.
    associatedtype Output

    /// How it waits between two looks, and for how long.
    var waiting: SensorOptions { get }

    /// Looks once.
    func poke(in context: TaskContext) async throws -> Poke<Output>
}

extension Sensor {
    public func execute(in context: TaskContext) async throws -> Output {
        try await SensorLoop(waiting, in: context).run(poke)
    }
}

/// What a sensor saw.
public struct Poke<Output: Sendable>: Sendable {
    enum Answer: Sendable {
        case done(Output)
        case notYet(reason: String?, until: Date?)
    }

    let answer: Answer

    /// What is waited for is there; the output is the task's.
    public static func done(_ output: Output) -> Poke { Poke(answer: .done(output)) }

    /// It is not there yet.
    ///
    /// - Parameters:
    ///   - reason: What is missing; it is stored as the reason of the wait.
    ///   - until: When to look again, in place of the poke interval.
    public static func notYet(_ reason: String? = nil, until: Date? = nil) -> Poke {
        Poke(answer: .notYet(reason: reason, until: until))
    }
}

extension Poke where Output == None {
    /// What is waited for is there.
    public static var done: Poke { .done(None()) }

    /// Done if it is so, else not yet.
    public static func when(_ isSo: Bool, else reason: String? = nil) -> Poke {
        isSo ? .done : .notYet(reason)
    }
}

/// How a sensor waits.
public struct SensorOptions: Hashable, Sendable {
    /// What becomes of the worker between two looks.
    public enum Mode: String, CaseIterable, Codable, Sendable {
        /// The attempt goes on and keeps its worker and its slot: for waits of seconds.
        case poke
        /// The attempt ends; the task starts anew for the next look, and meanwhile holds nothing.
        case reschedule
    }

    /// How the wait between two looks grows.
    public enum Backoff: Hashable, Sendable {
        case none
        /// It doubles from look to look, with a jitter that a hash decides, up to the cap; without one, up to a day.
        case exponential(cap: Duration? = nil)
    }

    public var mode: Mode

    /// The wait between two looks.
    public var pokeInterval: Duration

    /// How long the whole wait may take, from the first start of the task since it was cleared, over all its looks and
    /// tries and whatever died meanwhile. Then it fails, and no further try follows.
    public var timeout: Duration

    /// Whether the task is skipped where it would fail for good: at its timeout, and at a ``TaskFailure/noRetry(_:remedy:)``.
    public var softFail: Bool
    public var backoff: Backoff

    public init(
        mode: Mode = .reschedule, pokeInterval: Duration = .seconds(60), timeout: Duration = .days(7),
        softFail: Bool = false, backoff: Backoff = .none
    ) {
        self.mode = mode
        self.pokeInterval = pokeInterval
        self.timeout = timeout
        self.softFail = softFail
        self.backoff = backoff
    }

    /// The wait after the look with a number, of which the first is 1.
    func interval(after look: Int, of order: AttemptOrder) -> Duration {
        var policy = RetryPolicy(delay: pokeInterval)
        if case .exponential(let cap) = backoff {
            policy.isExponential = true
            policy.maximumDelay = cap
        }
        return policy.delay(
            after: RetryPolicy.Attempt(
                dagID: order.key.run.dagID.rawValue, taskID: order.key.taskID.rawValue,
                logicalDate: order.logicalDate ?? order.runAfter, tryNumber: look))
    }
}
