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
        lines += cluster(nil, indent: "\t")
        lines += spec.tasks.map { task in
            "\t\(quote(task.id.rawValue)) [color=\"#000000\" label=\(quote(task.id.rawValue)) shape=rectangle "
                + "style=\"filled,rounded\" fillcolor=\(quote(fill(task)))]"
        }
        for task in spec.tasks {
            lines += task.downstream.map { target in
                let label =
                    spec.tasks[target].edgeText(from: task.index).map { " [label=\(quote($0))]" } ?? ""
                return "\t\(quote(task.id.rawValue)) -> \(quote(spec.tasks[target].id.rawValue))\(label)"
            }
        }
        return lines.joined(separator: "\n") + "\n}\n"
    }

    /// The groups directly within a group, each a box around its tasks and its own groups.
    private func cluster(_ outer: String?, indent: String) -> [String] {
        spec.groups.filter { $0.outer(among: spec.groups) == outer }.flatMap { group in
            var lines = ["\(indent)subgraph \(quote("cluster_\(group.id)")) {"]
            lines.append("\(indent)\tlabel=\(quote(group.id)) style=rounded")
            lines += cluster(group.id, indent: indent + "\t")
            lines += spec.tasks.filter { $0.group == group.id }.map { "\(indent)\t\(quote($0.id.rawValue))" }
            return lines + ["\(indent)}"]
        }
    }

    private func fill(_ task: TaskSpec) -> String {
        task.isEmpty ? "#e8f7e4" : task.isMapped ? "#fff0d0" : "#f0ede4"
    }

    private func quote(_ text: String) -> String { JSONValue.string(text).text }
}
