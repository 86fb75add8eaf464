import DagKitCore
import DagKitRuntime
import DagKitStore
import DagKitSystem
import Glibc
import Testing

/// Schedulers that are told to end, replaced, or started twice.
@Suite(.serialized, .timeLimit(.minutes(5))) struct SchedulerEndTests {
    private static let patient = "echo $$ >>begun; while [ ! -e go ]; do sleep 0.05; done"

    // MARK: Signals

    @Test(
        .fault(
            .F55, "nothing new starts, tasks end within the grace, all is recorded, exit status 0", by: .real),
        arguments: [SIGTERM, SIGINT])
    func `F55 a scheduler that is told to end lets its tasks end`(signal: Int32) async throws {
        let home = try FaultHome(ScriptDAG.declaration(Self.patient))
        _ = try await home.dagctl("dags", "trigger", "script")
        let scheduler = try home.startScheduler()
        _ = try await home.words(in: "begun")

        scheduler.send(signal)
        #expect(
            try await holds { home.schedulerLines().contains { $0.contains("stopping: 1 running attempts") } }
        )
        _ = try await home.dagctl("dags", "trigger", "script")
        try FileSystem.write([], to: "\(home.path)/go")

        #expect(try await home.end(of: scheduler)?.reason == .exited(0))
        #expect(try await home.words(in: "begun").count == 1)
        #expect(try await home.leftovers() == [])
        let states = try await home.withStore { store in
            try await store.runs(RunQuery(dagID: ScriptDAG.id)).map(\.state)
        }
        #expect(Set(states) == [.queued, .success])
    }

    @Test(
        .fault(
            .F55, "what does not end within the grace is ended and recorded, and nothing is left behind",
            by: .real))
    func `F55 tasks that outlive the grace are ended and recorded`() async throws {
        let home = try FaultHome(
            ScriptDAG.declaration("setsid sleep 600 & " + Self.patient),
            settings: ["DAGKIT__SCHEDULER__STOP_GRACE": "1"])
        _ = try await home.dagctl("dags", "trigger", "script")
        let scheduler = try home.startScheduler()
        _ = try await home.words(in: "begun")

        scheduler.send(SIGTERM)

        #expect(try await home.end(of: scheduler)?.reason == .exited(0))
        #expect(try await home.script()?.only.reason == "the scheduler was stopped")
        #expect(try await home.leftovers() == [])
        #expect(try FileSystem.names(in: "\(home.path)/attempts") == [])
    }

    @Test(
        .fault(.F55, "a second signal ends running tasks at once; they are recorded all the same", by: .real))
    func `F55 a second signal ends tasks at once`() async throws {
        let home = try FaultHome(
            ScriptDAG.declaration("trap '' TERM; " + Self.patient),
            settings: ["DAGKIT__SCHEDULER__STOP_GRACE": "600"])
        _ = try await home.dagctl("dags", "trigger", "script")
        let scheduler = try home.startScheduler()
        _ = try await home.words(in: "begun")
        scheduler.send(SIGINT)
        #expect(
            try await holds { home.schedulerLines().contains { $0.contains("stopping: 1 running attempts") } }
        )

        scheduler.send(SIGINT)

        #expect(try await home.end(of: scheduler)?.reason == .exited(130))
        #expect(try await home.script()?.only.reason == "the scheduler was stopped")
        #expect(try await home.leftovers() == [])
    }

    @Test(
        .fault(
            .F55, "SIGHUP reads dags.json again; a broken one leaves the last good version in force",
            by: .real))
    func `F55 SIGHUP reads dags json again`() async throws {
        let home = try FaultHome(ScriptDAG.declaration("echo one >word"))
        let scheduler = try home.startScheduler()
        #expect(try await home.schedulersStart())

        try home.write(ScriptDAG.declaration("echo two >word"))
        scheduler.send(SIGHUP)
        #expect(try await holds { home.schedulerLines().contains { $0.contains("dags read again") } })
        _ = try await home.dagctl("dags", "trigger", "script")

        #expect(try await home.words(in: "word") == ["two"])
        scheduler.send(SIGTERM)
        #expect(try await home.end(of: scheduler)?.isSuccess == true)
        #expect(try await home.leftovers() == [])
    }

    // MARK: Two schedulers

    @Test func `a scheduler whose words nobody reads goes on, and ends when it is told to`() async throws {
        let home = try FaultHome(ProofDAG.declaration(tasks: ["only": []]))
        for _ in 0..<3 { _ = try await home.dagctl("dags", "trigger", "proof") }

        // The pipe is full from the start.
        let unread = try await home.shell(
            """
            mkfifo pipe && exec 3<>pipe && head -c 65536 /dev/zero >&3
            timeout 180 "$DAGCTL" scheduler --once 2>&3
            """)

        #expect(unread.status == 0, "\(unread)")
        #expect(try await home.findings() == [])
    }

    @Test func `a program whose parent ignores the ends of its children hears of those of its tasks`()
        async throws
    {
        let home = try FaultHome(ProofDAG.declaration(tasks: ["only": []]))

        let tested = try await home.shell("trap '' CHLD; exec \"$DAGCTL\" dags test proof")

        #expect(tested.status == 0, "\(tested)")
    }

    @Test func `a scheduler that is to end once nothing is due leaves open what waits for somebody`()
        async throws
    {
        let home = try FaultHome(ProofDAG.declaration(tasks: ["only": []]))
        _ = try await home.dagctl("dags", "trigger", "proof", "--run-id", "held")
        _ = try await home.dagctl("dags", "pause", "proof")

        let once = try await home.shell("timeout 180 \"$DAGCTL\" scheduler --once")

        #expect(once.status == 0, "\(once)")
        #expect(once.errors.contains("left open: proof/held: dag proof is paused"), "\(once)")
    }

    @Test func `what a killed scheduler ran in its own process is ended before it runs again`() async throws {
        let home = try FaultHome(
            ScriptDAG.declaration(
                "exec 9>>only.lock; flock -n 9 || echo twice >>doubled; echo $$ >>begun; "
                    + "[ $(wc -l <begun) = 2 ] || sleep 600"),
            settings: ["DAGKIT__CORE__EXECUTOR": "SequentialExecutor"])
        _ = try await home.dagctl("dags", "trigger", "script")
        let killed = try home.startScheduler()
        _ = try await home.words(in: "begun")
        kill(killed.id, SIGKILL)
        _ = try await killed.wait()

        let next = try await home.dagctl("scheduler", "--once")

        #expect(next.status == 0, "\(next)")
        #expect(next.errors.contains("that the scheduler before this one has left"), "\(next)")
        #expect(try await home.words(in: "begun").count == 2)
        #expect(!FileSystem.exists("\(home.path)/doubled"))
        #expect(try await home.leftovers() == [])
    }

    @Test func `a test whose terminal is closed ends its tasks`() async throws {
        let home = try FaultHome(ScriptDAG.declaration("echo $$ >>begun; sleep 600"))
        let tested = try home.start(
            FaultHome.program("dagctl"), ["dags", "test", "script"], output: "\(home.aside)/test.out",
            errors: "\(home.aside)/test.err")
        _ = try await home.words(in: "begun")

        kill(tested.id, SIGHUP)

        let exit = try await home.end(of: tested)
        #expect(exit?.reason == .exited(143))
        #expect(try await home.leftovers() == [])
    }

    @Test(arguments: ["database.durability=ful", "core.executor=CeleryExecutor"])
    func `a scheduler does not take a word for another`(setting: String) async throws {
        let refused = try await FaultHome().dagctl("scheduler", "--once", "--set", setting)

        #expect(refused.status == 7, "\(refused)")
        #expect(refused.errors.contains("write one of "), "\(refused)")
        #expect(refused.errors.split(separator: "\n").count == 1, "\(refused)")
    }

    @Test func `a second scheduler refuses and names the first`() async throws {
        let home = try FaultHome()
        let first = try home.startScheduler()
        #expect(try await home.schedulersStart())

        let second = try await home.dagctl("scheduler")

        #expect(second.status == 75)
        let lines = second.errors.split(separator: "\n")
        #expect(lines.count == 1)
        #expect(
            lines.first?.hasPrefix(
                "dagctl: error: a scheduler works on this home already: pid \(first.id) since 2") == true)
        first.send(SIGTERM)
        #expect(try await home.end(of: first)?.isSuccess == true)
    }

    @Test func `a scheduler whose lock file was removed leaves its place to another`() async throws {
        let home = try FaultHome(
            ScriptDAG.declaration("echo $$ >begun; while [ ! -e open ]; do sleep 0.05; done"),
            settings: ["DAGKIT__SCHEDULER__POLL_INTERVAL": "0.2"])
        _ = try await home.dagctl("dags", "trigger", "script")
        let first = try home.startScheduler()
        _ = try await home.words(in: "begun")

        #expect(unlink("\(home.path)/run/scheduler.lock") == 0)

        #expect(try await home.end(of: first)?.reason == .exited(75))
        #expect(home.schedulerLines().count { $0.contains("scheduler.lock\" was removed") } == 1)
        let second = try home.startScheduler()
        try FileSystem.write([], to: "\(home.path)/open", durable: false)
        #expect(try await home.scriptEnds()?.state == .success)
        #expect(try await home.script()?.only.tryNumber == 1)
        second.send(SIGTERM)
        #expect(try await home.end(of: second)?.isSuccess == true)
    }

    @Test(arguments: [SIGKILL, SIGTERM])
    func `a standby takes the place of a scheduler that ends, at once`(signal: Int32) async throws {
        let home = try FaultHome(ScriptDAG.declaration(Self.patient))
        let first = try home.startScheduler()
        #expect(try await home.schedulersStart())
        let second = try home.startScheduler("--standby")
        #expect(
            try await holds {
                home.schedulerLines().contains {
                    $0.hasPrefix("standing by: a scheduler works on this home: pid \(first.id) ")
                }
            })
        // A reload is not meant for it.
        second.send(SIGHUP)
        _ = try await home.dagctl("dags", "trigger", "script")
        if signal == SIGKILL { _ = try await home.words(in: "begun") }

        first.send(signal)

        _ = try await home.words(in: "begun")
        try FileSystem.write([], to: "\(home.path)/go")
        #expect(try await home.scriptEnds()?.state == .success)
        #expect(try await home.words(in: "begun").count == 1)
        _ = try await first.wait()
        // Before that it hears no signal.
        #expect(try await home.schedulersStart(2))
        second.send(SIGTERM)
        #expect(try await home.end(of: second)?.isSuccess == true)
        #expect(try await home.leftovers() == [])
    }

    // MARK: Hand-over

    @Test func `who takes over goes before who stands by`() async throws {
        let home = try FaultHome()
        let first = try home.startScheduler()
        #expect(try await home.schedulersStart())
        let standby = try home.startScheduler("--standby")
        #expect(try await holds { home.schedulerLines().contains { $0.hasPrefix("standing by: ") } })

        let next = try home.startScheduler("--hand-over")

        #expect(try await home.end(of: first)?.isSuccess == true)
        // One that has the lock only hears signals once it works.
        #expect(try await home.schedulersStart(2))
        #expect(SchedulerDoor.process(of: home.path) == next.id)
        next.send(SIGTERM)
        #expect(try await home.end(of: next)?.isSuccess == true)
        #expect(try await home.schedulersStart(3))
        #expect(SchedulerDoor.process(of: home.path) == standby.id)
        standby.send(SIGTERM)
        #expect(try await home.end(of: standby)?.isSuccess == true)
    }

    @Test func `a scheduler that hands over leaves its tasks alone, and the next one has their outcomes`()
        async throws
    {
        let home = try FaultHome(ScriptDAG.declaration(Self.patient))
        _ = try await home.dagctl("dags", "trigger", "script")
        let first = try home.startScheduler()
        let task = try await home.words(in: "begun")
        let second = try home.startScheduler("--hand-over")

        #expect(try await home.end(of: first)?.reason == .exited(0))
        #expect(try await home.schedulersStart(2))
        #expect(ProcessIdentity.of(Int32(task[0]) ?? 0)?.isAlive == true)
        try FileSystem.write([], to: "\(home.path)/go")

        let ended = try await home.scriptEnds()
        #expect(ended?.state == .success)
        #expect(ended?.tryNumber == 1)
        #expect(try await home.words(in: "begun") == task)
        second.send(SIGTERM)
        #expect(try await home.end(of: second)?.isSuccess == true)
        #expect(try await home.leftovers() == [])
    }

    @Test func `SIGUSR2 ends a scheduler and not its tasks`() async throws {
        let home = try FaultHome(ScriptDAG.declaration(Self.patient))
        _ = try await home.dagctl("dags", "trigger", "script")
        let first = try home.startScheduler()
        let task = try await home.words(in: "begun")

        first.send(SIGUSR2)

        #expect(try await home.end(of: first)?.reason == .exited(0))
        #expect(home.schedulerLines().contains { $0.contains("handing over: 1 running attempts go on") })
        #expect(ProcessIdentity.of(Int32(task[0]) ?? 0)?.isAlive == true)
        try FileSystem.write([], to: "\(home.path)/go")
        let second = try await home.dagctl("scheduler", "--once")
        #expect(second.status == 0, "\(second)")
        #expect(try await home.script()?.only.state == .success)
        #expect(try await home.words(in: "begun") == task)
        #expect(try await home.leftovers() == [])
    }

    @Test func `a hand-over without a scheduler is a start, and one beside a standby is a contradiction`()
        async throws
    {
        let home = try FaultHome(ScriptDAG.declaration("true"))
        _ = try await home.dagctl("dags", "trigger", "script")

        let alone = try await home.dagctl("scheduler", "--once", "--hand-over")
        let both = try await home.dagctl("scheduler", "--standby", "--hand-over")

        #expect(alone.status == 0, "\(alone)")
        #expect(try await home.script()?.run.state == .success)
        #expect(both.status == 2)
    }

    // MARK: Service managers

    @Test func `a service manager hears of start, reload, life, hand-over and end`() async throws {
        let home = try FaultHome(ScriptDAG.declaration("env | grep -c -e NOTIFY -e WATCHDOG >leaked; true"))
        let manager = try ManagerSocket("\(home.path)/notify.sock")
        let environment = ["NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "2000000"]
        let first = try home.startScheduler(environment: environment)
        try await manager.expect("READY=1")
        try await manager.expect("WATCHDOG=1")
        try await manager.expect("WATCHDOG=1")

        first.send(SIGHUP)
        try await manager.expect("RELOADING=1", "MONOTONIC_USEC=")
        try await manager.expect("READY=1")
        _ = try await home.dagctl("dags", "trigger", "script")
        #expect(try await home.words(in: "leaked") == ["0"])

        let second = try home.startScheduler("--hand-over")
        try await manager.expect("MAINPID=\(second.id)")
        #expect(try await home.end(of: first)?.isSuccess == true)
        // The new one talks to the manager in the place of the old one.
        try await manager.expect("READY=1")
        try await manager.expect("WATCHDOG=1")
        second.send(SIGTERM)
        try await manager.expect("STOPPING=1")
        #expect(try await home.end(of: second)?.isSuccess == true)
    }
}
