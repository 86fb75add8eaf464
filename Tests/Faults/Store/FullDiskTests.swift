import DagKitCore
import DagKitSystem
import FoundationEssentials
import Glibc
import Testing

@Suite(.serialized) struct FullDiskTests {
    @Test(
        .fault(
            .F20,
            "running tasks go on, scheduling pauses with one line, what was acknowledged stays; all goes on with the space",
            by: .standIn("a tmpfs of 4 MB, filled while a task runs")),
        .enabled(if: SmallDisk.isPermitted, "needs the right to mount a small file system"))
    func `F20 a full disk pauses the scheduling and loses nothing`() async throws {
        let disk = try SmallDisk(megabytes: 4)
        let home = try FaultHome(
            ProofDAG.declaration(tasks: ["first": [], "last": ["first"]], isGated: true), on: disk.path)
        let first = try await home.dagctl("dags", "trigger", "proof")
        let scheduler = try home.startScheduler()
        #expect(try await home.taskBegins())

        try disk.fill()
        let refused = try await home.dagctl("dags", "trigger", "proof")
        try home.openGate()
        let pauses = try await holds { home.schedulerLines().contains { $0.contains("scheduling pauses") } }
        #expect(try await holds { try Proof(of: home).ended.map(\.task) == ["first"] })
        try disk.free()

        #expect(first.status == 0, "\(first)")
        #expect(refused.status == 5 && refused.errors.contains("free disk space"), "\(refused)")
        #expect(pauses)
        #expect(try await home.runsEnd(1))
        scheduler.send(SIGTERM)
        #expect(try await scheduler.wait().isSuccess)
        #expect(home.schedulerLines().count { $0.contains("scheduling pauses") } == 1)
        #expect(try await home.findings() == [])
        #expect(try await home.leftovers() == [])
    }

    @Test(
        .fault(
            .F20,
            "what runs goes on, and its log tells how much of it is lost; nothing new starts until there is space again",
            by: .standIn("a tmpfs of 4 MB for the logs alone, filled while a task prints")),
        .enabled(if: SmallDisk.isPermitted, "needs the right to mount a small file system"))
    func `F20 a full disk of logs costs lines and delays what is due`() async throws {
        let disk = try SmallDisk(megabytes: 4)
        let logs = "\(disk.path)/logs"
        let home = try FaultHome(
            ScriptDAG.declaration(
                """
                echo first; echo >begun
                while [ ! -e full ]; do sleep 0.05; done
                seq -f 'lost %0100g' 1 10000; echo >printed
                while [ ! -e go ]; do sleep 0.05; done
                echo last
                """
            )
            .merging(ProofDAG.declaration(tasks: ["only": []])),
            settings: ["DAGKIT__LOGGING__BASE_LOG_FOLDER": logs])
        _ = try await home.dagctl("dags", "trigger", "script")
        let scheduler = try home.startScheduler()
        _ = try await home.words(in: "begun")
        // What a task prints is written a moment later.
        #expect(try await holds { try home.scriptText(under: logs).contains("INFO - first") })

        try disk.fill()
        try FileSystem.write([], to: "\(home.path)/full")
        let due = try await home.dagctl("dags", "trigger", "proof")
        _ = try await home.words(in: "printed")
        let waits = try await holds {
            home.schedulerLines().contains { $0.contains("wait until the system has room") }
        }
        let begun = try Proof(of: home).begun
        try disk.free()
        try FileSystem.write([], to: "\(home.path)/go")

        #expect(due.status == 0, "\(due)")
        #expect(waits)
        #expect(begun.isEmpty)
        #expect(try await home.scriptEnds()?.state == .success)
        #expect(try await home.runsEnd(1))
        scheduler.send(SIGTERM)
        #expect(try await scheduler.wait().isSuccess)
        let log = try home.scriptText(under: logs)
        #expect(log.contains("INFO - first") && log.contains("INFO - last"), "\(log.suffix(500))")
        #expect(log.contains("bytes of the log are lost: they could not be written"), "\(log.suffix(500))")
        // What the pipes hold, of a megabyte, may be read when there is space again.
        #expect(log.count < 1_000_000)
        #expect(home.schedulerLines().count { $0.contains("wait until the system has room") } == 1)
        #expect(try await home.findings() == [])
        #expect(try await home.leftovers() == [])
    }

    @Test(
        .fault(
            .F21, "what runs goes on, what is due waits with one line and starts once there are inodes again",
            by: .standIn("a tmpfs of 200 inodes, all taken while a task runs")),
        .enabled(if: SmallDisk.isPermitted, "needs the right to mount a small file system"))
    func `F21 a disk without inodes delays what is due and loses nothing`() async throws {
        let disk = try SmallDisk(megabytes: 16, inodes: 200)
        let home = try FaultHome(
            ProofDAG.declaration(tasks: ["first": [], "last": ["first"]], isGated: true), on: disk.path)
        _ = try await home.dagctl("dags", "trigger", "proof")
        let scheduler = try home.startScheduler()
        #expect(try await home.taskBegins())

        let taken = try disk.takeInodes()
        try home.openGate()
        let waits = try await holds {
            home.schedulerLines().contains { $0.contains("wait until the system has room") }
        }
        #expect(try Proof(of: home).ended.map(\.task) == ["first"])
        #expect(try Proof(of: home).begun.map(\.task) == ["first"])
        try disk.giveBack(taken)

        #expect(taken > 0)
        #expect(waits)
        #expect(try await home.runsEnd(1))
        scheduler.send(SIGTERM)
        #expect(try await scheduler.wait().isSuccess)
        #expect(home.schedulerLines().count { $0.contains("wait until the system has room") } == 1)
        #expect(try await home.findings() == [])
        #expect(try await home.leftovers() == [])
    }
}
