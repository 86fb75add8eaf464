package import DagKitCore

/// The graph of a DAG in the language of Graphviz.
package struct DOTGraph {
    private let spec: DAGSpec

    package init(_ spec: DAGSpec) { self.spec = spec }

    package var text: String {
        var lines = [
            "digraph \(quote(spec.id.rawValue)) {",
            "\tgraph [label=\(quote(spec.id.rawValue)) labelloc=t rankdir=LR]",
        ]
        lines += spec.tasks.map { task in
            "\t\(quote(task.id.rawValue)) [color=\"#000000\" label=\(quote(task.id.rawValue)) shape=rectangle "
                + "style=\"filled,rounded\" fillcolor=\(quote(fill(task)))]"
        }
        for task in spec.tasks {
            lines += task.downstream.map { target in
                "\t\(quote(task.id.rawValue)) -> \(quote(spec.tasks[target].id.rawValue))"
            }
        }
        return lines.joined(separator: "\n") + "\n}\n"
    }

    private func fill(_ task: TaskSpec) -> String {
        task.isEmpty ? "#e8f7e4" : task.isMapped ? "#fff0d0" : "#f0ede4"
    }

    private func quote(_ text: String) -> String { JSONValue.string(text).text }
}
