import DagKitCore
import DagKitRuntime
import DagKitSystem
import FoundationEssentials
import Glibc
import Synchronization
import Testing

/// Attempts for which the system has no room: they wait, and go as the same try once there is some.
@Suite(.timeLimit(.minutes(5))) struct ShortageTests {
    @Test func `attempts wait for descriptors without a busy loop, and all run`() async throws {
        let home = try ExecutorHome()
        let program = try home.script("ulimit -n 34")
        let lines = Mutex<[String]>([])
        let log = SchedulerLog { _, line, _ in lines.withLock { $0.append(line) } }

        try await home.withExecutor(program: program, log: log) { executor, events in
            await executor.dispatch(try (1...8).map { try home.order("gate", $0) })
            _ = try await home.process(of: 1)
            #expect(
                try await comes { home.supervisorLog.contains("attempts wait until the system has room") })
            let supervisor = try home.supervisor()
            let before = try ticks(of: supervisor)
            try await BootTimeClock().sleep(for: .seconds(3))
            let used = try ticks(of: supervisor) - before
            for attempt in 1...8 { try FileSystem.write([], to: home.file(Int64(attempt)) + ".open") }

            var values: [String?] = []
            for _ in 1...8 { values.append(await events.outcome()?.value) }

            #expect(values == Array(repeating: #""through""#, count: 8))
            #expect(used < 60, "\(used) ticks of 10 ms in 3 s")
            #expect(home.supervisorLog.components(separatedBy: "attempts wait until").count == 2)
            #expect(lines.withLock { $0 }.contains { $0.contains("too many open files; raise the limit") })
        }
    }

    @Test func `a worker that gets no threads has begun nothing, and its attempt waits until there are some`()
        async throws
    {
        let home = try ExecutorHome()
        try await home.withExecutor { executor, events in
            await executor.dispatch([try home.order("gate", 1)])
            _ = try await home.process(of: 1)
            let supervisor = try home.supervisor()
            // There is room for another worker as it begins, not for the stack of a thread.
            let size = try kilobytes("VmSize", of: supervisor) * 1024
            try await setMemoryLimit(size + 6 << 20, of: supervisor)

            await executor.dispatch(try (2...4).map { try home.order("process", $0) })

            #expect(
                try await comes {
                    home.supervisorLog.contains("has room for them: a worker cannot start its threads")
                })
            try await setMemoryLimit(nil, of: supervisor)
            let outcomes = [await events.outcome(), await events.outcome(), await events.outcome()]
            #expect(outcomes.allSatisfy { $0?.value != nil })
            #expect(Set(outcomes.map { $0?.attemptID.rawValue }) == [2, 3, 4])
            #expect(home.supervisorLog.components(separatedBy: "attempts wait until").count == 2)
            try FileSystem.write([], to: home.file(1) + ".open")
            #expect(await events.outcome()?.value == #""through""#)
        }
    }

    @Test func `an attempt whose only command found no room goes again in another worker`() async throws {
        let home = try ExecutorHome()
        try await home.withExecutor { executor, events in
            await executor.dispatch([try home.order("crowded")])

            let outcome = await events.outcome()

            let first = try FileSystem.readText(home.file(1))
            #expect(outcome?.value != nil && outcome?.value != first)
            #expect(outcome?.tryNumber == 1)
            #expect(home.supervisorLog.contains("has room for them: there is no room for the command"))
        }
    }

    /// Sets how many bytes of addresses a process and those that it starts may use; `nil` for any number.
    private func setMemoryLimit(_ bytes: Int?, of process: ProcessIdentity) async throws {
        let limit = bytes.map { "\($0)" } ?? "unlimited"
        let exit = try await ChildProcess.start(
            Command("prlimit", ["--pid", "\(process.id)", "--as=\(limit):"])
        ).wait()
        #expect(exit.isSuccess)
    }
}
