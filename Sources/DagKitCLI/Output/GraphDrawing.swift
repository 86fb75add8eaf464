package import DagKitCore

/// The graph of a DAG as lines of text: a task per line, its edges in columns beside it.
///
/// ```
/// ○ start
/// ├─╮
/// ○ │ extract
/// │ ○ check
/// ├─╯
/// ○ load
/// ```
/// A column is an edge on its way down to its target; edges to the same target share one.
package struct GraphDrawing {
    private let spec: DAGSpec

    /// By column: the index of the task that the column leads to.
    private var columns: [Int?] = []
    private var lines: [String] = []

    package init(_ spec: DAGSpec) { self.spec = spec }

    package var text: String {
        var drawing = self
        for task in spec.tasks { drawing.draw(task) }
        return drawing.lines.map { $0 + "\n" }.joined()
    }

    private mutating func draw(_ task: TaskSpec) {
        let own = columns.firstIndex(of: task.index) ?? freeColumn(from: 0)
        columns[own] = task.index
        let cells = columns.indices.map { $0 == own ? "○" : columns[$0] == nil ? " " : "│" }
        lines.append(cells.joined(separator: " ") + " " + label(task))
        columns[own] = nil
        connect(own, to: task.downstream)
        while let last = columns.last, last == nil { columns.removeLast() }
    }

    private func label(_ task: TaskSpec) -> String {
        var facts: [String] = []
        if task.isMapped { facts.append("mapped") }
        if task.kind != .task { facts.append(task.kind.rawValue) }
        if let rule = task.skipRule { facts.append(rule.name) }
        if task.triggerRule != .allSuccess { facts.append(task.triggerRule.rawValue) }
        facts += task.upstream.compactMap { source in
            task.edgeText(from: source).map { "\(spec.tasks[source].id): \($0)" }
        }
        return task.id.rawValue + (facts.isEmpty ? "" : " [\(facts.joined(separator: ", "))]")
    }

    /// Leads a column on to the targets of its task: to columns that are there, or to new ones.
    private mutating func connect(_ own: Int, to targets: [Int]) {
        var joined: Set<Int> = []
        var opened: Set<Int> = []
        for target in targets {
            if let column = columns.firstIndex(of: target) {
                joined.insert(column)
            } else {
                let column = columns[own] == nil ? own : freeColumn(from: own)
                columns[column] = target
                if column != own { opened.insert(column) }
            }
        }
        let others = joined.union(opened)
        guard !others.isEmpty else { return }
        let span = min(own, others.min() ?? own)...max(own, others.max() ?? own)
        var line = ""
        for column in columns.indices {
            if column > 0 { line += span.contains(column) && column > span.lowerBound ? "─" : " " }
            line += mark(column, own: own, joined: joined, opened: opened, span: span)
        }
        lines.append(line)
    }

    private func mark(
        _ column: Int, own: Int, joined: Set<Int>, opened: Set<Int>, span: ClosedRange<Int>
    ) -> String {
        let goesLeft = column > span.lowerBound
        let goesRight = column < span.upperBound
        if column == own {
            let goesOn = columns[own] != nil
            switch (goesLeft, goesRight) {
            case (true, true): return goesOn ? "┼" : "┴"
            case (true, false): return goesOn ? "┤" : "╯"
            default: return goesOn ? "├" : "╰"
            }
        }
        if joined.contains(column) { return goesLeft && goesRight ? "┼" : goesLeft ? "┤" : "├" }
        if opened.contains(column) { return goesLeft && goesRight ? "┬" : goesLeft ? "╮" : "╭" }
        if columns[column] == nil { return span.contains(column) ? "─" : " " }
        // A horizontal line passes behind an edge that it does not belong to.
        return "│"
    }

    private mutating func freeColumn(from start: Int) -> Int {
        for column in columns.indices where column >= start && columns[column] == nil { return column }
        columns.append(nil)
        return columns.count - 1
    }
}

extension TaskSpec {
    /// What graphs write beside the edge from an upstream task: its label, or the paths of the branch that it is on.
    package func edgeText(from source: Int) -> String? {
        edgeLabels[source] ?? paths[source].map { $0.sorted().joined(separator: ", ") }
    }
}
