import DagKitCore
import DagKitStore
import DagKitSystem
import FoundationEssentials
import Glibc
import Testing

/// Tasks that are told to end, for each reason that there is: two signals mean to many programs that they must not clean up.
@Suite(.serialized, .timeLimit(.minutes(10))) struct OneSignalTests {
    /// Why a task is told to end.
    enum Cause: String, CaseIterable, Sendable {
        case timeout = "execution_timeout"
        case runTimeout = "dagrun_timeout"
        case markedFailed = "tasks mark failed"
        case markedSuccess = "tasks mark success"
        case runMarked = "dags mark failed"
        case clear = "tasks clear"
        case failFast = "fail_fast"
        case stop = "stop"
    }

    @Test(arguments: Cause.allCases)
    func `every process of a task that is told to end is asked once`(cause: Cause) async throws {
        let home = try FaultHome(declaration(cause), settings: ["DAGKIT__SCHEDULER__STOP_GRACE": "1"])
        _ = try await home.dagctl("dags", "trigger", "script")
        let scheduler = try home.startScheduler()
        let main = try #require(try await home.counter("main"))
        let away = try #require(try await home.counter("away"))

        try await home.tell(cause, scheduler)
        let haveEnded = try await holds { !main.isAlive && !away.isAlive }

        if cause != .stop { scheduler.send(SIGTERM) }
        #expect(try await home.end(of: scheduler)?.isSuccess == true)
        #expect(haveEnded)
        #expect(home.signals("main") == ["TERM"])
        #expect(home.signals("away") == ["TERM"])
        #expect(try await home.leftovers() == [])
    }

    @Test(arguments: [FaultHome.Role.worker, .task])
    func `a task of which something is stopped is asked once`(role: FaultHome.Role) async throws {
        let home = try FaultHome(declaration(.markedFailed))
        _ = try await home.dagctl("dags", "trigger", "script")
        let scheduler = try home.startScheduler()
        let main = try #require(try await home.counter("main"))
        let away = try #require(try await home.counter("away"))
        for process in home.processes(role) { process.send(SIGSTOP) }

        try await home.tell(.markedFailed, scheduler)
        let haveEnded = try await holds { !main.isAlive && !away.isAlive }

        scheduler.send(SIGTERM)
        #expect(try await home.end(of: scheduler)?.isSuccess == true)
        #expect(haveEnded)
        #expect(home.signals("main") == ["TERM"])
        #expect(home.signals("away") == ["TERM"])
    }

    @Test func `what a command has started has the grace though the command ends at once`() async throws {
        let home = try FaultHome(
            ScriptDAG.declaration("$COUNTER count-signals main & $COUNTER count-signals away & wait"),
            settings: ["COUNTER": FaultHome.program("dagkit-fault-process")])
        _ = try await home.dagctl("dags", "trigger", "script")
        let scheduler = try home.startScheduler()
        _ = try #require(try await home.counter("main"))
        _ = try #require(try await home.counter("away"))

        try await home.tell(.markedFailed, scheduler)

        #expect(try await home.scriptEnds()?.state == .failed)
        scheduler.send(SIGTERM)
        #expect(try await home.end(of: scheduler)?.isSuccess == true)
        #expect(home.signals("main") == ["TERM"])
        let log = String(decoding: try home.scriptLog(), as: UTF8.self)
        #expect(!log.contains("that the task had left behind"), "\(log)")
    }

    /// One task of two processes, of which one has a session of its own; a second time it ends at once.
    private func declaration(_ cause: Cause) -> JSONValue {
        let counter = FaultHome.program("dagkit-fault-process")
        let script =
            "[ ! -e main ] || exit 0; setsid '\(counter)' count-signals away & "
            + "exec '\(counter)' count-signals main"
        var defaults: [String: JSONValue] = ["retries": 0]
        // Long enough for both to listen, on a machine that is busy, too.
        if cause == .timeout { defaults["execution_timeout"] = 15 }
        var tasks: [JSONValue] = [["id": "only", "operator": "shell", "command": .string(script)]]
        var dag: [String: JSONValue] = ["paused": false]
        if cause == .runTimeout { dag["dagrun_timeout"] = 15 }
        if cause == .failFast {
            dag["fail_fast"] = true
            let fails = "while [ ! -e go ]; do sleep 0.05; done; exit 1"
            tasks.append(["id": "fails", "operator": "shell", "command": .string(fails)])
        }
        dag["defaults"] = .object(defaults)
        dag["tasks"] = .array(tasks)
        return ["script": .object(dag)]
    }
}

extension FaultHome {
    /// Waits until a counter of signals listens, and gives its process.
    fileprivate func counter(_ name: String) async throws -> ProcessIdentity? {
        Int32(try await words(in: name).first ?? "").flatMap(ProcessIdentity.of)
    }

    /// What a counter has noted.
    fileprivate func signals(_ name: String) -> [String] {
        let text = (try? FileSystem.readText("\(path)/\(name)")) ?? ""
        return text.split(separator: "\n").dropFirst().map(String.init)
    }

    /// Has the script's task told to end, or waits until its time is over.
    fileprivate func tell(_ cause: OneSignalTests.Cause, _ scheduler: ChildProcess) async throws {
        let run = try await script()?.run.key.runID.rawValue ?? ""
        let command: [String]
        switch cause {
        case .timeout, .runTimeout: return
        case .markedFailed: command = ["tasks", "mark", "script", "only", run, "failed"]
        case .markedSuccess: command = ["tasks", "mark", "script", "only", run, "success"]
        case .runMarked: command = ["dags", "mark", "script", run, "failed"]
        case .clear: command = ["tasks", "clear", "script", "-t", "only", "--run-id", run, "--yes"]
        case .failFast: return try FileSystem.write([], to: "\(path)/go")
        case .stop: return scheduler.send(SIGTERM)
        }
        let finished = try await dagctl(command)
        #expect(finished.status == 0, "\(finished)")
    }
}
