import DagKit
import FoundationEssentials

extension Scenario {
    static let latency: [Scenario] = [
        Scenario(name: "ready-to-start", about: "from the end of a task to the start of the next") {
            settings in
            try await settings.executions.asyncFlatMap { execution in
                let gaps = try await gaps(of: BenchmarkDAGs.relay(of: 400), execution)
                return quantiles("ready to start, \(execution.rawValue)", gaps)
            }
        },
        Scenario(name: "trigger-to-start", about: "from a trigger to the start of the first task") {
            settings in
            try await settings.executions.asyncFlatMap { execution in
                let delays = try await delays(of: BenchmarkDAGs.relay(of: 400), execution, runs: 20)
                return quantiles("trigger to start, \(execution.rawValue)", delays)
            }
        },
    ]

    private static func quantiles(_ name: String, _ values: [Double]) -> [Finding] {
        let statistics = Statistics(values.map { $0 * 1000 })
        return [
            .figure("\(name), p50", "\(fixed(statistics.median, 3)) ms"),
            .figure("\(name), p99", "\(fixed(statistics.quantile(0.99), 3)) ms"),
        ]
    }

    private static func gaps(of dag: Shape, _ execution: Bench.Execution) async throws -> [Double] {
        try await Bench.with([dag], execution, parallelism: 1) { bench in
            try await bench.run([dag.configuration.id])
            let run = try await bench.trigger(dag.configuration.id)
            let spans = try await bench.spans(of: run)
            return zip(spans, spans.dropFirst()).map { Double($1.start - $0.end) * 1e-9 }
        }
    }

    private static func delays(of dag: Shape, _ execution: Bench.Execution, runs: Int) async throws
        -> [Double]
    {
        let first = BenchmarkDAGs.relay(of: 1)
        return try await Bench.with([dag, first], execution, parallelism: 1) { bench in
            try await bench.run([dag.configuration.id])
            var delays: [Double] = []
            for _ in 0..<runs {
                let start = Machine.nanoseconds()
                let run = try await bench.trigger(first.configuration.id)
                delays.append(Double(try await bench.spans(of: run)[0].start - start) * 1e-9)
            }
            return delays
        }
    }
}

extension Bench {
    /// Waits for a run's end and gives when its tasks ran, in their order.
    func spans(of run: RunKey) async throws -> [Span] {
        try await finish(of: run)
        return try await store.outputs(in: run).map { output in
            try JSONCoding.decode(Span.self, from: output.output.json)
        }
    }
}

extension Sequence {
    fileprivate func asyncFlatMap<Value>(_ transform: (Element) async throws -> [Value]) async rethrows
        -> [Value]
    {
        var values: [Value] = []
        for element in self { values += try await transform(element) }
        return values
    }
}
