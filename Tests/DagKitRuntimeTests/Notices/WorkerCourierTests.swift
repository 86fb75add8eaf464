import DagKitCore
import DagKitRuntime
import DagKitSystem
import FoundationEssentials
import Glibc
import Synchronization
import Testing

/// Callbacks in real worker processes.
@Suite struct WorkerCourierTests {
    @Test func `a closure runs in a process of its own, and what it writes reaches the log`() async throws {
        let told = Told()

        try await told.courier.deliver(Self.notice("hello", params: ["file": "x"]))
        await told.courier.rest()

        #expect(
            told.lines == [
                "INFO hello of worker_dag/manual__1: printed",
                "WARNING hello of worker_dag/manual__1: told: run worker_dag/manual__1 succeeded x",
            ])
    }

    @Test func `a process tells one notice after the other, and ends when there is nothing more`()
        async throws
    {
        let told = Told()

        let first = await told.refusal(of: "process")
        let second = await told.refusal(of: "process")
        let id = try #require(first.flatMap { Int32($0.prefix { $0 != ";" }) })
        let process = ProcessIdentity.of(id)
        await told.courier.rest()

        #expect(first == second)
        #expect(id != getpid())
        #expect(try await process?.waitForEnd(until: BootTimeClock().now.advanced(by: .seconds(60))) == true)
    }

    @Test func `the death of its process has a reason, and the next notice gets another one`() async throws {
        let told = Told()

        await #expect(throws: (any Error).self) { try await told.courier.deliver(Self.notice("kill")) }
        try await told.courier.deliver(Self.notice("hello"))
        await told.courier.rest()

        #expect(told.lines.count == 2)
    }

    @Test func `a closure that does not heed its timeout is killed`() async throws {
        let told = Told()

        let error = await told.error(of: "stubborn")

        #expect(error?.contains("timeout") == true, "\(error ?? "no error")")
    }

    @Test func `secrets are masked in the log and in the error`() async throws {
        let told = Told()

        let error = await told.error(of: "secret")
        await told.courier.rest()

        #expect(error == "log-in with *** failed; look")
        #expect(told.lines.contains("INFO secret of worker_dag/manual__1: the password is ***"))
        #expect(told.lines.contains("INFO secret of worker_dag/manual__1: ***"))
    }

    @Test func `a callback that the executable has not is refused`() async throws {
        let told = Told()

        let refusal = await told.refusal(of: "nobody")
        await told.courier.rest()

        #expect(
            refusal
                == #"this executable has no callback "nobody" for "worker_dag/manual__1"; start the scheduler of the executable that has it"#
        )
    }

    private static func notice(_ name: String, params: JSONValue = [:]) -> Notice {
        let noon = Date(timeIntervalSince1970: 1_700_000_000)
        let run = DAGRun(
            key: RunKey("worker_dag", "manual__1"), type: .manual, logicalDate: nil, dataInterval: nil,
            runAfter: noon,
            queuedAt: noon, structureHash: "")
        let timeout: Duration? = name == "stubborn" ? .milliseconds(1) : nil
        return Notice(
            .runSucceeded, at: noon, run: run.key, to: Notice.Receiver(name, timeout: timeout),
            facts: Notice.RunFacts(run, params: params))
    }

    /// A courier with what it told its log.
    private final class Told: Sendable {
        private let entries = Mutex<[String]>([])
        var lines: [String] { entries.withLock { $0 } }

        var courier: WorkerCourier { made.withLock { $0! } }  // it is made in init
        private let made = Mutex<WorkerCourier?>(nil)

        init() {
            let log = SchedulerLog { [weak self] level, line in
                self?.entries.withLock { $0.append("\(level.rawValue) \(line)") }
            }
            made.withLock { $0 = WorkerCourier(log: log, program: ExecutorHome.program) }
        }

        func refusal(of name: String) async -> String? {
            do {
                try await courier.deliver(WorkerCourierTests.notice(name))
            } catch {
                return (error as? NoticeRefusal)?.reason
            }
            return nil
        }

        func error(of name: String) async -> String? {
            do {
                try await courier.deliver(WorkerCourierTests.notice(name))
            } catch {
                return "\(error)"
            }
            return nil
        }
    }
}
