import DagKit

/// An instance per coin, a pair per coin and day, and a group of tasks per coin.
struct Mapping: DAG {
    var configuration = DAGConfiguration("mapping", params: ["symbols": ["btc", "eth"]])

    func build(_ dag: inout DAGBuilder) {
        let symbols = dag.task("list_symbols") { context in
            context.params["symbols"]?.array?.compactMap(\.string) ?? []
        }
        let factor = dag.task("factor") { _ in 10 }
        let lengths = dag.map("length", over: symbols, reading: factor, named: { $0 }) { _, symbol, factor in
            symbol.count * factor
        }
        dag.task("longest", reading: lengths) { context, lengths in
            context.logger.info("longest is \(lengths.max() ?? 0)")
        }
        dag.map(
            "chart", over: symbols.each.map { $0.uppercased() }.crossed(with: MappedInput(["day", "week"]))
        ) {
            context, chart in
            context.logger.info("chart of \(chart.0) per \(chart.1)")
            return chart.0
        }
        let reports = dag.mapGroup("coin", over: symbols) { dag, symbol in
            let price = dag.task("price", reading: symbol) { _, symbol in Double(symbol.count) }
            let report = dag.task("report", reading: symbol, price) { _, symbol, price in
                "\(symbol): \(price)"
            }
            return dag.gathered(report)
        }
        dag.task("publish", reading: reports) { context, reports in
            context.logger.info(reports.joined(separator: ", "))
        }
    }
}
