/// Where the log of an attempt lies under the log folder, as Airflow lays it:
/// `dag_id=X/run_id=Y/task_id=Z/attempt=N.log`, with `map_index=M/` before the last part for mapped tasks.
package enum AttemptLogPath {
    /// The most bytes that a file system takes for one part of a path.
    private static let longestComponent = 255

    /// The path of an attempt's log, relative to the log folder.
    package static func path(of task: TaskInstanceKey, tryNumber: Int) -> String {
        folder(of: task) + "/attempt=\(tryNumber).log"
    }

    /// The folder of a task instance's logs, relative to the log folder.
    package static func folder(of task: TaskInstanceKey) -> String {
        var parts = ["dag_id=\(task.run.dagID)", "run_id=\(task.run.runID)", "task_id=\(task.taskID)"]
        if task.mapIndex >= 0 { parts.append("map_index=\(task.mapIndex)") }
        return parts.map(shortened).joined(separator: "/")
    }

    /// The files of one log among the names of its folder, in the order of their content: a log that got long goes on in
    /// `attempt=1.log.1`, `.2` and so on, of which only the last are kept.
    package static func segments(of log: String, among names: [String]) -> [String] {
        let further = names.compactMap { name -> (number: Int, name: String)? in
            guard name.hasPrefix(log + "."), let number = Int(name.dropFirst(log.count + 1)), number > 0
            else {
                return nil
            }
            return (number, name)
        }
        let first = names.contains(log) ? [log] : []
        return first + further.sorted { $0.number < $1.number }.map(\.name)
    }

    /// A part of a path as it is, or, where it is too long, its start with a piece of its hash.
    package static func shortened(_ component: String) -> String {
        guard component.utf8.count > longestComponent else { return component }
        return component.prefix(200) + "~" + SHA256.hex(component).prefix(16)
    }
}
