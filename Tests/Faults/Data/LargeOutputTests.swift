import DagKitCore
import DagKitRuntime
import DagKitSystem
import DagKitTesting
import FoundationEssentials
import Testing

@Suite(.serialized) struct LargeOutputTests {
    @Test(
        .fault(
            .F28, "the attempt fails with the limit and what to do instead; nothing of it is stored",
            by: .really("a task returns 100 MB, another pushes 20 times 1 MB")),
        arguments: ["huge", "many"])
    func `F28 an output beyond the limit fails its task with a clear reason`(task: String) async throws {
        let bench = try ClockBench(Bulk(task), at: Date("2026-03-01T12:10:00Z"))

        try await bench.run { () async throws in
            #expect(
                try await holds {
                    try await bench.store.runs(RunQuery(dagID: "bulk")).contains { $0.state == .failed }
                })
        }

        let run = try #require(try await bench.store.runs(RunQuery(dagID: "bulk")).first)
        let reason = try await bench.store.taskInstances(of: run.key).first?.reason ?? ""
        #expect(reason.contains("bytes as JSON") && reason.contains("file or table"), "\(reason)")
        #expect(
            try await bench.store.outputs(in: run.key).allSatisfy { $0.output.json.utf8.count <= 1 << 20 })
    }

    @Test(.fault(.F28, "what fits is stored whole and read downstream", by: .real))
    func `F28 an output at the limit travels`() async throws {
        let bench = try ClockBench(Bulk("fits"), at: Date("2026-03-01T12:10:00Z"))

        try await bench.run { () async throws in #expect(try await bench.succeeded(1)) }

        let run = try #require(try await bench.store.runs(RunQuery(dagID: "bulk")).first)
        let output = try await bench.store.outputs(of: "fits", key: XCom.returnValue, in: run.key)
        #expect(output.first?.output.json.utf8.count == 1 << 20)
    }
}

/// A DAG of one task that puts out too much.
private struct Bulk: DAG {
    var configuration = DAGConfiguration("bulk", schedule: .once, startDate: "2026-01-01")
    private let kind: String

    init(_ kind: String) { self.kind = kind }

    func build(_ dag: inout DAGBuilder) {
        switch kind {
        case "huge": dag.task("huge") { _ in String(repeating: "x", count: 100 << 20) }
        case "many":
            dag.task("many") { context in
                for number in 0..<20 {
                    try context.push(String(repeating: "x", count: 1_000_000), as: "part\(number)")
                }
            }
        // Two quotation marks belong to the JSON.
        default: dag.task("fits") { _ in String(repeating: "x", count: (1 << 20) - 2) }
        }
    }
}
