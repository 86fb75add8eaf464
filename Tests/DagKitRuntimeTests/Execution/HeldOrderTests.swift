import DagKitCore
import DagKitSystem
import FoundationEssentials
import Glibc
import Synchronization
import Testing

@testable import DagKitRuntime

/// Orders while no supervisor can be started.
@Suite(.timeLimit(.minutes(5))) struct HeldOrderTests {
    @Test func `orders wait until a supervisor can be started, and one line says so`() async throws {
        let home = try ExecutorHome()
        let program = try home.movableProgram()
        let lines = Mutex<[String]>([])
        let log = SchedulerLog { level, text, _ in
            if level == .error { lines.withLock { $0.append(text) } }
        }
        try await home.withExecutor(program: program, log: log) { executor, events in
            try await home.endSupervisor(of: executor)
            #expect(rename(program, program + ".away") == 0)
            await executor.dispatch([try home.order("hello", 1)])
            await executor.dispatch([try home.order("hello", 2)])
            let isTold = try await comes {
                lines.withLock { $0.count { $0.hasPrefix("attempts wait until a supervisor") } } == 1
            }
            #expect(isTold)
            #expect(rename(program + ".away", program) == 0)

            let outcomes = [await events.outcome(), await events.outcome()].compactMap(\.self)

            #expect(Set(outcomes.map(\.attemptID.rawValue)) == [1, 2])
            #expect(outcomes.allSatisfy { $0.value?.hasPrefix("\"hello ") == true }, "\(outcomes)")
            #expect(lines.withLock { $0.count { $0.hasPrefix("attempts wait until a supervisor") } } == 1)
        }
    }

    @Test func `an order that waits for a supervisor can be ended`() async throws {
        let home = try ExecutorHome()
        let program = try home.movableProgram()
        try await home.withExecutor(program: program) { executor, events in
            try await home.endSupervisor(of: executor)
            #expect(rename(program, program + ".away") == 0)
            await executor.dispatch([try home.order("hello", 1)])

            await executor.kill(AttemptID(rawValue: 1), reason: "nobody wants it")

            #expect(await events.outcome()?.failure == "end: nobody wants it")
        }
    }

    @Test func `an order that waits for a supervisor has not started when the executor stops`() async throws {
        let home = try ExecutorHome()
        let program = try home.movableProgram()
        let executor = home.executor(program: program)
        var events = ExecutorEvents(try await executor.start())
        try await home.endSupervisor(of: executor)
        #expect(rename(program, program + ".away") == 0)
        await executor.dispatch([try home.order("hello", 1)])

        await executor.stop(grace: .zero)

        #expect(await events.outcome()?.verdict == .notStarted(reason: "the scheduler was stopped"))
    }

    @Test func `a stop is heard while the next start of a supervisor is waited for, and no order goes out`()
        async throws
    {
        let home = try ExecutorHome()
        let program = try home.movableProgram()
        let executor = home.executor(program: program)
        var events = ExecutorEvents(try await executor.start())
        try await home.endSupervisor(of: executor)
        #expect(rename(program, program + ".away") == 0)
        await executor.dispatch([try home.order("hello", 1)])
        while await executor.pausing == nil { try await BootTimeClock().sleep(for: .milliseconds(5)) }

        await executor.stop(grace: .seconds(30))
        await executor.dispatch([try home.order("hello", 2)])

        #expect(await events.outcome()?.verdict == .notStarted(reason: "the scheduler was stopped"))
        // Nobody is left who would start one.
        #expect(await executor.holder == nil)
    }

    @Test func `what is stored of a lost attempt is forgotten without a look at any other attempt`()
        async throws
    {
        let home = try ExecutorHome()
        try await home.withExecutor { executor, events in
            await executor.dispatch([try home.order("stubborn", 1)])
            let worker = try await home.process(of: 1)
            let supervisor = try home.supervisor()
            killAtOnce([supervisor, worker])
            #expect(await events.outcome()?.failure == "retry: the supervisor of its worker was lost")
            let folder = home.configuration.folders.attempts
            let locks = try FileSystem.names(in: folder).filter { $0.hasSuffix(".lock") }
            #expect(locks.count == 1)
            // Whoever reads this pipe waits for somebody who writes.
            let other = "\(folder)/1-1.lock"
            #expect(mkfifo(other, 0o600) == 0)
            let reader = Task {
                while !Task.isCancelled {
                    let end = open(other, O_WRONLY | O_NONBLOCK)
                    guard end < 0 else { return close(end) == 0 }
                    try? await BootTimeClock().sleep(for: .milliseconds(1))
                }
                return false
            }

            await executor.acknowledge([AttemptID(rawValue: 1)])

            reader.cancel()
            #expect(await !reader.value)
            #expect(try FileSystem.names(in: folder).filter { $0.hasSuffix(".lock") } == ["1-1.lock"])
            unlink(other)
        }
    }
}

extension ExecutorHome {
    /// The program of the workers under a name of its own.
    fileprivate func movableProgram() throws -> String {
        try FileSystem.createFolder(path)
        let program = "\(path)/program"
        guard link(ExecutorHome.program, program) == 0 || symlink(ExecutorHome.program, program) == 0 else {
            throw SystemError.last("link", program)
        }
        return program
    }

    /// Kills the supervisor, and waits until that is known.
    fileprivate func endSupervisor(of executor: LocalExecutor) async throws {
        kill(try supervisor().id, SIGKILL)
        while await executor.current != nil { try await BootTimeClock().sleep(for: .milliseconds(5)) }
    }
}
