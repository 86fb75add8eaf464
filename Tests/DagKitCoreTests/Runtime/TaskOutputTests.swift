import DagKitCore
import FoundationEssentials
import Synchronization
import Testing

@Suite struct TaskOutputTests {
    @Test func `values under keys of their own are pulled with their types`() async throws {
        var run = try DAGRehearsal(Keys())
        try await run.run()

        #expect(run.machine.run.state == .success, "\(run.reasons)")
        #expect(try await run.value("read") == #"["12","none"]"#)
    }

    @Test func `a value of another type is an error that names both tasks and both types`() async throws {
        var run = try DAGRehearsal(Keys(reads: "wrong"))
        try await run.run()

        #expect(run.states["read"] == "failed")
        let reason = run.reason("read") ?? ""
        #expect(
            reason.hasPrefix(#"task "read" expects "Swift.Bool" of "write", which stored "Swift.Int""#),
            "\(reason)")
    }

    @Test(arguments: [("return", "return_value"), ("push", "blob")])
    func `an output that is too large fails its task at once, with its name and both sizes`(
        way: String, key: String
    ) async throws {
        var run = try DAGRehearsal(Large(way: way))
        try await run.run()

        #expect(run.states["make"] == "failed")
        #expect(run.machine.instances.first?.tryNumber == 1)
        #expect(
            run.reason("make")
                == #"the output "\#(key)" of task "make" has 1048579 bytes as JSON ("Swift.String"), and may have 1048576; "#
                + "return context.filed(value), or write the data to a file or table and return its name"
        )
    }

    @Test func `a value of any size travels in a file, and a file that was changed is refused`() async throws
    {
        let files = MemoryFiles()
        var run = try DAGRehearsal(Large(way: "file"))
        run.services { $0[OutputFiles.self] = files.service }
        try await run.run()
        #expect(run.states == ["make": "success", "read": "success"], "\(run.reasons)")
        #expect(try await run.value("read") == "1048577")

        files.damage()
        try await run.clear(["read"])

        #expect(run.states["read"] == "failed")
        #expect(run.reason("read")?.contains("which is not what was written there") == true)
    }

    @Test func `a program without a home says that it has no place for files`() async throws {
        var run = try DAGRehearsal(Large(way: "file"))
        try await run.run()

        #expect(run.reason("make")?.hasPrefix(#"task "make" puts an output into a file"#) == true)
    }

    @Test func `what an earlier run returned or stored is read by the handle`() async throws {
        let store = InMemoryStore()
        var results: [String] = []
        for day in ["2026-01-01", "2026-01-02", "2026-01-03"] {
            let spec = try DAGSpec(Incremental())
            let date = try Date(isoText: day)
            let made = DAGRun(
                key: RunKey(spec.id, RunID(day)), type: .scheduled, logicalDate: date,
                dataInterval: DataInterval(exactly: date), runAfter: date, queuedAt: date,
                structureHash: spec.structureHash)
            var run = try DAGRehearsal(spec, run: made, at: date, store: store)
            try await run.run()
            results.append(try await run.value("report"))
        }

        #expect(results == [#""1 after none, 0 rows""#, #""2 after 1, 10 rows""#, #""3 after 2, 20 rows""#])
    }
}

private struct Keys: DAG {
    var configuration = DAGConfiguration("keys")
    var reads = "right"

    func build(_ dag: inout DAGBuilder) {
        let reads = reads
        let rows = OutputKey<Int>("rows")
        let written = dag.task("write") { context in try context.push(12, as: rows) }
        dag.task("read", after: written) { context in
            if reads == "wrong" { _ = try await context.pull(OutputKey<Bool>("rows"), from: written) }
            let found = try await context.pull(rows, from: written)
            let missing = try await context.pull(OutputKey<Int>("other"), from: written)
            return [found, missing].map { $0.map(String.init) ?? "none" }
        }
    }
}

private struct Large: DAG {
    var configuration = DAGConfiguration("large", defaults: TaskDefaults(retries: 3))
    var way: String

    func build(_ dag: inout DAGBuilder) {
        let way = way
        let blob = String(repeating: "x", count: EncodedOutput.maximumBytes + 1)
        switch way {
        case "return": dag.task("make") { _ in blob }
        case "push": dag.task("make") { context in try context.push(blob, as: "blob") }
        default:
            let made = dag.task("make") { context in try await context.filed(blob) }
            dag.task("read", reading: made, options: TaskOptions(retries: 0)) { context, file in
                try await context.contents(of: file).count
            }
        }
    }
}

private struct Incremental: DAG {
    var configuration = DAGConfiguration("incremental", schedule: .daily, startDate: "2026-01-01")

    func build(_ dag: inout DAGBuilder) {
        let rows = OutputKey<Int>("rows")
        let loaded = dag.task("load") { context in
            let day = Int(context.logicalDate.timeIntervalSince(try Date(isoText: "2026-01-01")) / 86_400) + 1
            try context.push(day * 10, as: rows)
            return day
        }
        dag.task("report", reading: loaded) { context, day in
            let before = try await context.earlier(loaded)
            let stored = try await context.earlier(rows, from: loaded) ?? 0
            return "\(day) after \(before.map(String.init) ?? "none"), \(stored) rows"
        }
    }
}

/// Files that a test can look at.
private final class MemoryFiles: Sendable {
    private let contents = Mutex<[String: [UInt8]]>([:])

    var service: OutputFiles {
        OutputFiles(
            write: { bytes, file in self.contents.withLock { $0[file] = bytes } },
            read: { file in self.contents.withLock { $0[file] ?? [] } })
    }

    func damage() { contents.withLock { files in for file in files.keys { files[file]?[3] = 0x79 } } }
}
