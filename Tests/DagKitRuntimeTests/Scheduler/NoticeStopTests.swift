import DagKitCore
import DagKitRuntime
import DagKitSystem
import FoundationEssentials
import Synchronization
import Testing

/// Notices that are being told when the scheduler is to end.
@Suite(.timeLimit(.minutes(3))) struct NoticeStopTests {
    @Test func `a stop says which notice it waits for, and a second one breaks it off`() async throws {
        let lines = Mutex<[(TaskLogger.Level, String)]>([])
        let log = SchedulerLog { level, text, _ in lines.withLock { $0.append((level, text)) } }
        let bench = try SchedulerBench(
            [Called()], courier: HangingCourier(), stopGrace: .seconds(3600), log: log)
        try await bench.trigger()

        let run = Task { try await bench.scheduler.run() }
        let isTold = try await comes {
            lines.withLock { $0.contains { $0.1.hasPrefix("waiting for 1 notice that is being told") } }
        }
        bench.scheduler.stopAtOnce()
        try await run.value

        #expect(isTold)
        #expect(lines.withLock { $0.contains { $0.1.contains("(called/run1, ") } })
        #expect(lines.withLock { $0.filter { $0.0 == .error }.map(\.1) } == [])
        // The next scheduler tells it.
        #expect(try await bench.store.notices(dueBy: .distantFuture, limit: 10).map(\.failures) == [0])
    }
}

/// A courier whose receiver never answers.
private struct HangingCourier: NoticeCourier {
    func deliver(_ notice: Notice) async throws { try await BootTimeClock().sleep(for: .seconds(3600)) }
}

private struct Called: DAG {
    var configuration = DAGConfiguration("called", callbacks: [.on(.success) { _, _ in }])
    func build(_ dag: inout DAGBuilder) { dag.empty("rest") }
}
