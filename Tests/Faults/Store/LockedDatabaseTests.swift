import DagKitCore
import DagKitSQL
import DagKitSQLite
import DagKitStore
import DagKitSystem
import FoundationEssentials
import Glibc
import Testing

@Suite(.serialized) struct LockedDatabaseTests {
    @Test(
        .fault(
            .F17, "tasks go on and reads are answered; scheduling pauses with one line and goes on by itself",
            by: .really("another process holds the write lock longer than busy_timeout")))
    func `F17 a locked database pauses the scheduling and loses nothing`() async throws {
        let home = try FaultHome(
            ProofDAG.declaration(tasks: ["first": [], "last": ["first"]], isGated: true),
            settings: ["DAGKIT__DATABASE__BUSY_TIMEOUT": "1"])
        _ = try await home.dagctl("dags", "trigger", "proof")
        let scheduler = try home.startScheduler()
        #expect(try await home.taskBegins())

        let lock = try await home.holdWriteLock()
        try home.openGate()
        #expect(try await holds { home.schedulerLines().contains { $0.contains("scheduling pauses") } })
        let refused = try await home.dagctl("dags", "trigger", "proof")
        let read = try await home.dagctl("dags", "list-runs", "proof", "-o", "json")
        #expect(try await holds { try Proof(of: home).ended.map(\.task) == ["first"] })
        try await lock.release()

        #expect(refused.status == 75, "\(refused)")
        #expect(refused.errors.split(separator: "\n").count == 1)
        #expect(read.output.contains("running"), "\(read)")
        #expect(try await home.runsEnd(1))
        scheduler.send(SIGTERM)
        #expect(try await scheduler.wait().isSuccess)
        #expect(home.schedulerLines().count { $0.contains("scheduling pauses") } == 1)
        #expect(home.schedulerLines().count { $0.contains("scheduling goes on") } == 1)
        #expect(try await home.findings() == [])
    }

