import DagKitCore
import DagKitProviders
import DagKitStore
import DagKitSystem
import FoundationEssentials
import Glibc
import Testing

/// Tasks that end in strange ways, or do not want to end.
@Suite(.serialized, .timeLimit(.minutes(5))) struct TaskEndTests {
    @Test(.fault(.F46, "after the grace all its processes are killed, and then it has failed", by: .real))
    func `F46 a task that ignores SIGTERM is killed after the grace`() async throws {
        let home = try FaultHome(ScriptDAG.declaration(ScriptDAG.stubborn(), timeout: 1))

        try await home.expectTimeoutOfStubbornTask()
    }

    @Test(
        .fault(
            .F47, "none of them outlives the attempt, and the log says so",
            by: .really("daemons by setsid, by two forks, by nohup, and one that drops its environment, too")),
        arguments: [
            "setsid sleep 600 &", "( ( setsid sh -c 'trap \"\" TERM HUP; sleep 600' & ) & )",
            "nohup sleep 600 &", FaultHome.escape,
        ])
    func `F47 daemons end with their attempt`(daemon: String) async throws {
        let home = try FaultHome(
            ScriptDAG.declaration("\(daemon)\necho >begun; while [ ! -e go ]; do sleep 0.05; done"))
        _ = try await home.dagctl("dags", "trigger", "script")
        let scheduler = try home.startScheduler()
        _ = try await home.words(in: "begun")
        var daemons: [ProcessIdentity] = []
        _ = try await holds {
            daemons = home.processes(asking: "600")
            return !daemons.isEmpty
        }

        try FileSystem.write([], to: "\(home.path)/go")
        let survivors = try await home.survivors(of: daemons, at: .succeeded)

        #expect(!daemons.isEmpty)
        #expect(survivors == [])
        #expect(try await home.script()?.only.state == .success)
        scheduler.send(SIGTERM)
        #expect(try await home.end(of: scheduler)?.isSuccess == true)
        #expect(try await home.leftovers() == [])
        #expect(
            String(decoding: try home.scriptLog(), as: UTF8.self).contains("that the task had left behind"))
    }

    @Test func `a script that ends its own process group ends itself alone`() async throws {
        let home = try FaultHome(
            ScriptDAG.declaration("trap 'trap \"\" TERM; kill 0; wait' EXIT; sleep 600 & echo done"))
        _ = try await home.dagctl("dags", "trigger", "script")

        let scheduler = try await home.dagctl("scheduler", "--once")

        #expect(scheduler.status == 0, "\(scheduler)")
        #expect(try await home.script()?.only.state == .success)
        #expect(try await home.leftovers() == [])
    }

    @Test func `a task has the scheduler's mode of new files, and may tell its folder`() async throws {
        let home = try FaultHome(ScriptDAG.declaration("umask; echo \"in $PWD\""))
        _ = try await home.dagctl("dags", "trigger", "script")

        let scheduler = try await home.shell("umask 027; cd \"$DAGKIT_HOME\"; exec $DAGCTL scheduler --once")

        #expect(scheduler.status == 0, "\(scheduler)")
        let log = String(decoding: try home.scriptLog(), as: UTF8.self)
        #expect(log.contains("0027\n"))
        #expect(log.contains("in \(home.path)\n"))
    }

    @Test func `a worker that dies takes no process of another attempt with it`() async throws {
        let busy = "for i in $(seq 400); do /bin/true || { echo \"KILLED $?\"; exit 7; }; done"
        let dags = JSONValue.object([
            "script": [
                "paused": false, "defaults": ["retries": 0],
                "tasks": .array(
                    (1...4).map {
                        ["id": .string("busy\($0)"), "operator": "shell", "command": .string(busy)]
                    }
                        + (1...6).map {
                            [
                                "id": .string("dies\($0)"), "operator": "shell",
                                "command": .string("sleep 0.\($0); kill -9 $PPID"),
                            ]
                        }),
            ]
        ])
        let home = try FaultHome(dags)
        _ = try await home.dagctl("dags", "trigger", "script")

        let scheduler = try await home.dagctl("scheduler", "--once")

        #expect(scheduler.status == 0, "\(scheduler)")
        let states = try await home.withStore { store in
            let run = try #require(try await store.runs(RunQuery(dagID: ScriptDAG.id)).first)
            return try await store.taskInstances(of: run.key).map {
                "\($0.taskID) \($0.state?.rawValue ?? "none")"
            }
        }
        #expect(
            states.sorted() == (1...4).map { "busy\($0) success" } + (1...6).map { "dies\($0) failed" })
    }

    @Test func `a worker that is not needed any more takes no process of another attempt with it`()
        async throws
    {
        let busy =
            "while [ ! -e go ]; do /bin/true || { echo \"KILLED $?\"; exit 7; }; done; echo done"
        let tasks: [JSONValue] =
            (1...3).map { ["id": .string("busy\($0)"), "operator": "shell", "command": .string(busy)] }
            + (1...9).map {
                [
                    "id": .string("short\($0)"), "operator": "shell",
                    "command": "while [ ! -e enough ]; do sleep 0.05; done",
                ]
            }
        let home = try FaultHome([
            "script": ["paused": false, "defaults": ["retries": 0], "tasks": .array(tasks)]
        ])
        _ = try await home.dagctl("dags", "trigger", "script")
        let scheduler = try home.startScheduler()
        #expect(try await holds { home.processes(.worker).count >= 12 })

        try FileSystem.write([], to: "\(home.path)/enough")
        // Those that are idle beyond the few that are kept.
        let areEnded = try await holds { home.processes(.worker).count <= 8 }
        try FileSystem.write([], to: "\(home.path)/go")

        #expect(areEnded)
        #expect(try await home.scriptEnds() != nil)
        #expect(try await home.script()?.run.state == .success)
        scheduler.send(SIGTERM)
        #expect(try await home.end(of: scheduler)?.isSuccess == true)
    }

    @Test(
        .fault(.F49, "status and signal are told apart, and nobody waits for what holds the pipe", by: .real),
        arguments: [
            ("exit 99", TaskState.skipped, "status 99"), ("exit 255", .failed, "exit 255"),
            ("kill -TERM $$", .failed, "signal 15"), ("kill -SEGV $$", .failed, "signal 11"),
            ("setsid sleep 600 & exit 3", .failed, "exit 3"), ("yes & exit 4", .failed, "exit 4"),
        ])
    func `F49 a strange end is told as it was`(command: String, state: TaskState, reason: String) async throws
    {
        let home = try FaultHome(ScriptDAG.declaration(command))
        _ = try await home.dagctl("dags", "trigger", "script")

        let scheduler = try await home.dagctl("scheduler", "--once")

        let only = try await home.script()?.only
        #expect(scheduler.status == 0, "\(scheduler)")
        #expect(only?.state == state)
        #expect(only?.reason?.contains(reason) == true, "\(only?.reason ?? "no reason")")
        #expect(try await home.leftovers() == [])
    }

    @Test(
        .enabled(if: MemoryGroup.isPossible, "needs the right to make a memory control group"),
        .fault(
            .F50, "the attempt fails with the reason that it ran out of memory, and is tried again",
            by: .really("a memory control group of 512 MiB")))
    func `F50 a command that takes all memory fails for that reason`() async throws {
        let group = try MemoryGroup(limit: 512 << 20)
        let home = try FaultHome(
            ScriptDAG.declaration(
                "[ $DAGKIT_CTX_TRY_NUMBER = 2 ] || head -c 1000000000 /dev/zero | tail -n 1", retries: 1))
        _ = try await home.dagctl("dags", "trigger", "script")

        let scheduler = try await home.shell(
            "echo $$ >\(group.path)/cgroup.procs; exec $DAGCTL scheduler --once")

        let only = try await home.script()?.only
        let first = try await home.withStore { try await $0.history(of: #require(only?.key.run)).first }
        #expect(scheduler.status == 0, "\(scheduler)")
        #expect(first?.reason?.hasPrefix("out of memory: ") == true, "\(first?.reason ?? "no reason")")
        #expect(only?.state == .success)
        #expect(only?.tryNumber == 2)
        let log = String(decoding: try home.scriptLog(), as: UTF8.self)
        #expect(log.contains("failed: out of memory: "), "\(log)")
        #expect(try await home.leftovers() == [])
    }
}
