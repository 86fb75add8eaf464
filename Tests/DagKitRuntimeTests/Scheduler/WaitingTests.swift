import DagKitCore
import DagKitRuntime
import DagKitTesting
import FoundationEssentials
import Synchronization
import Testing

@Suite struct WaitingTests {
    private let clock = ManualClock(at: Date(microseconds: 1_700_000_000_000_000))

    /// How many looks a sensor has taken.
    private final class Looks: Sendable {
        private let count = Mutex(0)
        func next() -> Int {
            count.withLock { count in
                count += 1
                return count
            }
        }
    }

    private struct Patient: DAG {
        var configuration = DAGConfiguration("patient")
        let looks: Looks
        var mode = SensorOptions.Mode.reschedule

        func build(_ dag: inout DAGBuilder) {
            let seen = dag.sensor("watch", waiting: SensorOptions(mode: mode)) { [looks] context in
                let look = looks.next()
                return look < 3 ? .notYet("look \(look)") : .done(look)
            }
            dag.task("told", reading: seen) { _, seen in seen }
        }
    }

    private func state(_ bench: SchedulerBench, _ key: RunKey) async throws -> TaskState? {
        try await bench.store.taskInstances(of: key).first?.state
    }

    @Test func `a sensor looks again when it is due, in the same try, and tells what it saw`() async throws {
        let bench = try SchedulerBench([Patient(looks: Looks())], endsWhenIdle: false, clock: clock)
        let key = try await bench.trigger()
        let running = Task { try await bench.scheduler.run() }

        // By its count: it may look again, and wait again, between two glances at its state.
        func waits(afterLook look: Int) async throws -> Bool {
            let instance = try await bench.store.taskInstances(of: key).first
            return instance?.state == .upForReschedule && instance?.pokeCount == look
        }
        for look in 1...2 {
            while try await !waits(afterLook: look) { await Task.yield() }
            clock.advance(by: 59)
            #expect(try await waits(afterLook: look))
            clock.advance(by: 1)
        }
        while try await bench.store.snapshot(of: key)?.run.state != .success { await Task.yield() }
        bench.scheduler.stop()
        try await running.value

        let instance = try #require(try await bench.store.taskInstances(of: key).first)
        #expect(instance.tryNumber == 1)
        #expect(instance.pokeCount == 3)
        #expect(instance.duration == 120)
        let outputs = try await bench.store.outputs(of: "told", key: XCom.returnValue, in: key)
        #expect(outputs.map(\.output.json) == ["3"])
        #expect(try await bench.store.history(of: key).isEmpty)
    }

    @Test func `a scheduler that comes later goes on with what waits`() async throws {
        let looks = Looks()
        let first = try SchedulerBench([Patient(looks: looks)], endsWhenIdle: false, clock: clock)
        let key = try await first.trigger()
        let running = Task { try await first.scheduler.run() }
        while try await state(first, key) != .upForReschedule { await Task.yield() }
        first.scheduler.stop()
        try await running.value

        clock.advance(by: 3600)
        let second = try SchedulerBench(
            [Patient(looks: looks)], store: first.store, endsWhenIdle: false, clock: clock)
        let again = Task { try await second.scheduler.run() }
        while try await second.store.snapshot(of: key)?.run.state != .success {
            clock.advance(by: 1)
            await Task.yield()
        }
        second.scheduler.stop()
        try await again.value

        #expect(try await second.store.taskInstances(of: key).first?.tryNumber == 1)
    }

    private struct Leader: DAG {
        var configuration = DAGConfiguration("leader")
        func build(_ dag: inout DAGBuilder) {
            dag.task("work") { context in
                if context.conf["fails"]?.bool == true { throw TaskFailure.noRetry("no", remedy: "none") }
            }
        }
    }

    private struct Follower: DAG {
        var configuration = DAGConfiguration("follower")
        func build(_ dag: inout DAGBuilder) {
            let task = dag.task(
                "task",
                run: ExternalTaskSensor("leader", tasks: ["work"], delta: .hours(1), failed: [.failed]))
            let run = dag.task("run", run: ExternalTaskSensor(run: "leader", delta: .hours(1)))
            dag.empty("end", after: task, run)
        }
    }

    private func trigger(
        _ place: Int, at date: Date, conf: JSONValue = [:], _ bench: SchedulerBench
    ) async throws -> RunKey {
        let spec = bench.specs[place]
        let run = DAGRun.manual(spec, logicalDate: date, runID: "one", conf: conf, by: "test", at: clock.now)
        var machine = RunMachine(creating: run, of: spec, actor: "test")
        _ = try await bench.store.commit([machine.takeBatch()].compactMap { $0 }, durability: .full)
        return run.key
    }

    @Test(arguments: [true, false])
    func `a task waits for another dag, whichever begins first`(comesFirst: Bool) async throws {
        let bench = try SchedulerBench([Leader(), Follower()], endsWhenIdle: false, clock: clock)
        let running = Task { try await bench.scheduler.run() }
        let date = clock.now
        if comesFirst {
            _ = try await trigger(0, at: date - 3600, bench)
            bench.scheduler.poke()
            while try await bench.store.runs(RunQuery(dagID: "leader")).first?.state != .success {
                await Task.yield()
            }
        }
        let key = try await trigger(1, at: date, bench)
        bench.scheduler.poke()
        if !comesFirst {
            while try await state(bench, key) != .deferred { await Task.yield() }
            _ = try await trigger(0, at: date - 3600, bench)
            bench.scheduler.poke()
        }
        while try await bench.store.snapshot(of: key)?.run.state != .success { await Task.yield() }
        bench.scheduler.stop()
        try await running.value

        let events = try await bench.store.events(of: key)
        #expect(!events.contains { $0.kind == .running }, "no attempt is made for a wait")
    }

    @Test func `one that failed elsewhere fails who waits for it`() async throws {
        let bench = try SchedulerBench([Leader(), Follower()], endsWhenIdle: false, clock: clock)
        let running = Task { try await bench.scheduler.run() }
        let key = try await trigger(1, at: clock.now, bench)
        _ = try await trigger(0, at: clock.now - 3600, conf: ["fails": true], bench)
        bench.scheduler.poke()
        while try await state(bench, key) != .failed { await Task.yield() }

        let other = try await bench.store.taskInstances(of: key)[1]
        #expect(other.state == .deferred, "no state but an allowed one ends this wait")
        bench.scheduler.stop()
        try await running.value
    }

    @Test func `a rehearsal waits as a run does`() async throws {
        let services = TaskServices(metadata: StoreTaskMetadata(InMemoryStore()))
        let spec = try DAGSpec(Quick())
        let rehearsal = Rehearsal(
            services: services, now: { Date().roundedToMicroseconds },
            makeLogger: { _ in TaskLogger { _, _, _ in } })

        let snapshot = try await rehearsal.run(.manual(spec, by: "test", at: Date()), of: spec)

        #expect(snapshot.run.state == .success)
        #expect(snapshot.instances.map(\.state) == [.success, .success])
    }

    private struct Quick: DAG {
        var configuration = DAGConfiguration("quick")
        func build(_ dag: inout DAGBuilder) {
            let soon = dag.task("soon", run: TimeDeltaSensor(.milliseconds(1)))
            dag.sensor("twice", after: soon, waiting: SensorOptions(pokeInterval: .milliseconds(1))) {
                context in
                Poke.when(context.attempt.pokeCount == 1)
            }
        }
    }
}
