import DagKitCore
import DagKitRuntime
import DagKitSystem
import Glibc
import Testing

/// What a worker is between two attempts, and what it measures of them.
@Suite(.timeLimit(.minutes(5))) struct WorkerHygieneTests {
    @Test func `a worker gets its file mode back`() async throws {
        let home = try ExecutorHome()
        let own = umask(0o022)
        umask(own)
        try await home.withExecutor { executor, events in
            for attempt in 1...2 {
                await executor.dispatch([try home.order("mode", Int64(attempt))])
                #expect(await events.outcome()?.value == "\"\(own)\"")
            }
        }
    }

    @Test func `a worker whose limits a task has lowered runs nothing more`() async throws {
        let home = try ExecutorHome()
        try await home.withExecutor { executor, events in
            await executor.dispatch([try home.order("limits", 1)])
            let first = await events.outcome()
            await executor.dispatch([try home.order("limits", 2)])
            let second = await events.outcome()

            #expect(first?.failure == nil && second?.failure == nil)
            #expect(first?.value != second?.value)
            #expect(
                try home.log("limits").contains(
                    "the task changed resource limits; another process runs the next one"))
        }
    }

    @Test func `a worker is replaced after its number of attempts`() async throws {
        let home = try ExecutorHome { $0.attemptsPerWorker = 2 }
        try await home.withExecutor { executor, events in
            var processes: [String?] = []
            for attempt in 1...4 {
                await executor.dispatch([try home.order("process", Int64(attempt))])
                processes.append(await events.outcome()?.value)
            }

            #expect(processes[0] == processes[1] && processes[2] == processes[3])
            #expect(processes[1] != processes[2])
        }
    }

    @Test func `a signal between two attempts is meant for neither, one within ends the attempt`()
        async throws
    {
        let home = try ExecutorHome()
        try await home.withExecutor { executor, events in
            await executor.dispatch([try home.order("process", 1)])
            let worker = try #require(await events.outcome()?.processID)
            kill(Int32(worker), SIGTERM)
            await executor.dispatch([try home.order("process", 2)])
            #expect(await events.outcome()?.value == "\(worker)")

            await executor.dispatch([try home.order("wait", 3)])
            let waiting = try await home.process(of: 3)
            kill(waiting.id, SIGTERM)

            #expect(
                await events.outcome()?.failure == "retry: the task's process was told to end (signal 15)")
            #expect(try await comes { !waiting.isAlive })
        }
    }

    @Test func `the processes of a worker that hangs are asked to end without its answer`() async throws {
        let home = try ExecutorHome { $0.killGrace = .seconds(600) }
        try await home.withExecutor { executor, events in
            await executor.dispatch([try home.order("hang", 1)])
            let child = try await home.process(of: 1)

            await executor.kill(AttemptID(rawValue: 1), reason: "nobody wants it")
            let isAsked = try await comes { FileSystem.exists(home.file(1) + ".term") }
            for worker in try home.workers() { worker.send(SIGKILL) }

            #expect(isAsked)
            #expect(await events.outcome()?.failure == "end: nobody wants it")
            #expect(try await comes { !child.isAlive })
        }
    }

    @Test func `idle workers are few, and one stays warm`() async throws {
        let home = try ExecutorHome {
            $0.idleWorkers = 2
            $0.idleTime = .milliseconds(500)
        }
        try await home.withExecutor { executor, events in
            await executor.dispatch(try (1...5).map { try home.order("gate", $0) })
            for attempt in 1...5 { _ = try await home.process(of: Int64(attempt)) }
            #expect(try home.workers().count == 5)
            for attempt in 1...5 { try FileSystem.write([], to: home.file(Int64(attempt)) + ".open") }
            for _ in 1...5 { _ = await events.outcome() }

            #expect(try await comes { try home.workers().count <= 2 })
            #expect(try await comes { try home.workers().count == 1 })
        }
    }

    @Test func `supervisor and worker sleep while there is nothing to do`() async throws {
        let home = try ExecutorHome()
        try await home.withExecutor { executor, events in
            await executor.dispatch([try home.order("process", 1)])
            _ = await events.outcome()
            let processes = try [home.supervisor()] + home.workers()

            // Once they have come to rest: how long that takes is the machine's affair.
            var used: [Int] = []
            for _ in 1...20 {
                let before = try processes.map(ticks)
                try await BootTimeClock().sleep(for: .seconds(3))
                used = zip(try processes.map(ticks), before).map { $0 - $1 }
                if used.allSatisfy({ $0 <= 1 }) { break }
            }

            #expect(used.allSatisfy { $0 <= 1 }, "ticks of 10 ms in 3 s: \(used)")
        }
    }

    // MARK: Measurements

    @Test func `the peak of memory is that of the attempt, its programs among it`() async throws {
        let home = try ExecutorHome()
        try await home.withExecutor { executor, events in
            await executor.dispatch([try home.order("child_memory", 1)])
            let hungry = await events.outcome()
            await executor.dispatch([try home.order("process", 2)])
            let modest = await events.outcome()

            #expect((hungry?.usage?.peakMemory ?? 0) > 90_000_000)
            #expect((modest?.usage?.peakMemory ?? .max) < 90_000_000)
            #expect(hungry?.processID == modest?.processID)
        }
    }

    @Test func `what an attempt used is known though its process died, and nothing of the ones before`()
        async throws
    {
        let home = try ExecutorHome()
        try await home.withExecutor { executor, events in
            await executor.dispatch([try home.order("burn", 1)])
            let burnt = try #require(await events.outcome()?.usage)
            await executor.dispatch([try home.order("kill", 2)])
            let killed = try #require(await events.outcome()?.usage)
            await executor.dispatch([try home.order("burn_and_crash", 3)])
            let crashed = try #require(await events.outcome()?.usage)

            #expect(burnt.cpuSeconds > 0.05 && burnt.contextSwitches > 0)
            #expect(killed.cpuSeconds < burnt.cpuSeconds)
            #expect(crashed.cpuSeconds > 0.05 && crashed.peakMemory > 1_000_000)
        }
    }

    // MARK: Memory

    @Test func `a death for lack of memory is told from another death by signal 9`() async throws {
        let home = try ExecutorHome { $0.memoryEvents = FileSystem.parent(of: $0.folders.run) + "/file-1" }
        try await home.withExecutor { executor, events in
            await executor.dispatch([try home.order("starve", 1)])
            let starved = await events.outcome()?.failure
            await executor.dispatch([try home.order("kill", 2)])
            let killed = await events.outcome()?.failure

            #expect(
                starved == "retry: out of memory: the kernel ended the task's process (signal 9 (killed))")
            #expect(killed == "retry: the task's process ended with signal 9 (killed)")
        }
    }

    @Test func `a command that was killed for lack of memory is told from one that was killed otherwise`()
        async throws
    {
        let home = try ExecutorHome { $0.memoryEvents = FileSystem.parent(of: $0.folders.run) + "/file-1" }
        try await home.withExecutor { executor, events in
            var failures: [String?] = []
            // The second one finds the count as the first one left it.
            for number in 1...2 {
                await executor.dispatch([try home.order("starve_command", Int64(number))])
                failures.append(await events.outcome()?.failure)
            }

            let reason = "the command ended; wait"
            #expect(
                failures == [
                    "end: out of memory: the kernel ended a process of the task: \(reason)", "end: \(reason)",
                ])
        }
    }

    @Test(.enabled(if: MemoryGroup.isPossible, "needs the right to make a memory control group"))
    func `the kernel's own kill for lack of memory is seen`() async throws {
        let home = try ExecutorHome()
        let group = try MemoryGroup(limit: 96 << 20)
        let program = try home.script("echo $$ >\(group.path)/cgroup.procs")
        try await home.withExecutor(program: program) { executor, events in
            await executor.dispatch([try home.order("hoard", 1)])
            let failure = await events.outcome()?.failure ?? "none"

            #expect(failure.hasPrefix("retry: out of memory: "), "\(failure)")
        }
    }
}

/// A control group with little memory, where this process may make one; gone with its owner.
private final class MemoryGroup {
    let path: String
    private static let root = "/sys/fs/cgroup/memory"

    static var isPossible: Bool {
        access("\(root)/memory.limit_in_bytes", F_OK) == 0 && access(root, W_OK) == 0
    }

    init(limit: Int) throws {
        path = "\(Self.root)/dagkit-test-\(getpid())"
        try FileSystem.createFolder(path)
        for file in ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"]
        where FileSystem.exists("\(path)/\(file)") {
            try FileDescriptor.open("\(path)/\(file)", O_WRONLY).writeAll("\(limit)".utf8)
        }
    }

    deinit { rmdir(path) }
}
