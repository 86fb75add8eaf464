import DagKitCore
import DagKitRuntime
import DagKitSystem
import DagKitTesting
import FoundationEssentials
import Glibc
import Synchronization
import Testing

@Suite(.serialized) struct ClockJumpTests {
    @Test(
        .fault(
            .F23, "no run is created twice, and the scheduler goes on looking around",
            by: .standIn("the injected clock, set back by an hour")))
    func `F23 a clock that is set back creates no run twice`() async throws {
        let bench = try ClockBench(Hourly(catchup: .all), at: Date("2026-03-01T12:10:00Z"))

        try await bench.run { () async throws in
            #expect(try await bench.succeeded(12))
            bench.clock.set(to: try Date("2026-03-01T13:00:01Z"))
            #expect(try await bench.succeeded(13))
            bench.clock.jump(by: -3_661)
            #expect(try await bench.heartbeat(since: Date("2026-03-01T11:59:00Z")))
            bench.clock.set(to: try Date("2026-03-01T14:00:01Z"))
            #expect(try await bench.succeeded(14))
        }

        let dates = try await bench.logicalDates()
        #expect(Set(dates).count == dates.count)
        #expect(dates.count == 14)
    }

    @Test(
        .fault(
            .F23, "one run for the latest interval, whatever was missed",
            by: .standIn("the injected clock, set ahead by ten years")))
    func `F23 a clock that jumps ahead catches up as the DAG says`() async throws {
        let bench = try ClockBench(Hourly(catchup: .latest), at: Date("2026-03-01T12:10:00Z"))

        try await bench.run { () async throws in
            #expect(try await bench.succeeded(1))
            bench.clock.jump(by: try Date("2036-03-01T12:10:00Z").timeIntervalSince(bench.clock.now))
            #expect(try await bench.succeeded(2))
            bench.clock.set(to: try Date("2036-03-01T13:00:01Z"))
            #expect(try await bench.succeeded(3))
        }

        let dates = try await bench.logicalDates()
        let expected = [
            try Date("2026-03-01T11:00:00Z"), try Date("2036-03-01T11:00:00Z"),
            try Date("2036-03-01T12:00:00Z"),
        ]
        #expect(dates == expected)
    }

    @Test(
        .fault(
            .F25, "the attempt goes on as the same try, and one catch-up pass follows",
            by: .standIn("the injected clock jumps by an hour while a task runs")))
    func `F25 a running attempt outlives a suspension`() async throws {
        let gate = Gate()
        let bench = try ClockBench(Hourly(catchup: .latest, gate: gate), at: Date("2026-03-01T12:10:00Z"))

        try await bench.run { () async throws in
            #expect(try await holds { gate.arrivals == 1 })
            bench.clock.advance(by: 5 * 3_600)
            bench.scheduler.poke()
            #expect(try await bench.heartbeat(since: Date("2026-03-01T17:10:00Z")))
            gate.open()
            #expect(try await bench.succeeded(2))
        }

        let dates = try await bench.logicalDates()
        let expected = [try Date("2026-03-01T11:00:00Z"), try Date("2026-03-01T16:00:00Z")]
        #expect(dates == expected)
        for run in try await bench.store.runs(RunQuery(dagID: "hourly")) {
            #expect(try await bench.store.taskInstances(of: run.key).map(\.tryNumber) == [1])
        }
    }

    @Test(
        .fault(
            .F25, "no attempt is declared dead, none begins twice",
            by: .standIn("SIGSTOP to every process of the home for some seconds")))
    func `F25 a home whose processes all stop goes on where it was`() async throws {
        let home = try FaultHome(ProofDAG.declaration(seconds: 1))
        _ = try await home.dagctl("dags", "trigger", "proof")
        let scheduler = try home.startScheduler()
        #expect(try await holds { try Proof(of: home).begun.count >= 2 })

        let stopped = home.processes()
        for process in stopped { kill(process.id, SIGSTOP) }
        // The suspension itself: it outlasts each deadline by which one of them waits for another.
        try await BootTimeClock().sleep(for: .seconds(6))
        for process in stopped { kill(process.id, SIGCONT) }

        #expect(stopped.count >= 4)
        #expect(try await home.runsEnd(1))
        scheduler.send(SIGTERM)
        #expect(try await scheduler.wait().isSuccess)
        #expect(try Proof(of: home).begun.map(\.tryNumber) == [1, 1, 1, 1])
        #expect(try await home.findings() == [])
    }
}

/// An hourly DAG of one task, which may have to wait for a gate.
struct Hourly: DAG {
    var configuration: DAGConfiguration
    private let gate: Gate?

    init(catchup: Catchup, gate: Gate? = nil) {
        configuration = DAGConfiguration(
            "hourly", schedule: .cron("0 * * * *"), startDate: "2026-03-01", catchup: catchup)
        self.gate = gate
    }

    func build(_ dag: inout DAGBuilder) {
        let gate = gate
        dag.task("work") { _ in await gate?.pass() }
    }
}

/// What a task waits at until a test opens it.
final class Gate: Sendable {
    private let state = Mutex((isOpen: false, arrivals: 0))

    var arrivals: Int { state.withLock { $0.arrivals } }

    func open() { state.withLock { $0.isOpen = true } }

    func pass() async {
        state.withLock { $0.arrivals += 1 }
        while !state.withLock({ $0.isOpen }) { try? await BootTimeClock().sleep(for: .milliseconds(5)) }
    }
}