    @Test(
        .fault(
            .F17, "a scheduler with nothing to do says it once, however long it takes",
            by: .really("another process holds the write lock over several polls")))
    func `F17 a scheduler that only waits says it once`() async throws {
        let home = try FaultHome(
            settings: ["DAGKIT__DATABASE__BUSY_TIMEOUT": "0.05", "DAGKIT__SCHEDULER__POLL_INTERVAL": "0.1"])
        _ = try await home.dagctl("db", "migrate")
        let manager = try ManagerSocket("\(home.path)/notify.sock")
        let scheduler = try home.startScheduler(
            environment: ["NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "100000"])
        // It names its executable once that is known, some time after its start.
        #expect(try await holds { FileSystem.exists("\(home.path)/run/executable.sha256") })
        // From the start's, the first turn's and another heartbeat on, all that the start decides is stored.
        #expect(try await home.schedulerLooks(2))

        let lock = try await home.holdWriteLock()
        #expect(try await holds { home.schedulerLines().contains { $0.contains("cannot read the store") } })
        // It pings at every vain look.
        manager.passOver()
        for _ in 0..<20 { try await manager.expect("WATCHDOG=1") }
        try await lock.release()

        #expect(try await holds { home.schedulerLines().contains { $0.contains("can be read again") } })
        scheduler.send(SIGTERM)
        #expect(try await scheduler.wait().isSuccess)
        #expect(home.schedulerLines().count { $0.contains("cannot read the store") } == 1)
    }

    @Test(
        .fault(
            .F17, "a scheduler that is told to stop ends after its grace; what ran is kept for the next one",
            by: .really("another process holds the write lock until the scheduler has ended")))
    func `F17 a scheduler ends though the database stays locked`() async throws {
        let home = try FaultHome(
            ProofDAG.declaration(tasks: ["first": [], "last": ["first"]], isGated: true),
            settings: ["DAGKIT__DATABASE__BUSY_TIMEOUT": "0.2", "DAGKIT__SCHEDULER__STOP_GRACE": "1"])
        _ = try await home.dagctl("dags", "trigger", "proof")
        let scheduler = try home.startScheduler()
        #expect(try await home.taskBegins())

        let lock = try await home.holdWriteLock()
        try home.openGate()
        #expect(try await holds { home.schedulerLines().contains { $0.contains("scheduling pauses") } })
        scheduler.send(SIGTERM)
        let exit = try await scheduler.wait()
        try await lock.release()

        #expect(exit.reason == .exited(75), "\(home.schedulerLines())")
        #expect(home.schedulerLines().contains { $0.contains("kept for the next scheduler") })
        #expect(try await home.leftovers() == [])
        let next = try await home.dagctl("scheduler", "--once")
        #expect(next.status == 0, "\(next)")
        let begun = try Proof(of: home).begun.map(\.task)
        #expect(begun == ["first", "last"], "\(next)")
        #expect(try await home.findings() == [])
    }

    @Test(
        .fault(
            .F17, "a scheduler that was told to stop before ends, too, and loses no outcome",
            by: .really("another process takes the write lock while the tasks get their grace")))
    func `F17 a stop that the lock comes upon keeps what tasks reported`() async throws {
        let home = try FaultHome(
            ProofDAG.declaration(tasks: ["first": [], "last": ["first"]], isGated: true),
            settings: ["DAGKIT__DATABASE__BUSY_TIMEOUT": "0.2", "DAGKIT__SCHEDULER__STOP_GRACE": "8"])
        _ = try await home.dagctl("dags", "trigger", "proof")
        let scheduler = try home.startScheduler()
        #expect(try await home.taskBegins())

        scheduler.send(SIGTERM)
        #expect(try await holds { home.schedulerLines().contains { $0.contains("stopping: ") } })
        let lock = try await home.holdWriteLock()
        try home.openGate()
        let exit = try await home.end(of: scheduler)
        try await lock.release()

        #expect(exit?.reason == .exited(75), "\(home.schedulerLines())")
        #expect(try await home.leftovers() == [])
        let next = try await home.dagctl("scheduler", "--once")
        #expect(next.status == 0, "\(next)")
        #expect(try Proof(of: home).begun.map(\.task) == ["first", "last"], "\(next)")
        #expect(try await home.findings() == [])
    }

    @Test(
        .fault(
            .F17, "a scheduler that starts meanwhile ends with status 75 and one line",
            by: .really("another process holds the write lock")))
    func `F17 a scheduler does not start on a locked database`() async throws {
        let home = try FaultHome(settings: ["DAGKIT__DATABASE__BUSY_TIMEOUT": "0.2"])
        _ = try await home.dagctl("db", "migrate")

        let lock = try await home.holdWriteLock()
        let run = try await home.dagctl("scheduler", "--once")
        try await lock.release()

        #expect(run.status == 75, "\(run)")
        #expect(run.errors.contains("database is locked"))
        #expect(run.errors.split(separator: "\n").count == 1, "\(run)")
    }
}

/// The write lock of a database, held by a process of its own.
struct HeldLock {
    private let holder: ChildProcess
    private let gate: String

    fileprivate init(_ home: FaultHome) async throws {
        gate = "\(home.aside)/gate"
        let held = "\(home.aside)/held"
        let script = """
            exec 3< <(while [ ! -e '\(gate)' ]; do sleep 0.02; done)
            { echo 'begin exclusive; select 1;'; echo '.shell touch \(held)'; cat <&3; echo 'rollback;'; } \
                | sqlite3 -bail -cmd '.timeout 60000' '\(home.database)'
            """
        holder = try home.start(
            "/bin/bash", ["-c", script], output: "/dev/null", errors: "\(home.aside)/holder.err")
        guard try await holds(within: .seconds(60), { FileSystem.exists(held) }) else {
            throw SystemError.failed("lock", home.database, code: EBUSY)
        }
    }

    func release() async throws {
        try FileSystem.write([], to: gate, durable: false)
        _ = try await holder.wait()
    }
}

extension FaultHome {
    /// Takes the database's write lock, as a backup or a curious user may.
    func holdWriteLock() async throws -> HeldLock { try await HeldLock(self) }
}
