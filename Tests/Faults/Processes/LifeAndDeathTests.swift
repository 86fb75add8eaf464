import DagKitCore
import DagKitStore
import DagKitSystem
import FoundationEssentials
import Glibc
import Testing

/// Schedulers, supervisors, workers and tasks that die or stop while the whole system runs.
@Suite(.serialized, .timeLimit(.minutes(5))) struct LifeAndDeathTests {
    @Test(
        .fault(
            .F4, "the task goes on, and the next scheduler takes over its outcome; no second attempt",
            by: .real))
    func `F4 a task outlives its scheduler, and the next one adopts it`() async throws {
        let home = try FaultHome(
            ScriptDAG.declaration("echo $$ >>begun; while [ ! -e go ]; do sleep 0.05; done", retries: 3))
        _ = try await home.dagctl("dags", "trigger", "script")
        let first = try home.startScheduler()
        let task = try await home.words(in: "begun")
        first.send(SIGKILL)
        _ = try await first.wait()

        let second = try home.startScheduler("--once")
        #expect(try await home.schedulersStart(2))
        try FileSystem.write([], to: "\(home.path)/go")

        let ended = try await home.scriptEnds()
        #expect(try await home.end(of: second)?.isSuccess == true)
        #expect(ended?.state == .success)
        #expect(ended?.tryNumber == 1)
        #expect(try await home.words(in: "begun") == task)
        #expect(try await home.leftovers() == [])
    }

    @Test(.fault(.F5, "the kept outcome is stored after the restart; the task does not run again", by: .real))
    func `F5 an outcome that no scheduler took waits for the next one`() async throws {
        let home = try FaultHome(
            ScriptDAG.declaration("echo $$ >>begun; while [ ! -e go ]; do sleep 0.05; done"))
        _ = try await home.dagctl("dags", "trigger", "script")
        let first = try home.startScheduler()
        _ = try await home.words(in: "begun")
        first.send(SIGKILL)
        _ = try await first.wait()
        try FileSystem.write([], to: "\(home.path)/go")
        #expect(
            try await holds {
                try FileSystem.names(in: "\(home.path)/attempts").contains { $0.hasSuffix(".outcome") }
            })
        for process in home.processes() { kill(process.id, SIGKILL) }

        let rest = try await home.dagctl("scheduler", "--once")

        let ended = try await home.scriptEnds()
        #expect(rest.status == 0, "\(rest)")
        #expect(ended?.state == .success)
        #expect(ended?.tryNumber == 1)
        #expect(try await home.words(in: "begun").count == 1)
        #expect(try FileSystem.names(in: "\(home.path)/attempts") == [])
    }

    @Test(
        .fault(
            .F6, "its tasks die with it, their attempts fail with that reason, and the retry rule applies",
            by: .real))
    func `F6 a supervisor takes its tasks with it, and they are tried again`() async throws {
        let home = try FaultHome(
            ScriptDAG.declaration(
                "echo $$ >>begun; [ $DAGKIT_CTX_TRY_NUMBER = 2 ] || exec sleep 600", retries: 1))
        _ = try await home.dagctl("dags", "trigger", "script")
        let scheduler = try home.startScheduler("--once")
        let task = try #require(ProcessIdentity.of(Int32(try await home.words(in: "begun")[0]) ?? 0))
        let supervisor = try #require(home.processes(.supervisor).first)

        kill(supervisor.id, SIGKILL)

        #expect(try await home.end(of: scheduler)?.isSuccess == true)
        let ended = try await home.scriptEnds()
        let first = try await home.withStore { store in
            try await store.history(of: #require(ended?.key.run)).first
        }
        #expect(ended?.state == .success)
        #expect(ended?.tryNumber == 2)
        #expect(first?.reason == "the supervisor of its worker was lost")
        #expect(!task.isAlive)
        #expect(try await home.leftovers() == [])
    }

    @Test(
        .fault(
            .F6,
            "what dropped its environment, its session and the attempt's lock dies with them, before the next try",
            by: .really("supervisor and worker are killed together")),
        arguments: ["exec 20>&-; exec env -i setsid sleep 600", "exec env -i setsid sleep 600"])
    func `F6 nothing that a task started outlives its supervisor and worker`(daemon: String) async throws {
        let home = try FaultHome(
            ScriptDAG.declaration(
                "[ $DAGKIT_CTX_TRY_NUMBER = 2 ] && exit; bash -c '\(daemon)' & echo $! >begun; sleep 600",
                retries: 1))
        _ = try await home.dagctl("dags", "trigger", "script")
        let scheduler = try home.startScheduler("--once")
        let process = try #require(ProcessIdentity.of(Int32(try await home.words(in: "begun")[0]) ?? 0))
        #expect(try await home.becomes("sleep", process))

        try await home.killOwners()

        #expect(try await home.end(of: scheduler)?.isSuccess == true)
        #expect(try await home.scriptEnds()?.tryNumber == 2)
        #expect(!process.isAlive)
        #expect(try await home.leftovers() == [])
    }

    @Test(
        .fault(.F7, "the attempt fails with the signal as its reason, and is tried again", by: .real),
        arguments: [true, false])
    func `F7 a task that is killed fails with the signal and is tried again`(isWorker: Bool) async throws {
        let home = try FaultHome(
            ScriptDAG.declaration("echo $$ >>begun; [ $DAGKIT_CTX_TRY_NUMBER = 2 ] || sleep 600", retries: 1))
        _ = try await home.dagctl("dags", "trigger", "script")
        let scheduler = try home.startScheduler("--once")
        let task = try #require(ProcessIdentity.of(Int32(try await home.words(in: "begun")[0]) ?? 0))
        let worker = try #require(
            home.processes(.worker).first { worker in
                try ProcessTree.descendants(of: worker.id).contains { $0.id == task.id }
            })

        (isWorker ? worker : task).send(SIGKILL)

        #expect(try await home.end(of: scheduler)?.isSuccess == true)
        let ended = try await home.scriptEnds()
        let first = try await home.withStore { try await $0.history(of: #require(ended?.key.run)).first }
        #expect(ended?.state == .success)
        #expect(first?.reason?.contains("signal 9") == true, "\(first?.reason ?? "no reason")")
        #expect(!task.isAlive)
        #expect(try await home.leftovers() == [])
    }

    @Test(
        .fault(.F8, "no second attempt while it lives; it goes on and is recorded once", by: .real),
        arguments: [FaultHome.Role.task, .worker, .supervisor])
    func `F8 what is stopped is not doubled, also by a restart`(role: FaultHome.Role) async throws {
        let home = try FaultHome(
            ScriptDAG.declaration("echo $$ >>begun; while [ ! -e go ]; do sleep 0.05; done", retries: 3),
            settings: ["DAGKIT__SCHEDULER__POLL_INTERVAL": "0.2"])
        _ = try await home.dagctl("dags", "trigger", "script")
        let first = try home.startScheduler()
        let task = try await home.words(in: "begun")
        let stopped =
            role == .task
            ? [ProcessIdentity.of(Int32(task[0]) ?? 0)].compactMap { $0 } : home.processes(role)
        for process in stopped { process.send(SIGSTOP) }
        first.send(SIGKILL)
        _ = try await first.wait()
        let second = try home.startScheduler("--once")
        try FileSystem.write([], to: "\(home.path)/go")
        // It has looked around for longer than a death may stay unknown.
        #expect(try await home.schedulerLooks(15))
        let begunMeanwhile = try await home.words(in: "begun")

        for process in stopped { process.send(SIGCONT) }

        #expect(try await home.end(of: second)?.isSuccess == true)
        let ended = try await home.scriptEnds()
        #expect(begunMeanwhile == task)
        #expect(ended?.state == .success)
        #expect(ended?.tryNumber == 1)
        #expect(try await home.words(in: "begun") == task)
        #expect(try await home.leftovers() == [])
    }

    @Test(.fault(.F8, "the next scheduler says so and works, and waits for its attempts alone", by: .real))
    func `F8 a stopped supervisor holds up no restart`() async throws {
        let script = "echo $$ >>begun; while [ ! -e go ]; do sleep 0.05; done"
        let home = try FaultHome(
            ScriptDAG.declaration(script, retries: 3).merging(ProofDAG.declaration(tasks: ["other": []])))
        _ = try await home.dagctl("dags", "trigger", "script")
        let first = try home.startScheduler()
        let task = try await home.words(in: "begun")
        let supervisor = try #require(home.processes(.supervisor).first)
        supervisor.send(SIGSTOP)
        first.send(SIGKILL)
        _ = try await first.wait()

        let second = try home.startScheduler()
        _ = try await home.dagctl("dags", "trigger", "proof")
        let worksMeanwhile = try await home.runsEnd(1)
        let state = try await home.script()?.only.state
        supervisor.send(SIGCONT)
        try FileSystem.write([], to: "\(home.path)/go")
        let ended = try await home.scriptEnds()
        second.send(SIGTERM)

        #expect(worksMeanwhile)
        #expect(state == .running)
        #expect(ended?.state == .success && ended?.tryNumber == 1)
        #expect(try await home.words(in: "begun") == task)
        #expect(home.schedulerLines().contains { $0.contains("kill -CONT \(supervisor.id)") })
        #expect(try await home.end(of: second)?.isSuccess == true)
        #expect(try await home.leftovers() == [])
    }

    @Test(
        .fault(
            .F8, "a timeout ends it: it goes on and is asked to end, killed after the grace, and then failed",
            by: .real))
    func `F8 a stopped task is ended by its timeout alone`() async throws {
        let task = ScriptDAG.stubborn(after: "kill -STOP $$")
        let home = try FaultHome(ScriptDAG.declaration(task, timeout: 2))

        try await home.expectTimeoutOfStubbornTask()
    }

    @Test(.fault(.F9, "nobody takes its place while it lives; it goes on where it was", by: .real))
    func `F9 a stopped scheduler keeps its place and goes on`() async throws {
        let home = try FaultHome(
            ScriptDAG.declaration("echo $$ >>begun; while [ ! -e go ]; do sleep 0.05; done"))
        _ = try await home.dagctl("dags", "trigger", "script")
        let first = try home.startScheduler()
        _ = try await home.words(in: "begun")
        first.send(SIGSTOP)
        try FileSystem.write([], to: "\(home.path)/go")

        let second = try await home.dagctl("scheduler", "--once")
        first.send(SIGCONT)
        let ended = try await home.scriptEnds()
        first.send(SIGTERM)

        #expect(second.status == 75, "\(second)")
        #expect(try await home.end(of: first)?.isSuccess == true)
        #expect(ended?.state == .success)
        #expect(try await home.words(in: "begun").count == 1)
        #expect(try await home.leftovers() == [])
    }

    @Test(
        .fault(
            .F9,
            "what it did not see counts: it stores nothing over it, and catches up on its schedules once",
            by: .really(
                "`tasks mark` while it is stopped, the success of that task, and a schedule of a second")))
    func `F9 a stopped scheduler that goes on takes what was stored meanwhile`() async throws {
        let home = try FaultHome(
            ScriptDAG.declaration("echo $$ >begun; while [ ! -e go ]; do sleep 0.05; done; echo >through")
                .merging([
                    "beat": [
                        "paused": false, "schedule": "* * * * * *", "start_date": "2026-01-01",
                        "tasks": [["id": "tick", "command": "true"]],
                    ]
                ]))
        _ = try await home.dagctl("dags", "trigger", "script")
        let scheduler = try home.startScheduler()
        _ = try await home.words(in: "begun")
        let run = try #require(try await home.script()?.run.key)
        #expect(try await holds { try await !home.beats().isEmpty })
        scheduler.send(SIGSTOP)
        let stopped = Date()

        let mark = try await home.dagctl("tasks", "mark", "script", "only", run.runID.rawValue, "failed")
        try FileSystem.write([], to: "\(home.path)/go")
        #expect(try await holds { FileSystem.exists("\(home.path)/through") && Date() > stopped + 4 })
        let resumed = Date()
        scheduler.send(SIGCONT)

        let ended = try await home.scriptEnds()
        #expect(try await holds { try await home.beats().contains { $0 > resumed } })
        scheduler.send(SIGTERM)
        #expect(try await home.end(of: scheduler)?.isSuccess == true)
        #expect(mark.status == 0, "\(mark)")
        #expect(ended?.state == .failed)
        #expect(ended?.reason?.hasPrefix("marked failed by ") == true)
        #expect(try await home.scriptEvents().suffix(3) == [.running, .endRequested, .failed])
        // An interval is due once it is over: of the four that were missed the one that was planned is run, and the latest.
        #expect(try await home.beats().count { $0 + 1 > stopped && $0 + 1 <= resumed } <= 2)
        #expect(try await home.leftovers() == [])
    }

    @Test(
        .fault(
            .F56, "a lock file that names the process id of another does not have that one killed",
            by: .standIn(
                "the files that a dead attempt left behind, with the id of a process that has nothing to do with it"
            )))
    func `F56 a reused process id is not taken for an attempt`() async throws {
        let home = try FaultHome(ScriptDAG.declaration("echo $$ >begun; exec sleep 600", retries: 1))
        _ = try await home.dagctl("dags", "trigger", "script")
        let first = try home.startScheduler()
        _ = try await home.words(in: "begun")
        for process in home.processes() { kill(process.id, SIGKILL) }
        _ = try await first.wait()
        let bystander = try ChildProcess.start(Command("/bin/sleep", ["600"]))
        defer { bystander.send(SIGKILL) }
        let folder = "\(home.path)/attempts"
        let lock = try #require(try FileSystem.names(in: folder).first { $0.hasSuffix(".lock") })
        var note = try FileSystem.readText("\(folder)/\(lock)").split(separator: "\n").map(String.init)
        note[0] = "pid \(bystander.id) since 2026-01-01T00:00:00Z"
        note[1] = note[1].split(separator: "\t").dropLast().joined(separator: "\t") + "\t\(bystander.id)"
        try FileSystem.write(Array((note.joined(separator: "\n") + "\n").utf8), to: "\(folder)/\(lock)")
        try home.write(ScriptDAG.declaration("true", retries: 1))

        let rest = try await home.dagctl("scheduler", "--once")

        #expect(rest.status == 0, "\(rest)")
        #expect(try await home.script()?.run.state == .success)
        #expect(try await home.script()?.only.tryNumber == 2)
        #expect(try bystander.poll() == nil)
        bystander.send(SIGKILL)
        _ = try await bystander.wait()
    }
}

extension FaultHome {
    /// The logical dates of the runs of the DAG `beat`.
    fileprivate func beats() async throws -> [Date] {
        try await withStore {
            try await $0.runs(RunQuery(dagID: "beat", limit: 1_000)).compactMap(\.logicalDate)
        }
    }
}
