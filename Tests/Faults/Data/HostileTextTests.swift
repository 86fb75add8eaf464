import DagKitCore
import DagKitStore
import DagKitSystem
import FoundationEssentials
import Testing

@Suite(.serialized) struct HostileTextTests {
    /// What no id may be.
    static let hostile = [
        "..", "../../etc/passwd", "a/b", "a b", "$(touch owned)", "a;touch owned", "a'b", "a\"b", "a\nb",
        "émoji😀", "",
        String(repeating: "x", count: 300), "a`touch owned`", "a|b", "a\u{202E}b", "a' or '1'='1", "-rf",
        "a%2fb",
    ]

    @Test(
        .fault(.F29, "refused at the command line with one line; nothing is made or executed", by: .real),
        arguments: hostile)
    func `F29 a hostile id is refused at the command line`(id: String) async throws {
        let home = try FaultHome()
        _ = try await home.dagctl("db", "migrate")

        let run = try await home.dagctl("dags", "trigger", "proof", "--run-id=\(id)")
        let dag = try await home.dagctl("dags", "trigger", "--", id)

        for answer in [run, dag] where !(id == "-rf" && answer.status == 0) {
            #expect((answer.status ?? 0) > 0, "\(answer)")
            #expect(answer.errors.contains("error:"), "\(answer)")
        }
        let runs = try await home.withStore { try await $0.runs(RunQuery(dagID: ProofDAG.id)) }
        #expect(runs.allSatisfy { $0.key.runID.rawValue == "-rf" })
        #expect(!FileSystem.exists("\(home.path)/owned"))
    }

    @Test(
        .fault(.F29, "refused when the file is read, with line and column; the other DAGs run", by: .real),
        arguments: hostile.filter { $0 != "-rf" })
    func `F29 a hostile id in dags json is refused`(id: String) async throws {
        guard case .object(var dags) = ProofDAG.declaration,
            case .object(let one) = ProofDAG.declaration(tasks: [id: []])
        else { return }
        dags["other"] = one["proof"]
        let home = try FaultHome(.object(dags))

        let refused = try await home.dagctl("dags", "trigger", "other")
        let errors = try await home.dagctl("dags", "list-import-errors")
        let listed = try await home.dagctl("dags", "trigger", "proof")

        #expect(refused.status == 1, "\(refused)")
        #expect(errors.status == 1 && errors.output.contains("dags.json"), "\(errors)")
        #expect(listed.status == 0, "\(listed)")
    }

    @Test(.fault(.F29, "a run's conf reaches a task as it is and is executed by nobody", by: .real))
    func `F29 a hostile conf is a value like any other`() async throws {
        let task: JSONValue = [
            "id": "tell", "operator": "shell", "env": ["WORD": "{{ dag_run.conf.word }}"],
            "command": "printf '%s' \"$WORD\" >\"$PROOF/word\"",
        ]
        let home = try FaultHome(["proof": ["paused": false, "tasks": [task]]])
        let word = "$(touch owned); '\" ` {{ ds }} \\ \u{202E} 😀"
        let conf = JSONValue.object(["word": .string(word)]).text

        let trigger = try await home.dagctl("dags", "trigger", "proof", "--conf", conf)
        let run = try await home.dagctl("scheduler", "--once")

        #expect(trigger.status == 0 && run.status == 0, "\(trigger)\(run)")
        #expect(try FileSystem.readText("\(home.proof)/word") == word)
        #expect(!FileSystem.exists("\(home.path)/owned"))
    }
}
