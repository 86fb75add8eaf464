import DagKitCore
import DagKitSystem
import Glibc
import Testing

@Suite(.serialized) struct BrokenDAGTests {
    /// The proof DAG, and beside it one with these tasks: `id` and what they wait for.
    private static func dags(_ tasks: KeyValuePairs<String, [String]>) -> JSONValue {
        guard case .object(var dags) = ProofDAG.declaration,
            case .object(let broken) = ProofDAG.declaration(tasks: tasks), let dag = broken["proof"]
        else { return .null }
        dags["broken"] = dag
        return .object(dags)
    }

    @Test(
        .fault(.F43, "the DAG is refused with the cycle as a path; the others run", by: .real),
        arguments: [
            (["a": ["c"], "b": ["a"], "c": ["b"]], "b -> c -> a -> b"),
            (["a": ["a"]], "own upstream"),
            (["a": [], "b": ["nowhere"]], "nowhere"),
        ] as [(KeyValuePairs<String, [String]>, String)])
    func `F43 a DAG whose edges are impossible is refused alone`(
        tasks: KeyValuePairs<String, [String]>, word: String
    ) async throws {
        let home = try FaultHome(Self.dags(tasks))

        let refused = try await home.dagctl("dags", "trigger", "broken")
        let other = try await home.dagctl("dags", "trigger", "proof")
        let run = try await home.dagctl("scheduler", "--once")
        let errors = try await home.dagctl("dags", "list-import-errors")

        #expect(refused.status == 1, "\(refused)")
        #expect(refused.errors.contains("dags.json:") && refused.errors.contains(word), "\(refused)")
        #expect(other.status == 0 && run.status == 0, "\(other)\(run)")
        #expect(errors.status == 1 && errors.output.contains(word), "\(errors)")
        #expect(try await home.findings() == [])
    }

    @Test func `what a task reported while its DAG could not be loaded outlives a stop`() async throws {
        let dags = ScriptDAG.declaration("echo $$ >>begun; until [ -e go ]; do sleep 0.05; done")
        // A stop that waited for them would take all of the grace.
        let home = try FaultHome(dags, settings: ["DAGKIT__SCHEDULER__STOP_GRACE": "600"])
        _ = try await home.dagctl("dags", "trigger", "script")
        let first = try home.startScheduler()
        _ = try await home.words(in: "begun")
        try home.write([:])
        kill(first.id, SIGKILL)
        _ = try await first.wait()

        let second = try home.startScheduler()
        let waits = try await holds {
            home.schedulerLines().contains { $0.contains("their dags are not loaded here (script)") }
        }
        try FileSystem.write([], to: "\(home.path)/go", durable: false)
        let isKept = try await holds {
            try FileSystem.names(in: "\(home.path)/attempts").contains { $0.hasSuffix(".outcome") }
        }
        kill(second.id, SIGTERM)
        let stopped = try await home.end(of: second)
        try home.write(dags)
        let third = try await home.dagctl("scheduler", "--once")

        #expect(waits && isKept)
        #expect(stopped?.reason == .exited(0))
        #expect(third.status == 0, "\(third)")
        #expect(try await home.words(in: "begun").count == 1)
        #expect(try await home.script()?.only.state == .success)
        #expect(try await home.leftovers() == [])
    }

    @Test(arguments: [false, true])
    func `a running task is ended though its DAG is broken or gone`(isGone: Bool) async throws {
        let home = try FaultHome(ScriptDAG.declaration("echo $$ >begun; sleep 600"))
        _ = try await home.dagctl("dags", "trigger", "script")
        let first = try home.startScheduler()
        let task = try #require(ProcessIdentity.of(Int32(try await home.words(in: "begun")[0]) ?? 0))
        let run = try #require(try await home.script()?.run.key.runID.rawValue)
        kill(first.id, SIGKILL)
        _ = try await first.wait()
        try home.write(isGone ? [:] : ["script": ["tasks": [["id": "only", "operator": "shel"]]]])
        let second = try home.startScheduler()
        let waits = try await holds {
            home.schedulerLines().contains { $0.contains("their dags are not loaded here (script)") }
        }
        let early = try await home.dagctl("dags", "delete", "script", "--yes")

        let mark = try await home.dagctl("dags", "mark", "script", run, "failed")
        let isStored = try await holds { try await home.script()?.only.state == .failed }
        let deletion = try await home.dagctl("dags", "delete", "script", "--yes")

        #expect(waits)
        #expect(early.status != 0 && early.errors.contains("dags mark"), "\(early)")
        #expect(mark.status == 0, "\(mark)")
        #expect(isStored)
        #expect(!task.isAlive)
        #expect(deletion.status == 0, "\(deletion)")
        kill(second.id, SIGTERM)
        #expect(try await home.end(of: second)?.reason == .exited(0))
        #expect(try await home.leftovers() == [])
    }

    @Test(.fault(.F44, "the DAG is refused, and both places are named", by: .real))
    func `F44 two tasks of one id are refused with both places`() async throws {
        let home = try FaultHome(Self.dags(["twin": [], "other": [], "twin": []]))

        let refused = try await home.dagctl("dags", "trigger", "broken")

        #expect(refused.status == 1, "\(refused)")
        #expect(refused.errors.contains("dags.json:1:"), "\(refused)")
        #expect(refused.errors.contains("task id \"twin\" is already used at line 1"), "\(refused)")
    }

    @Test(.fault(.F44, "both are refused and named; neither wins silently", by: .real))
    func `F44 a declared DAG that has the id of a compiled one is refused`() async throws {
        guard case .object(let one) = ProofDAG.declaration, let dag = one["proof"] else { return }
        let home = try FaultHome(.object(["crypto_monitoring": dag, "proof": dag]))

        let refused = try await home.dagctl("dags", "trigger", "crypto_monitoring")
        let listed = try await home.dagctl("dags", "list-import-errors", "-o", "plain")

        #expect(refused.status == 1, "\(refused)")
        #expect(refused.errors.contains("already used at"), "\(refused)")
        #expect(listed.output.contains("crypto_monitoring"), "\(listed)")
    }

    @Test(.fault(.F44, "the file is refused with the place of the second", by: .real))
    func `F44 a dags file that names one DAG twice is refused`() async throws {
        let home = try FaultHome()
        let text = try FileSystem.readText(home.dagsFile)
        let member = String(text.dropFirst("{\"dags\":{".count).dropLast(2))
        try FileSystem.write(
            Array("{\"dags\":{\n\(member),\n\(member)}}".utf8), to: home.dagsFile, durable: false)

        let refused = try await home.dagctl("dags", "trigger", "proof")

        #expect((refused.status ?? 0) > 0, "\(refused)")
        #expect(refused.errors.contains("dags.json:3") && refused.errors.contains("proof"), "\(refused)")
    }
}
