import DagKitCore
import DagKitRuntime
import DagKitSystem
import Glibc
import Testing

/// Each test has a supervisor and workers of its own: real processes of the program `dagkit-test-worker`.
@Suite(.timeLimit(.minutes(5))) struct LocalExecutorTests {
    @Test func `a task's value, log and measurements come back`() async throws {
        let home = try ExecutorHome()
        let outcome = try await home.run("hello")

        #expect(outcome.value == #""hello 1""#)
        #expect((outcome.usage?.peakMemory ?? 0) > 1_000_000)
        #expect(outcome.processID != Int(getpid()))
        #expect(outcome.hostname == CurrentProcess.hostName)
        let lines = try home.log("hello").split(separator: "\n").map {
            $0.drop(while: { $0 != "{" && $0 != "s" })
        }
        #expect(lines.contains("second"))
        #expect(lines.contains { $0.hasPrefix("{WorkerDAG.swift:") && $0.hasSuffix("} INFO - first") })
        #expect(lines.contains("{stdout:1} INFO - printed"))
        #expect(lines.last?.contains(" INFO - success (") == true)
    }

    @Test func `what a task pushes travels with its outcome`() async throws {
        let outcome = try await ExecutorHome().run("push")

        #expect(outcome.pushed.map(\.key) == ["answer"])
        #expect(outcome.pushed.first?.output.json == "42")
    }

    @Test func `what a task tells of itself and of its assets travels with its outcome`() async throws {
        let outcome = try await ExecutorHome().run("tell")

        #expect(outcome.mapName == "the name")
        #expect(outcome.pokeCount == 7)
        #expect(outcome.assetExtras == [Asset("prices").uri: ["rows": 12]])
    }

    @Test func `failures and skips keep their kind`() async throws {
        let home = try ExecutorHome()

        #expect(try await home.run("fail").failure == #"end: the "market" is closed; wait"#)
        #expect(try await home.run("skip").verdict == .skipped(reason: "nothing to do"))
    }

    @Test func `a worker is used again, and given back to itself in between`() async throws {
        let home = try ExecutorHome()
        try await home.withExecutor { executor, events in
            await executor.dispatch([try home.order("litter", 1)])
            let first = await events.outcome()
            await executor.dispatch([try home.order("litter", 2)])
            let second = await events.outcome()

            #expect(first?.processID == second?.processID)
            #expect(first?.value == #""true true""#)
            #expect(second?.value == #""true true""#)
        }
    }

    @Test func `a worker that leaks is replaced`() async throws {
        let home = try ExecutorHome()
        try await home.withExecutor { executor, events in
            var processes: [String?] = []
            for attempt in 1...4 {
                await executor.dispatch([try home.order(attempt == 2 ? "leak" : "process", Int64(attempt))])
                processes.append(await events.outcome()?.value)
            }

            #expect(processes[0] == processes[1])
            #expect(processes[1] != processes[2])
            #expect(processes[2] == processes[3])
        }
    }

    @Test func `attempts run side by side, each in a process of its own`() async throws {
        let home = try ExecutorHome()
        try await home.withExecutor { executor, events in
            await executor.dispatch(try (1...3).map { try home.order("gate", $0) })
            var processes: Set<ProcessIdentity> = []
            for attempt in 1...3 { processes.insert(try await home.process(of: Int64(attempt))) }
            for attempt in 1...3 { try FileSystem.write([], to: home.file(Int64(attempt)) + ".open") }

            #expect(processes.count == 3)
            for _ in 1...3 { #expect(await events.outcome()?.value == #""through""#) }
        }
    }

    @Test(arguments: [
        ("crash", "signal 4 (illegal instruction): "), ("exit", "exit 3"), ("kill", "signal 9 (killed)"),
        ("precondition", "signal 4 (illegal instruction): "),
    ])
    func `a process that dies is a failed attempt with its reason, and the next attempt runs`(
        task: String, reason: String
    ) async throws {
        let home = try ExecutorHome()
        try await home.withExecutor { executor, events in
            await executor.dispatch([try home.order(TaskID(task), 1)])
            let failure = try #require(await events.outcome()?.failure)
            await executor.dispatch([try home.order("process", 2)])

            #expect(failure.hasPrefix("retry: the task's process ended with \(reason)"))
            #expect(task != "crash" || failure.contains("Fatal error: Index out of range"))
            #expect(task != "precondition" || failure.contains("Precondition failed: a worker has arguments"))
            #expect(await events.outcome()?.value != nil)
        }
        #expect(try task != "crash" || home.log("crash").contains("INFO - before"))
    }

    @Test func `a task that outlives its timeout is ended and may be tried again`() async throws {
        let home = try ExecutorHome()

        let outcome = try await home.run("wait", timeout: .milliseconds(100))

        #expect(
            outcome.failure?.hasPrefix("retry: the task ran longer than its timeout of 0.1 seconds") == true)
    }

    @Test func `a timeout reaches a task and processes that hear no signal`() async throws {
        let home = try ExecutorHome()
        try await home.withExecutor { executor, events in
            await executor.dispatch([try home.order("stubborn", 1, timeout: .seconds(2))])
            let process = try await home.process(of: 1)
            let descendants = try ProcessTree.descendants(of: process.id)

            let outcome = await events.outcome()

            #expect(!descendants.isEmpty)
            #expect(outcome?.failure?.contains("timeout") == true)
            #expect(([process] + descendants).filter(\.isAlive).isEmpty)
        }
    }

    @Test func `a killed attempt is dead when its outcome comes`() async throws {
        let home = try ExecutorHome()
        try await home.withExecutor { executor, events in
            await executor.dispatch([try home.order("stubborn", 1)])
            let process = try await home.process(of: 1)
            let descendants = try ProcessTree.descendants(of: process.id)

            await executor.kill(AttemptID(rawValue: 1), reason: "marked failed by ada")
            let outcome = await events.outcome()

            #expect(outcome?.failure == "end: marked failed by ada")
            #expect(([process] + descendants).filter(\.isAlive).isEmpty)
        }
    }

    @Test func `what a task leaves running is ended with it`() async throws {
        let home = try ExecutorHome()
        let outcome = try await home.run("daemon")

        let daemon = try #require(Int32(try FileSystem.readText(home.file(1)).prefix { $0 != "\n" }))
        #expect(outcome.failure == nil)
        #expect(ProcessIdentity.of(daemon)?.isAlive != true)
        #expect(try home.log("daemon").contains("processes that the task had left behind"))
    }

    @Test func `secrets that a task reads are masked in its log and outcome`() async throws {
        let home = try ExecutorHome()

        let outcome = try await home.run("secret")

        let log = try home.log("secret")
        #expect(!log.contains("hunter2"))
        #expect(!log.contains("aHVudGVyMi1odW50ZXIy"))
        #expect(log.contains("{stdout:1} INFO - ***\n"))
        #expect(log.contains("the password is ***"))
        #expect(outcome.failure == "retry: log-in with *** failed; look")
    }

    @Test func `another structure of the DAG is refused and reported`() async throws {
        let home = try ExecutorHome()
        try await home.withExecutor { executor, events in
            await executor.dispatch([try home.order("hello", 1, structureHash: "0123456789")])

            let failure = await events.outcome()?.failure

            #expect(failure?.hasPrefix(#"end: dag "worker_dag" has structure"#) == true)
        }
    }

    @Test func `a stop lets attempts end, and ends those that do not`() async throws {
        let home = try ExecutorHome()
        let executor = home.executor()
        var events = ExecutorEvents(try await executor.start())
        await executor.dispatch([try home.order("gate", 1), try home.order("wait", 2)])
        _ = try await home.process(of: 1)
        let waiting = try await home.process(of: 2)
        let supervisor = try home.supervisor()
        let stopping = Task { await executor.stop(grace: .seconds(3)) }
        try FileSystem.write([], to: home.file(1) + ".open")

        var verdicts: [Int64: String] = [:]
        while let outcome = await events.outcome() {
            verdicts[outcome.attemptID.rawValue] = outcome.failure ?? outcome.value
            await executor.acknowledge([outcome.attemptID])
        }
        await stopping.value

        #expect(verdicts == [1: #""through""#, 2: "retry: the scheduler was stopped"])
        #expect(!waiting.isAlive)
        #expect(!supervisor.isAlive)
        #expect(try FileSystem.names(in: "\(home.path)/attempts").isEmpty)
        #expect(try FileSystem.names(in: "\(home.path)/run").isEmpty)
    }

    // MARK: Losses

    @Test func `the next scheduler adopts what runs and gets its outcome`() async throws {
        let home = try ExecutorHome()
        let process = try await home.leaveRunning("gate").worker

        let second = home.executor()
        var events = ExecutorEvents(try await second.start())
        let adopted = await events.adopted()
        try FileSystem.write([], to: home.file(1) + ".open")
        let outcome = await events.outcome()

        #expect(adopted == [AttemptID(rawValue: 1)])
        #expect(outcome?.value == #""through""#)
        #expect(outcome?.processID == Int(process.id))
        await second.acknowledge([AttemptID(rawValue: 1)])
        await second.stop(grace: .zero)
    }

    @Test func `an outcome that nobody took is kept, also when the supervisor has ended`() async throws {
        let home = try ExecutorHome { $0.linger = .zero }
        let supervisor = try await home.leaveRunning("gate").supervisor
        try FileSystem.write([], to: home.file(1) + ".open")
        #expect(try await supervisor.waitForEnd())

        let second = home.executor()
        var events = ExecutorEvents(try await second.start())
        let outcome = await events.outcome()
        let adopted = await events.adopted()

        #expect(outcome?.value == #""through""#)
        #expect(adopted == [])
        await second.acknowledge([AttemptID(rawValue: 1)])
        #expect(try FileSystem.names(in: "\(home.path)/attempts").isEmpty)
        await second.stop(grace: .zero)
    }

    @Test func `an outcome that nobody acknowledges goes to a file, although others are`() async throws {
        let home = try ExecutorHome()
        try await home.withExecutor { executor, events in
            await executor.dispatch([try home.order("hello", 1)])
            _ = await events.outcome()
            let file = "\(home.path)/attempts/1.outcome"

            var number: Int64 = 1
            while !FileSystem.exists(file), number < 5_000 {
                number += 1
                await executor.dispatch([try home.order("hello", number)])
                _ = await events.outcome()
                await executor.acknowledge([AttemptID(rawValue: number)])
                try await BootTimeClock().sleep(for: .milliseconds(50))
            }

            #expect(FileSystem.exists(file))
            await executor.acknowledge([AttemptID(rawValue: 1)])
            #expect(try await comes { !FileSystem.exists(file) })
        }
    }

    @Test func `a supervisor that lost its connection, and its place meanwhile, ends`() async throws {
        let home = try ExecutorHome()
        try await home.withExecutor { executor, events in
            let first = try home.supervisor()
            let names = try FileSystem.names(in: "\(home.path)/run").filter { $0.hasPrefix("supervisor-") }
            let socket = "\(home.path)/run/\(try #require(names.first))"

            // Orders that come before the connection is there again go to a supervisor of their own.
            var number: Int64 = 0
            while try home.supervisors().allSatisfy({ $0 == first }), number < 5_000 {
                number += 1
                let intruder = try await LocalSocket.connect(socket)
                // Taken for a scheduler until it says something that is none of its words.
                try await intruder.writeFrame([255, 255])
                _ = try? await intruder.readFrame()
                await executor.dispatch([try home.order("hello", number)])
                _ = await events.outcome()
                await executor.acknowledge([AttemptID(rawValue: number)])
            }

            #expect(try await first.waitForEnd())
            #expect(try home.supervisors().count == 1)
        }
    }

    @Test func `an outcome that was not acknowledged is told to the next scheduler`() async throws {
        let home = try ExecutorHome()
        let first = home.executor()
        var events = ExecutorEvents(try await first.start())
        await first.dispatch([try home.order("hello", 1)])
        _ = await events.outcome()
        await first.handOver()

        let second = home.executor()
        var again = ExecutorEvents(try await second.start())

        #expect(await again.outcome()?.value == #""hello 1""#)
        await second.acknowledge([AttemptID(rawValue: 1)])
        await second.stop(grace: .zero)
    }

    @Test(arguments: [false, true])
    func `a lost supervisor takes its attempts with it, and another one goes on`(isStopped: Bool) async throws
    {
        let home = try ExecutorHome()
        try await home.withExecutor { executor, events in
            await executor.dispatch([try home.order("stubborn", 1)])
            let process = try await home.process(of: 1)
            let descendants = try ProcessTree.descendants(of: process.id)
            if isStopped { kill(process.id, SIGSTOP) }

            kill(try home.supervisor().id, SIGKILL)
            let outcome = await events.outcome()
            await executor.dispatch([try home.order("process", 2)])

            #expect(outcome?.failure == "retry: the supervisor of its worker was lost")
            #expect(([process] + descendants).filter(\.isAlive).isEmpty)
            #expect(await events.outcome()?.value != nil)
        }
    }

    @Test func `a stopped attempt is neither lost nor doubled`() async throws {
        let home = try ExecutorHome()
        let process = try await home.leaveRunning("gate") { kill($0.id, SIGSTOP) }.worker

        let second = home.executor()
        var events = ExecutorEvents(try await second.start())
        let adopted = await events.adopted()
        kill(process.id, SIGCONT)
        try FileSystem.write([], to: home.file(1) + ".open")

        #expect(adopted == [AttemptID(rawValue: 1)])
        #expect(await events.outcome()?.processID == Int(process.id))
        await second.acknowledge([AttemptID(rawValue: 1)])
        await second.stop(grace: .zero)
    }
}
