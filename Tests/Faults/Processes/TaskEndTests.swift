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
        let home = try FaultHome(
            ScriptDAG.declaration("trap '' TERM; echo $$ >begun; while :; do sleep 0.1; done", timeout: 1))
        _ = try await home.dagctl("dags", "trigger", "script")

        let scheduler = try await home.dagctl("scheduler", "--once")

        let task = Int32(try await home.words(in: "begun")[0]) ?? 0
        #expect(scheduler.status == 0, "\(scheduler)")
        #expect(try await home.script()?.only.state == .failed)
        #expect(try await home.script()?.only.reason?.contains("longer than its timeout") == true)
        #expect(ProcessIdentity.of(task)?.isAlive != true)
        #expect(try await home.leftovers() == [])
    }

    @Test(
        .fault(.F47, "none of them outlives the attempt, and the log says so", by: .real),
        arguments: [
            "setsid sleep 600 &", "( ( setsid sh -c 'trap \"\" TERM HUP; sleep 600' & ) & )",
            "nohup sleep 600 &",
        ])
    func `F47 daemons end with their attempt`(daemon: String) async throws {
        let home = try FaultHome(ScriptDAG.declaration("\(daemon)\nsleep 0.2; echo done"))
        _ = try await home.dagctl("dags", "trigger", "script")

        let scheduler = try await home.dagctl("scheduler", "--once")

        #expect(scheduler.status == 0, "\(scheduler)")
        #expect(try await home.script()?.only.state == .success)
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

    @Test(.fault(.F48, "it is killed, stays failed, and what it reports late is refused", by: .real))
    func `F48 a task that is marked failed while it runs is killed and stays failed`() async throws {
        let home = try FaultHome(
            ScriptDAG.declaration("echo $$ >begun; trap 'exit 0' TERM; sleep 600 & wait"))
        _ = try await home.dagctl("dags", "trigger", "script")
        let scheduler = try home.startScheduler()
        let task = try #require(ProcessIdentity.of(Int32(try await home.words(in: "begun")[0]) ?? 0))

        try await home.markFailed()

        #expect(try await holds { !task.isAlive })
        scheduler.send(SIGTERM)
        #expect(try await home.end(of: scheduler)?.isSuccess == true)
        let script = try await home.script()
        #expect(script?.only.state == .failed)
        #expect(script?.only.reason == "marked by ada")
        #expect(script?.run.state == .failed)
        #expect(
            String(decoding: try home.scriptLog(), as: UTF8.self).contains(
                "ending: its task was ended by somebody else"))
        #expect(try await home.leftovers() == [])
    }

    @Test(.fault(.F48, "the next scheduler kills what runs without being wanted", by: .real))
    func `F48 a task that is marked failed while no scheduler runs is killed by the next`() async throws {
        let home = try FaultHome(ScriptDAG.declaration("echo $$ >begun; exec sleep 600"))
        _ = try await home.dagctl("dags", "trigger", "script")
        let first = try home.startScheduler()
        let task = try #require(ProcessIdentity.of(Int32(try await home.words(in: "begun")[0]) ?? 0))
        first.send(SIGKILL)
        _ = try await first.wait()

        try await home.markFailed()
        let second = try home.startScheduler()

        #expect(try await holds { !task.isAlive })
        second.send(SIGTERM)
        #expect(try await home.end(of: second)?.isSuccess == true)
        #expect(try await home.script()?.only.reason == "marked by ada")
        #expect(try await home.leftovers() == [])
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
            .F50, "the command fails, and the log says that the kernel ended it for lack of memory",
            by: .really("a memory control group of 128 MiB")))
    func `F50 a command that takes all memory fails for that reason`() async throws {
        let group = try MemoryGroup(limit: 128 << 20)
        try group.shrink()
        let home = try FaultHome(ScriptDAG.declaration("head -c 500000000 /dev/zero | tail -n 1"))
        _ = try await home.dagctl("dags", "trigger", "script")

        let scheduler = try await home.shell(
            "echo $$ >\(group.path)/cgroup.procs; exec $DAGCTL scheduler --once")

        let log = String(decoding: try home.scriptLog(), as: UTF8.self)
        #expect(scheduler.status == 0, "\(scheduler)")
        #expect(try await home.script()?.only.state == .failed)
        #expect(log.contains("the kernel ended 1 processes for lack of memory while tasks ran"), "\(log)")
        #expect(try await home.leftovers() == [])
    }
}

/// A control group with little memory, where this process may make one; gone with its owner.
private final class MemoryGroup {
    let path: String
    private let limit: Int
    private static let root = "/sys/fs/cgroup/memory"

    static var isPossible: Bool {
        access("\(root)/memory.limit_in_bytes", F_OK) == 0 && access(root, W_OK) == 0
    }

    init(limit: Int) throws {
        path = "\(Self.root)/dagkit-fault-\(getpid())"
        self.limit = limit
        try FileSystem.createFolder(path)
    }

    deinit { rmdir(path) }

    /// Puts the limit into force: whoever has more is killed.
    func shrink() throws {
        try FileDescriptor.open("\(path)/memory.limit_in_bytes", O_WRONLY).writeAll("\(limit)".utf8)
    }
}

extension FaultHome {
    /// Marks the script's task as failed, as a user does beside the scheduler.
    func markFailed() async throws {
        try await withStore { store in
            for run in try await store.runs(RunQuery(dagID: ScriptDAG.id)) {
                guard let snapshot = try await store.snapshot(of: run.key),
                    let only = snapshot.instances.first,
                    let attempt = only.attemptID
                else { continue }
                let text = try FileSystem.readText(dagsFile)
                let bag = DAGBag(
                    compiled: [], file: DAGsFile(parsing: text, file: "dags.json", registry: .standard))
                guard let spec = bag.specs.first(where: { $0.id == ScriptDAG.id }) else { continue }
                var machine = RunMachine(snapshot, of: spec, at: Date().roundedToMicroseconds)
                let now = Date().roundedToMicroseconds
                _ = machine.advance(
                    .finished(
                        AttemptOutcome(
                            attemptID: attempt, key: only.key, tryNumber: only.tryNumber,
                            verdict: .failed(reason: "marked by ada", isRetryable: false, retryDelay: nil),
                            startedAt: only.startDate ?? now, endedAt: now)),
                    at: now)
                guard var batch = machine.takeBatch() else { continue }
                for index in batch.events.indices { batch.events[index].actor = "ada" }
                let result = try await store.commit([batch], durability: .full)
                #expect(result.conflicts.isEmpty)
            }
        }
    }
}
