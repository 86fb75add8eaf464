import DagKitCore
import DagKitRuntime
import DagKitSystem
import FoundationEssentials
import Glibc
import Synchronization
import Testing

/// Processes that are killed, stopped and replaced, and what then becomes of attempts.
@Suite(.timeLimit(.minutes(5))) struct ProcessLossTests {
    @Test func `supervisor and worker killed at once leave nothing, and the attempt has failed`() async throws
    {
        let home = try ExecutorHome()
        try await home.withExecutor { executor, events in
            await executor.dispatch([try home.order("stubborn", 1)])
            let worker = try await home.process(of: 1)
            let descendants = try ProcessTree.descendants(of: worker.id)
            let supervisor = try home.supervisor()

            killAtOnce([supervisor, worker])

            #expect(await events.outcome()?.failure == "retry: the supervisor of its worker was lost")
            #expect(!descendants.isEmpty)
            #expect(([worker] + descendants).filter(\.isAlive).isEmpty)
        }
    }

    @Test(arguments: ["supervisor.starts", "supervisor.listens"])
    func `the first supervisor is killed while it starts, and another takes its place`(point: String)
        async throws
    {
        let home = try ExecutorHome()
        let fault = ["DAGKIT_FAULT": "\(point):1", "DAGKIT_FAULT_TRACE": "\(home.path)/trace"]

        let executor = home.executor(environment: fault)
        var events = ExecutorEvents(try await executor.start())

        await executor.dispatch([try home.order("hello")])
        #expect(await events.outcome()?.value == "\"hello 1\"")
        await executor.acknowledge([AttemptID(rawValue: 1)])
        await executor.stop(grace: .zero)
    }

    @Test func `a supervisor that dies at every start is no reason to start for ever`() async throws {
        let home = try ExecutorHome()
        let lines = Mutex<[String]>([])
        let log = SchedulerLog { _, text, _ in lines.withLock { $0.append(text) } }

        let executor = home.executor(environment: ["DAGKIT_FAULT": "supervisor.starts:1"], log: log)

        await #expect {
            _ = try await executor.start()
        } throws: { error in
            "\(error)".contains("the supervisor of the workers does not start: signal 9 (killed)")
        }
        #expect(lines.withLock { $0.count { $0.hasSuffix("starting another") } } == 2)
    }

    @Test
    func `an attempt that lost all its processes while no scheduler ran has failed, with its key and start`()
        async throws
    {
        let home = try ExecutorHome()
        let (supervisor, worker) = try await home.leaveRunning("stubborn")
        let descendants = try ProcessTree.descendants(of: worker.id)
        killAtOnce([supervisor, worker])

        let second = home.executor()
        var events = ExecutorEvents(try await second.start())
        let outcome = await events.outcome()

        #expect(outcome?.failure == "retry: the supervisor of its worker was lost")
        #expect(outcome?.key == (try home.order("stubborn", 1).key))
        #expect(outcome?.processID == Int(worker.id))
        #expect(await events.adopted() == [])
        #expect(descendants.filter(\.isAlive).isEmpty)
        await second.acknowledge([AttemptID(rawValue: 1)])
        #expect(try FileSystem.names(in: "\(home.path)/attempts").isEmpty)
        await second.stop(grace: .zero)
    }

    @Test func `a stopped attempt that outlives its timeout is dead before it has failed`() async throws {
        let home = try ExecutorHome()
        try await home.withExecutor { executor, events in
            await executor.dispatch([try home.order("stubborn", 1, timeout: .seconds(3))])
            let worker = try await home.process(of: 1)
            let all = try [worker] + ProcessTree.descendants(of: worker.id)
            for process in all { kill(process.id, SIGSTOP) }

            let outcome = await events.outcome()

            #expect(
                outcome?.failure?.hasPrefix("retry: the task ran longer than its timeout of 3.0 seconds")
                    == true)
            #expect(all.filter(\.isAlive).isEmpty)
        }
    }

    @Test func `a stopped supervisor holds up nobody who talks to it, and goes on where it was`() async throws
    {
        let home = try ExecutorHome()
        try await home.withExecutor { executor, events in
            let supervisor = try home.supervisor()
            kill(supervisor.id, SIGSTOP)
            let large = String(repeating: "x", count: 1_000_000)
            let orders = try (1...6).map { try home.order("process", $0, padding: large) }

            // Six megabytes are far more than a socket holds.
            await executor.dispatch(orders)
            kill(supervisor.id, SIGCONT)

            var ended: Set<Int64> = []
            while ended.count < 6, let outcome = await events.outcome() {
                ended.insert(outcome.attemptID.rawValue)
            }
            #expect(ended == [1, 2, 3, 4, 5, 6])
        }
    }

    @Test func `a supervisor that was stopped is killed by a stop, and its attempts are recorded`()
        async throws
    {
        let home = try ExecutorHome { $0.patience = .milliseconds(500) }
        let executor = home.executor()
        var events = ExecutorEvents(try await executor.start())
        await executor.dispatch([try home.order("stubborn", 1)])
        let worker = try await home.process(of: 1)
        let all = try [home.supervisor(), worker] + ProcessTree.descendants(of: worker.id)
        kill(try home.supervisor().id, SIGSTOP)

        let stopping = Task { await executor.stop(grace: .zero) }
        let outcome = await events.outcome()
        await stopping.value

        #expect(outcome?.failure == "retry: the scheduler was stopped")
        #expect(all.filter(\.isAlive).isEmpty)
    }

    @Test func `a stopped supervisor holds up no restart, and what it runs is known once it goes on`()
        async throws
    {
        let (home, supervisor, executor) = try await restart(besideStoppedSupervisorOf: "gate")
        var events = ExecutorEvents(try await executor.start())
        let first = await events.next()
        await executor.dispatch([try home.order("process", 2)])
        let meanwhile = await events.outcome()

        kill(supervisor.id, SIGCONT)
        let adopted = await events.adopted()
        try FileSystem.write([], to: home.file(1) + ".open")
        let outcome = await events.outcome()

        #expect(first?.adoptedInPart == [])
        #expect(meanwhile?.attemptID.rawValue == 2 && meanwhile?.failure == nil)
        #expect(adopted?.contains(AttemptID(rawValue: 1)) == true)
        #expect(outcome?.value == #""through""#)
        await executor.acknowledge([1, 2].map(AttemptID.init(rawValue:)))
        await executor.stop(grace: .zero)
    }

    @Test func `what a stopped supervisor was to end meanwhile is ended once it goes on`() async throws {
        let (home, supervisor, executor) = try await restart(besideStoppedSupervisorOf: "stubborn")
        var events = ExecutorEvents(try await executor.start())
        await executor.kill(AttemptID(rawValue: 1), reason: "marked failed by ada")

        kill(supervisor.id, SIGCONT)

        #expect(await events.outcome()?.failure == "end: marked failed by ada")
        await executor.acknowledge([AttemptID(rawValue: 1)])
        await executor.stop(grace: .zero)
        withExtendedLifetime(home) {}
    }

    @Test
    func `a stopped supervisor that goes on while its scheduler stops gets the grace, and is waited for`()
        async throws
    {
        let (home, supervisor, executor) = try await restart(besideStoppedSupervisorOf: "gate")
        var events = ExecutorEvents(try await executor.start())

        kill(supervisor.id, SIGCONT)
        let stopping = Task { await executor.stop(grace: .seconds(60)) }
        #expect(try await comes { try home.supervisors() == [supervisor] })
        try FileSystem.write([], to: home.file(1) + ".open")
        let outcome = await events.outcome()
        await executor.acknowledge([AttemptID(rawValue: 1)])
        await stopping.value

        #expect(outcome?.value == #""through""#)
        #expect(!supervisor.isAlive)
    }

    @Test(arguments: [true, false])
    func `a stopped supervisor that is killed, or that a stop ends, leaves nothing behind`(byUser: Bool)
        async throws
    {
        let (home, supervisor, executor) = try await restart(besideStoppedSupervisorOf: "stubborn")
        let worker = try await home.process(of: 1)
        let all = try [worker] + ProcessTree.descendants(of: worker.id)
        var events = ExecutorEvents(try await executor.start())

        if byUser { kill(supervisor.id, SIGKILL) }
        let stopping = Task { if !byUser { await executor.stop(grace: .zero) } }
        let outcome = await events.outcome()
        await stopping.value

        #expect(outcome?.failure == "retry: the supervisor of its worker was lost")
        #expect(outcome?.key == (try home.order("stubborn", 1).key))
        #expect(all.filter(\.isAlive).isEmpty)
        await executor.acknowledge([AttemptID(rawValue: 1)])
        await executor.stop(grace: .zero)
    }

    /// The executor of a second scheduler, beside the supervisor of the first, which was stopped while it runs a task.
    private func restart(besideStoppedSupervisorOf task: TaskID) async throws -> (
        ExecutorHome, ProcessIdentity, LocalExecutor
    ) {
        let home = try ExecutorHome { $0.patience = .milliseconds(500) }
        let supervisor = try await home.leaveRunning(task).supervisor
        kill(supervisor.id, SIGSTOP)
        return (home, supervisor, home.executor())
    }

    @Test func `a second stop ends attempts at once`() async throws {
        let home = try ExecutorHome { $0.killGrace = .seconds(600) }
        let executor = home.executor()
        var events = ExecutorEvents(try await executor.start())
        await executor.dispatch([try home.order("stubborn", 1)])
        let worker = try await home.process(of: 1)
        let stopping = Task { await executor.stop(grace: .seconds(600)) }
        #expect(try await comes { try home.supervisors().count == 1 })

        let ending = Task { await executor.stop(grace: .zero) }
        let outcome = await events.outcome()
        await executor.acknowledge([AttemptID(rawValue: 1)])
        await stopping.value
        await ending.value

        #expect(outcome?.failure == "retry: the scheduler was stopped")
        #expect(!worker.isAlive)
    }

    // MARK: Replacement

    @Test(arguments: [true, false])
    func `another program or environment gets a supervisor of its own, and the old one finishes what it has`(
        isUpgrade: Bool
    ) async throws {
        let home = try ExecutorHome()
        let (old, worker) = try await home.leaveRunning("gate")
        let copy = "\(home.path)/worker"
        if isUpgrade { try FileManager.default.copyItem(atPath: ExecutorHome.program, toPath: copy) }

        let second =
            isUpgrade
            ? home.executor(program: copy) : home.executor(environment: ["DAGKIT_VAR_COLOUR": "blue"])
        var events = ExecutorEvents(try await second.start())
        #expect(await events.adopted() == [AttemptID(rawValue: 1)])
        await second.dispatch([try home.order("process", 2)])
        let new = await events.outcome()
        try FileSystem.write([], to: home.file(1) + ".open")
        let last = await events.outcome()
        await second.acknowledge([1, 2].map(AttemptID.init(rawValue:)))

        #expect(new?.attemptID.rawValue == 2)
        #expect(last?.value == #""through""#)
        #expect(last?.processID == Int(worker.id))
        #expect(try await comes { !old.isAlive })
        #expect(try await comes { try home.supervisors().count == 1 })
        await second.stop(grace: .zero)
    }

    @Test func `outcomes wait while they cannot be written, and come once they can`() async throws {
        let home = try ExecutorHome()
        let folder = home.configuration.folders.attempts
        let supervisor = try await home.leaveRunning("gate") { _ in
            // A file in the place of the folder: nothing can be written there, by root neither.
            try FileManager.default.moveItem(atPath: folder, toPath: folder + ".away")
            try FileSystem.write([], to: folder)
        }.supervisor
        try FileSystem.write([], to: home.file(1) + ".open")
        #expect(try await comes { home.supervisorLog.contains("cannot keep outcomes") })
        #expect(supervisor.isAlive)

        try FileSystem.remove(folder)
        #expect(try await comes { FileSystem.exists("\(folder)/1.outcome") })
        #expect(home.supervisorLog.components(separatedBy: "cannot keep outcomes").count == 2)

        let second = home.executor()
        var events = ExecutorEvents(try await second.start())
        #expect(await events.outcome()?.value == #""through""#)
        await second.acknowledge([AttemptID(rawValue: 1)])
        await second.stop(grace: .zero)
    }
}
