public import DagKitCore

/// Waits until a command ends with status 0.
///
/// ```swift
/// dag.task("mounted", run: ShellSensor(ShellOperator("mountpoint -q /data")))
/// ```
///
/// Any other status means "not yet", but for those that say that there is no such command (126, 127). The output is the last
/// line that the command wrote.
public struct ShellSensor: Sensor {
    public var waiting: SensorOptions
    private let command: ShellOperator

    public init(_ command: ShellOperator, waiting: SensorOptions = SensorOptions()) {
        self.command = command
        self.waiting = waiting
    }

    public var inputs: [any AnyInput] { command.inputs }
    public var templates: [TemplateField] { command.templates }

    public func poke(in context: TaskContext) async throws -> Poke<String> {
        do {
            return .done(try await command.execute(in: context))
        } catch ShellError.failed(let ending)
            where ending.hasPrefix("exit ") && !["exit 126", "exit 127"].contains(ending)
        {
            return .notYet("the command ended with \(ending)")
        }
    }
}
