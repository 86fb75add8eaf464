public import DagKitCore

/// Waits until a service answers as wanted.
///
/// ```swift
/// dag.task("wait_for_export", run: HTTPSensor(HTTPOperator(connection: "exports", endpoint: "/{{ ds }}")) {
///     $0.text.contains("ready")
/// })
/// ```
///
/// A status of 404 and every error that may pass mean "not yet"; any other error fails the task at once. The body of the
/// answer that was waited for is the task's output.
public struct HTTPSensor: Sensor {
    /// Whether an answer is the one that is waited for.
    public typealias Condition = @Sendable (HTTPClient.Response) throws -> Bool

    public var waiting: SensorOptions
    private let request: HTTPOperator
    private let condition: Condition

    /// Creates the sensor.
    ///
    /// - Parameter condition: Whether a successful answer is the one that is waited for.
    public init(
        _ request: HTTPOperator, waiting: SensorOptions = SensorOptions(),
        until condition: @escaping Condition = { _ in true }
    ) {
        self.request = request
        self.waiting = waiting
        self.condition = condition
    }

    public var inputs: [any AnyInput] { request.inputs }
    public var templates: [TemplateField] { request.templates }

    public func poke(in context: TaskContext) async throws -> Poke<String> {
        try await HTTPError.asTaskFailure {
            do {
                let response = try await request.send(in: context)
                if response.status == 404 { return .notYet("\(request.method) answered 404") }
                try response.requireSuccess()
                return try condition(response) ? .done(response.text) : .notYet("the answer is another one")
            } catch let error as HTTPError where error.isTransient {
                return .notYet(error.problem)
            }
        }
    }
}
