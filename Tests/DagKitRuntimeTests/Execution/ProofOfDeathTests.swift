import DagKitCore
import DagKitRuntime
import DagKitSystem
import FoundationEssentials
import Glibc
import Testing

/// An attempt is over when the kernel has said that it is, and not before; nobody waits for what cannot be ended.
@Suite(.timeLimit(.minutes(5))) struct ProofOfDeathTests {
    @Test(arguments: [true, false])
    func `what forgot its environment and its session dies before its attempt has failed`(
        hasScheduler: Bool
    ) async throws {
        let home = try ExecutorHome()
        let first = home.executor()
        var events = ExecutorEvents(try await first.start())
        await first.dispatch([try home.order("escape", 1)])
        let escaped = try await home.process(of: 1)
        let owners = try [home.supervisor()] + home.workers()
        if !hasScheduler { await first.handOver() }

        killAtOnce(owners)

        let second = hasScheduler ? first : home.executor()
        if !hasScheduler { events = ExecutorEvents(try await second.start()) }
        #expect(await events.outcome()?.failure == "retry: the supervisor of its worker was lost")
        #expect(!escaped.isAlive)
        await second.acknowledge([AttemptID(rawValue: 1)])
        await second.stop(grace: .zero)
    }

    @Test func `a supervisor that may open nothing takes nothing for dead`() async throws {
        let home = try ExecutorHome()
        try await home.withExecutor { executor, events in
            await executor.dispatch([try home.order("stubborn", 1)])
            let worker = try await home.process(of: 1)
            let descendants = try ProcessTree.descendants(of: worker.id)
            let supervisor = try home.supervisor()
            try await setDescriptorLimit(3, of: supervisor)

            kill(worker.id, SIGKILL)

            #expect(
                try await comes {
                    home.supervisorLog.contains("wait until their processes can be looked at")
                })
            #expect(!descendants.filter(\.isAlive).isEmpty)
            try await setDescriptorLimit(1024, of: supervisor)
            #expect(
                await events.outcome()?.failure == "retry: the task's process ended with signal 9 (killed)")
            #expect(descendants.filter(\.isAlive).isEmpty)
            #expect(home.supervisorLog.components(separatedBy: "can be looked at:").count == 2)
        }
    }

    // MARK: What cannot be ended

    @Test(.enabled(if: getuid() == 0, "only root can make a process that it cannot signal"))
    func `a process that cannot be ended holds up its own attempt alone, for a while, and is told of`()
        async throws
    {
        let home = try ExecutorHome()
        let program = try home.script(Self.withoutKill)
        try await home.withExecutor(program: program) { executor, events in
            await executor.dispatch([try home.order("untouchable_wait", 1)])
            let survivor = try await home.process(of: 1)
            for worker in try home.workers() { kill(worker.id, SIGKILL) }

            await executor.dispatch([try home.order("process", 2)])

            #expect(await events.outcome()?.attemptID.rawValue == 2)
            #expect(
                await events.outcome()?.failure == "retry: the task's process ended with signal 9 (killed)")
            let line = "process \(survivor.id) cannot be ended: operation not permitted"
            #expect(home.supervisorLog.contains("\(line); worker_dag/manual__1/untouchable_wait"))
            #expect(try home.log("untouchable_wait").contains(line))
            #expect(survivor.isAlive)
            kill(survivor.id, SIGKILL)
            #expect(try await comes { ProcessIdentity.of(survivor.id) == nil })
        }
    }

    @Test(.enabled(if: getuid() == 0, "only root can make a process that it cannot signal"))
    func `a worker that cannot end what its task left says so and runs nothing more`() async throws {
        let home = try ExecutorHome()
        let program = try home.script(Self.withoutKill)
        try await home.withExecutor(program: program) { executor, events in
            await executor.dispatch([try home.order("untouchable", 1)])
            let survivor = try await home.process(of: 1)

            let first = try #require(await events.outcome())
            await executor.dispatch([try home.order("process", 2)])
            let second = await events.outcome()

            #expect(first.failure == nil)
            #expect(
                try home.log("untouchable").contains(
                    "process \(survivor.id) cannot be ended: operation not permitted; another process runs"))
            #expect(second?.value != nil && second?.value != first.processID.map(String.init))
            kill(survivor.id, SIGKILL)
        }
    }

    @Test(.enabled(if: ProcessHold.isPermitted, "this machine lets no process trace another"))
    func `a worker that cannot be ended holds up its attempt alone, for a while, and is told of`()
        async throws
    {
        let home = try ExecutorHome()
        try await home.withExecutor { executor, events in
            await executor.dispatch([try home.order("stubborn", 1, timeout: .seconds(3))])
            let worker = try await home.process(of: 1)
            let descendants = try ProcessTree.descendants(of: worker.id)
            let hold = try await ProcessHold(of: worker)
            await executor.dispatch([try home.order("process", 2)])

            let outcomes = [await events.outcome(), await events.outcome()]

            #expect(outcomes.map { $0?.attemptID.rawValue } == [2, 1])
            #expect(outcomes[1]?.failure?.hasPrefix("retry: the task ran longer than its timeout") == true)
            #expect(worker.isAlive)
            #expect(descendants.filter(\.isAlive).isEmpty)
            let line = "process \(worker.id) cannot be ended: it waits within the kernel"
            #expect(home.supervisorLog.contains("\(line); worker_dag/manual__1/stubborn"))
            #expect(try home.log("stubborn").contains(line))
            await hold.release()
            #expect(try await comes { ProcessIdentity.of(worker.id) == nil })
        }
    }

    /// Becomes root without the right to signal the processes of others.
    private static let withoutKill =
        #"[ -n "$TAMED" ] || TAMED=1 exec setpriv --bounding-set=-kill "$0" "$@""#

    /// Sets how many descriptors a process may have.
    private func setDescriptorLimit(_ count: Int, of process: ProcessIdentity) async throws {
        let exit = try await ChildProcess.start(
            Command("prlimit", ["--pid", "\(process.id)", "--nofile=\(count):"])
        ).wait()
        #expect(exit.isSuccess)
    }
}
