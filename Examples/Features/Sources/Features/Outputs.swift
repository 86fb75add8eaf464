import DagKit

/// Values under keys of their own, and one that is too large to be stored and travels in a file.
struct Outputs: DAG {
    static let rowCount = OutputKey<Int>("row_count")

    var configuration = DAGConfiguration("outputs", params: ["rows": 200_000])

    func build(_ dag: inout DAGBuilder) {
        let extracted = dag.task("extract") { context in
            let rows = (0..<Int(context.params["rows"]?.integer ?? 0)).map { "row \($0)" }
            try context.push(rows.count, as: Self.rowCount)
            return try await context.filed(rows)
        }
        dag.task("load", reading: extracted) { context, file in
            let rows = try await context.contents(of: file)
            let count = try await context.pull(Self.rowCount, from: extracted) ?? 0
            context.logger.info("\(rows.count) of \(count) rows in \(file.bytes) bytes")
        }
    }
}
