import DagKit

/// Params as a type with rules: a conf that breaks one is refused before there is a run.
struct Params: DAG {
    struct Load: DAGParams {
        enum Mode: String, Codable, CaseIterable { case full, quick }

        var limit = 100
        var mode = Mode.full

        static var rules: [ParamRule] { [.range("limit", 1...1000), .oneOf("mode", Mode.self)] }
    }

    var configuration = DAGConfiguration("params", params: .of(Load()))

    func build(_ dag: inout DAGBuilder) {
        dag.task("load") { context in
            let params = try context.params(as: Load.self)
            context.logger.info("loads \(params.limit) rows, \(params.mode.rawValue)")
        }
    }
}
