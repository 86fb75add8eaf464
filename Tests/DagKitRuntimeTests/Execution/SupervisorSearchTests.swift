import DagKitCore
import DagKitRuntime
import DagKitSystem
import FoundationEssentials
import Glibc
import Synchronization
import Testing

/// Supervisors that the next scheduler does not find where they listened, or that do not answer as they should.
@Suite(.timeLimit(.minutes(5))) struct SupervisorSearchTests {
    @Test(arguments: [true, false])
    func `a supervisor whose socket was removed is found, and what it runs goes on`(hasScheduler: Bool)
        async throws
    {
        let home = try ExecutorHome()
        let worker = try await home.leaveRunning("gate") { _ in
            if hasScheduler { try FileSystem.removeTree(home.configuration.folders.run) }
        }.worker
        if !hasScheduler { try FileSystem.removeTree(home.configuration.folders.run) }

        let second = home.executor()
        var events = ExecutorEvents(try await second.start())

        #expect(await events.adopted() == [AttemptID(rawValue: 1)])
        try FileSystem.write([], to: home.file(1) + ".open")
        let outcome = await events.outcome()
        #expect(outcome?.value == #""through""#)
        #expect(outcome?.processID == Int(worker.id))
        await second.acknowledge([AttemptID(rawValue: 1)])
        await second.stop(grace: .zero)
    }

    @Test func `a stopped supervisor whose queue is full holds up no start, and is heard once it goes on`()
        async throws
    {
        let home = try ExecutorHome()
        let supervisor = try await home.leaveRunning("gate").supervisor
        kill(supervisor.id, SIGSTOP)
        let socket = try #require(try FileSystem.names(in: home.configuration.folders.run).first)
        let queue = try await fillQueue(of: "\(home.configuration.folders.run)/\(socket)")

        let second = home.executor()
        var events = ExecutorEvents(try await second.start())
        let event = await events.next()
        kill(supervisor.id, SIGCONT)

        #expect(event?.adoptedInPart == [])
        #expect(await events.adopted() == [AttemptID(rawValue: 1)])
        try FileSystem.write([], to: home.file(1) + ".open")
        #expect(await events.outcome()?.value == #""through""#)
        await second.acknowledge([AttemptID(rawValue: 1)])
        await second.stop(grace: .zero)
        withExtendedLifetime(queue) {}
    }

    @Test func `what ends each connection is told of once, and all else works`() async throws {
        let home = try ExecutorHome()
        try home.configuration.folders.create()
        let listener = try LocalListener("\(home.configuration.folders.run)/supervisor-other.sock")
        let refusing = Task { while true { _ = try await listener.accept() } }
        let lines = Mutex<[String]>([])
        let log = SchedulerLog { _, text, _ in lines.withLock { $0.append(text) } }

        // It is this process that listens there: the executor must not be told to end it.
        let executor = home.executor(log: log)
        var events = ExecutorEvents(try await executor.start())
        let first = await events.next()
        await executor.dispatch([try home.order("hello")])

        #expect(first?.adoptedInPart == [])
        #expect(await events.outcome()?.value == #""hello 1""#)
        let line = "supervisor \(getpid()) ends each connection"
        #expect(lines.withLock { $0.count { $0.hasPrefix(line) } } == 1)
        await executor.acknowledge([AttemptID(rawValue: 1)])
        await executor.handOver()
        refusing.cancel()
        for supervisor in try home.supervisors() { supervisor.send(SIGTERM) }
    }

    @Test func `a lock that cannot be read ends the start with its path and what to do`() async throws {
        let home = try ExecutorHome()
        let lock = "\(home.configuration.folders.attempts)/77-1.lock"
        try FileSystem.createFolder(lock)

        let error = await #expect(throws: LocalExecutorError.self) { _ = try await home.executor().start() }

        #expect(
            error?.description
                == "cannot say whose lock \"\(lock)\" is: is a directory; an attempt of another user may run: "
                + "end it as its owner or as root, then remove what is there")
    }

    @Test func `a lock whose holder nobody sees holds up its own attempt alone, and not for ever`()
        async throws
    {
        let home = try ExecutorHome()
        let folders = home.configuration.folders
        try folders.create()
        let note = "7\tworker_dag\tmanual__1\tgate\t-1\t1\t0\t\(getpid())"
        // This process holds it, and is not taken for what the attempt left.
        let lock = try FileLock.acquire("\(folders.attempts)/77-1.lock", now: Date(), note: note)
        let lines = Mutex<[String]>([])
        let log = SchedulerLog { _, text, _ in lines.withLock { $0.append(text) } }

        try await home.withExecutor(log: log) { executor, events in
            let first = await events.next()
            await executor.dispatch([try home.order("hello")])
            let outcomes = [await events.outcome(), await events.outcome()]
            let adopted = await events.adopted()

            #expect(first?.adoptedInPart == [])
            #expect(outcomes.map { $0?.attemptID.rawValue } == [1, 7])
            #expect(outcomes[1]?.failure == "retry: the supervisor of its worker was lost")
            #expect(adopted != nil)
        }
        let line = "attempt 7 of worker_dag/manual__1/gate left a process that this user cannot see"
        #expect(lines.withLock { $0.count { $0.hasPrefix(line) } } == 1)
        withExtendedLifetime(lock) {}
    }

    /// Connects to a process that takes no connections until no more fit.
    private func fillQueue(of path: String) async throws -> [LocalSocket] {
        var queue: [LocalSocket] = []
        do {
            while true { queue.append(try await LocalSocket.connect(path)) }
        } catch SystemError.failed(_, _, code: EAGAIN) {
            return queue
        }
    }
}
