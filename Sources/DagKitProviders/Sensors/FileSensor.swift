public import DagKitCore
import DagKitSystem

/// Waits until a file is there.
///
/// ```swift
/// let files = dag.task("export", run: FileSensor("/data/in/{{ ds }}/*.csv"))
/// ```
///
/// The path is a template, and may be a pattern with `*`, `?` and `[…]`. A folder counts once a file lies in it, at any depth.
/// A relative path starts in the working folder of the task. The output is the list of the paths that were found.
public struct FileSensor: Sensor {
    public var waiting: SensorOptions
    private let path: Input<String>

    public init(_ path: Input<String>, waiting: SensorOptions = SensorOptions()) {
        self.path = path
        self.waiting = waiting
    }

    public var inputs: [any AnyInput] { [path] }
    public var templates: [TemplateField] { [path.template("path")].compactMap { $0 } }

    public func poke(in context: TaskContext) async throws -> Poke<[String]> {
        let pattern = try await context.text(of: path)
        let found = try await Blocking.run {
            try FileSystem.paths(matching: pattern).filter(FileSystem.holdsFile)
        }
        return found.isEmpty ? .notYet("there is no file \(pattern)") : .done(found)
    }
}
