import DagKitCore
import DagKitRuntime
import DagKitSystem
import FoundationEssentials
import Glibc
import Synchronization
import Testing

/// What attempts print, in logs that real supervisors write.
@Suite(.timeLimit(.minutes(10))) struct AttemptOutputTests {
    @Test func `bytes that are no text reach the log as they are, and a long line in pieces`() async throws {
        let home = try ExecutorHome()

        let outcome = try await home.run("bytes")

        let lines = try FileSystem.read(home.logPath("bytes")).split(separator: 10)
        let strange: [UInt8] = [0, 0xFF, 0xFE, 1, 0x1B] + Array("[31mred\r".utf8)
        let counts = lines.map { line in line.count { $0 == UInt8(ascii: "l") } }
        #expect(outcome.failure == nil)
        #expect(lines.contains { $0.suffix(strange.count).elementsEqual(strange) })
        #expect(counts.filter { $0 > 1000 } == [65536, 65536, 18928])
        #expect(lines.contains { String(decoding: $0, as: UTF8.self).hasSuffix("{stdout:5} INFO - no end") })
    }

    @Test func `a log keeps its beginning and its end within its limit`() async throws {
        let home = try ExecutorHome { $0.logLimit = 400_000 }

        let outcome = try await home.run("flood")

        let folder = FileSystem.parent(of: home.logPath("flood"))
        let names = AttemptLogPath.segments(of: "attempt=1.log", among: try FileSystem.names(in: folder))
        let texts = try names.map { try FileSystem.readText("\(folder)/\($0)") }
        #expect(outcome.failure == nil)
        #expect(texts.count == 4)
        #expect(texts.map(\.utf8.count).reduce(0, +) < 410_000)
        #expect(texts.first?.contains("the beginning\n") == true)
        #expect(texts.last?.contains("the end\n") == true)
        #expect(texts.last?.contains("INFO - success (") == true)
        #expect(texts.dropFirst().first?.contains("the log is longer than its limit of 400000 bytes") == true)
    }

    @Test func `a task that prints without end takes no memory, and others go on meanwhile`() async throws {
        let home = try ExecutorHome { $0.logLimit = 4 << 20 }
        // A build with the address sanitizer keeps what was freed for a while: here a little.
        let program = try home.script(
            "export ASAN_OPTIONS=quarantine_size_mb=1:thread_local_quarantine_size_kb=64")
        try await home.withExecutor(program: program) { executor, events in
            await executor.dispatch([try home.order("endless", 1)])
            let worker = try await home.process(of: 1)
            let supervisor = try home.supervisor()
            let folder = FileSystem.parent(of: home.logPath("endless"))
            #expect(try await comes { countOfParts(in: folder) > 0 })
            let parts = countOfParts(in: folder)
            let before = (try kilobytes("VmHWM", of: supervisor), try kilobytes("VmHWM", of: worker))

            for attempt in 2...6 {
                await executor.dispatch([try home.order("process", Int64(attempt))])
                #expect(await events.outcome()?.attemptID.rawValue == Int64(attempt))
            }
            // 64 files of 1 MiB: sixty-four times what any buffer holds.
            #expect(try await comes(within: 400) { countOfParts(in: folder) >= parts + 64 })
            let after = (try kilobytes("VmHWM", of: supervisor), try kilobytes("VmHWM", of: worker))
            try FileSystem.write([], to: home.file(1) + ".open")

            #expect(await events.outcome()?.failure == nil)
            #expect(after.0 - before.0 < 8192, "the supervisor grew by \(after.0 - before.0) kB")
            #expect(after.1 - before.1 < 8192, "the worker grew by \(after.1 - before.1) kB")
            let sizes = try FileSystem.names(in: folder).map { try FileSystem.read("\(folder)/\($0)").count }
            #expect(sizes.reduce(0, +) < 5 << 20)
        }
    }

    /// How many times the log was cut so far; parts are removed again, and some are gone before anybody sees them.
    private func countOfParts(in folder: String) -> Int {
        let names = (try? FileSystem.names(in: folder)) ?? []
        return names.compactMap { $0.split(separator: ".").last.flatMap { Int($0) } }.max() ?? 0
    }

    @Test func `a secret that is printed byte by byte is masked`() async throws {
        let home = try ExecutorHome()

        _ = try await home.run("split_secret")

        let log = try home.log("split_secret")
        #expect(log.contains("{stdout:1} INFO - ***\n"))
        #expect(!log.contains("hunter2"))
    }

    @Test func `secrets of the environment are masked though no task asked for them`() async throws {
        let home = try ExecutorHome()
        let executor = home.executor(environment: ["COINCAP_API_KEY": "worker_dag/manual__1/hello"])
        var events = ExecutorEvents(try await executor.start())
        await executor.dispatch([try home.order("hello", 1)])

        #expect(await events.outcome()?.failure == nil)

        let log = try home.log("hello")
        #expect(log.contains("attempt 1 of 1 of *** starts"))
        await executor.acknowledge([AttemptID(rawValue: 1)])
        await executor.stop(grace: .zero)
    }

    @Test func `without a log folder the task runs, its log lies elsewhere, and the scheduler is told`()
        async throws
    {
        let home = try ExecutorHome()
        try FileSystem.createFolder(home.path)
        try FileSystem.write([], to: home.configuration.folders.logs)
        let lines = Mutex<[String]>([])
        let log = SchedulerLog { _, line, _ in lines.withLock { $0.append(line) } }

        let outcome = try await home.withExecutor(log: log) { executor, events in
            await executor.dispatch([try home.order("hello", 1)])
            return await events.outcome()
        }

        let path = "\(home.path)/attempts/logs/dag_id=worker_dag/run_id=manual__1/task_id=hello/attempt=1.log"
        #expect(outcome?.value == #""hello 1""#)
        #expect(try FileSystem.readText(path).contains("{stdout:1} INFO - printed"))
        #expect(lines.withLock { $0 }.contains { $0.hasSuffix("it lies in \(path)") })
    }

    @Test func `a log folder that is removed while a task runs is made again`() async throws {
        let home = try ExecutorHome()
        try await home.withExecutor { executor, events in
            await executor.dispatch([try home.order("gate", 1)])
            _ = try await home.process(of: 1)
            // The supervisor may be writing there.
            #expect(try await comes { (try? FileSystem.removeTree(home.configuration.folders.logs)) != nil })
            try FileSystem.write([], to: home.file(1) + ".open")

            #expect(await events.outcome()?.value == #""through""#)

            let log = try home.log("gate")
            #expect(log.contains("the log was removed while the task ran; it goes on here"))
            #expect(log.contains("INFO - success ("))
        }
    }
}
