import DagKitCore
import DagKitRuntime
import DagKitSystem
import DagKitTesting
import FoundationEssentials
import Glibc
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

extension LargeOutputTests {
    @Test(
        .fault(
            .F28,
            "no process keeps it, the attempts fail with the limit, and the worker goes on with the next task",
            by: .really("tasks in a real worker process return and push 100 MB")))
    func `F28 100 MB of a real worker process reach neither its supervisor nor the scheduler`() async throws {
        let bench = try await WorkerBench(tasks: ["huge", "push_huge", "process"])
        ProcessMeasurement.resetPeakMemory()
        let before = try peak(of: getpid())
        let running = Task { try await bench.scheduler.run() }

        #expect(
            try await holds { try await bench.store.snapshot(of: bench.run)?.run.state.isFinished == true })
        let growth = try peak(of: getpid()) - before
        let supervisor = try peak(of: bench.supervisor().id)
        bench.scheduler.stop()
        try await running.value

        let instances = try await bench.instances()
        for task in ["huge", "push_huge"] {
            let reason = instances[task]?.reason ?? ""
            #expect(instances[task]?.state == .failed)
            #expect(
                reason.contains("has 104857602 bytes as JSON") && reason.contains("file or table"),
                "\(reason)")
        }
        #expect(instances["process"]?.state == .success)
        #expect(Set(instances.values.map(\.processID)).count == 1)
        #expect(growth < 64 << 10, "the scheduler grew by \(growth) kB")
        #expect(supervisor < 64 << 10, "the supervisor took \(supervisor) kB")
        #expect(try await bench.store.outputs(in: bench.run).allSatisfy { $0.output.json.utf8.count < 100 })
    }

    /// The most memory of a process so far, in kilobytes.
    private func peak(of process: Int32) throws -> Int {
        let lines = try FileSystem.readText("/proc/\(process)/status").split(separator: "\n")
        let words = lines.first { $0.hasPrefix("VmHWM") }?.split(whereSeparator: \.isWhitespace) ?? []
        return try #require(words.count > 1 ? Int(words[1]) : nil)
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
