import DagKitCore
import DagKitProviders
import DagKitSystem
import Testing

@Suite struct FileSensorTests {
    private func verdict(_ pattern: String) async throws -> AttemptOutcome.Verdict {
        await (try OperatorRun()).outcome(of: FileSensor(.value(pattern))).verdict
    }

    @Test func `it waits for a file, says for which, and returns what it found`() async throws {
        let folder = try TemporaryFolder()
        guard case .waiting(_, let reason) = try await verdict("\(folder.path)/{{ params.x }}*.csv") else {
            Issue.record("it does not wait")
            return
        }
        #expect(reason == "there is no file \(folder.path)/v*.csv")

        for name in ["v2.csv", "v1.csv", "w.csv"] {
            try FileSystem.write([1], to: "\(folder.path)/\(name)", durable: false)
        }

        #expect(
            try await verdict("\(folder.path)/{{ params.x }}*.csv")
                == .success(
                    try EncodedOutput(encoding: ["\(folder.path)/v1.csv", "\(folder.path)/v2.csv"])))
    }

    @Test func `a folder counts once a file lies in it, at any depth`() async throws {
        let folder = try TemporaryFolder()
        try FileSystem.createFolder("\(folder.path)/a/b")
        guard case .waiting = try await verdict("\(folder.path)/a") else {
            Issue.record("an empty folder counts")
            return
        }

        try FileSystem.write([1], to: "\(folder.path)/a/b/c", durable: false)

        #expect(
            try await verdict("\(folder.path)/a")
                == .success(try EncodedOutput(encoding: ["\(folder.path)/a"])))
    }

    @Test func `a command is looked at by its status`() async throws {
        let run = try OperatorRun()
        func verdict(_ script: String) async -> AttemptOutcome.Verdict {
            await run.outcome(of: ShellSensor(ShellOperator(.value(script)))).verdict
        }
        #expect(await verdict("echo there") == .success(try EncodedOutput(encoding: "there")))
        guard case .waiting(_, "the command ended with exit 3") = await verdict("exit 3") else {
            Issue.record("exit 3 is no wait")
            return
        }
        guard case .failed = await verdict("exit 127") else {
            Issue.record("a missing command is waited for")
            return
        }
        #expect(await verdict("exit 99") == .skipped(reason: "the command ended with status 99"))
    }
}
