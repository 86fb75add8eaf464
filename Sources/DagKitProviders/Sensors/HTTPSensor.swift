public import DagKitCore

/// Waits until a service answers as wanted.
///
/// ```swift
/// dag.task("wait_for_export", run: HTTPSensor(HTTPOperator(connection: "exports", endpoint: "/{{ ds }}"), every: .minutes(1)) {
///     $0.text.contains("ready")
/// })
/// ```
///
/// The request is sent again until the condition holds. A status of 404 and every error that may pass mean "not yet"; any
/// other error fails the task at once.
public struct HTTPSensor: Operator {
    /// Whether an answer is the one that is waited for.
    public typealias Condition = @Sendable (HTTPClient.Response) throws -> Bool

    private let request: HTTPOperator
    private let interval: Duration
    private let patience: Duration
    private let skipsWhenLate: Bool
    private let clock: any Clock<Duration>
    private let condition: Condition

    /// Creates the sensor.
    ///
    /// - Parameters:
    ///   - interval: How long to wait between two requests.
    ///   - patience: How long to wait in all.
    ///   - skipsWhenLate: Whether the task is skipped, not failed, when the patience is at its end.
    ///   - condition: Whether a successful answer is the one that is waited for.
    public init(
        _ request: HTTPOperator, every interval: Duration = .seconds(60), patience: Duration = .hours(1),
        skipsWhenLate: Bool = false, clock: any Clock<Duration> = ContinuousClock(),
        until condition: @escaping Condition = { _ in true }
    ) {
        self.request = request
        self.interval = interval
        self.patience = patience
        self.skipsWhenLate = skipsWhenLate
        self.clock = clock
        self.condition = condition
    }

    public var inputs: [any AnyInput] { request.inputs }
    public var templates: [TemplateField] { request.templates }

    public func execute(in context: TaskContext) async throws -> None {
        var waited = Duration.zero
        while try await HTTPError.asTaskFailure({ try await isNotYet(context) }) {
            guard waited + interval <= patience else { throw lateness }
            try await clock.sleep(for: interval)
            waited += interval
        }
        return None()
    }

    private func isNotYet(_ context: TaskContext) async throws -> Bool {
        do {
            let response = try await request.send(in: context)
            if response.status == 404 { return true }
            try response.requireSuccess()
            return try !condition(response)
        } catch let error as HTTPError where error.isTransient {
            context.logger.warning("not yet: \(error)")
            return true
        }
    }

    private var lateness: any Error {
        let problem = "the answer that is waited for did not come within \(patience)"
        return skipsWhenLate
            ? TaskSkip(problem)
            : TaskFailure.noRetry(problem, remedy: "allow more time, or check the service")
    }
}
