import DagKitCore
import FoundationEssentials
import Testing

@Suite struct WaitingTests {
    private func play(_ dag: some DAG = Waits()) throws -> Play { try Play(DAGSpec(dag)) }

    private func place(_ id: TaskID, in play: Play) -> InstanceRef {
        InstanceRef(task: play.machine.spec.index(of: id) ?? -1, instance: 0)
    }

    @Test func `a sensor that has not seen it yet waits, holds nothing, and spends no try`() throws {
        var play = try play()
        play.finish("poll", .waiting(until: .noon + 60, reason: "no file"))

        let waiting = play.instance("poll")
        #expect(waiting.state == .upForReschedule)
        #expect(waiting.attemptID == nil)
        #expect(waiting.reason == "no file")
        #expect(play.machine.nextDeadline == .noon + 60)

        play.now = .noon + 60
        play.ask(.tick)
        #expect(play.instance("poll").state == .scheduled)
        _ = play.dispatch("poll")
        #expect(play.instance("poll").tryNumber == 1)
        #expect(play.instance("poll").startDate == .noon)
    }

    @Test func `a clock that is early wakes nothing`() throws {
        var play = try play()
        play.finish("poll", .waiting(until: .noon + 60, reason: "no file"))

        play.now = .noon + 59
        play.ask(.tick)

        #expect(play.instance("poll").state == .upForReschedule)
    }

    @Test func `the start of the first try stays known to the tries after it, until a clear`() throws {
        var play = try play()
        play.finish("poll", .failed(reason: "no", isRetryable: true, retryDelay: .seconds(10)))
        play.now = .noon + 10
        play.ask(.tick)
        _ = play.dispatch("poll")

        #expect(play.instance("poll").startDate == .noon + 10)
        #expect(play.instance("poll").firstStart == .noon)
        play.ask(.mark([place("poll", in: play)], .failed, actor: "ada"))
        #expect(play.instance("poll").endRequest == .failed)
    }

    @Test func `a deferred task is done when its instant comes, and no attempt is made`() throws {
        var play = try play()
        let step = play.ask(.deferred([place("gate", in: play)]))

        #expect(step.waits.map(\.isOver) == [false])
        #expect(play.instance("gate").state == .deferred)
        #expect(play.instance("gate").reason == "waits until 2023-11-14T22:14:20+00:00")
        play.now = .noon + 60
        play.ask(.tick)

        #expect(play.instance("gate").state == .success)
        #expect(play.instance("gate").duration == 60)
        #expect(play.ready.last == "behind")
    }

    @Test func `one whose instant is past is done at once`() throws {
        var play = try play()
        play.now = .noon + 3600
        play.ask(.deferred([place("gate", in: play)]))

        #expect(play.instance("gate").state == .success)
    }

    @Test(arguments: [(false, TaskState.failed), (true, .skipped)])
    func `a wait beyond its timeout fails for good, or skips`(softFail: Bool, state: TaskState) throws {
        var play = try play(Waits(softFail: softFail))
        play.ask(.deferred([place("other", in: play)]))
        #expect(play.machine.nextDeadline == .noon + 600)

        play.now = .noon + 600
        play.ask(.tick)

        #expect(play.instance("other").state == state)
        #expect(play.instance("other").reason?.contains("waited in vain for 600.0 seconds") == true)
    }

    @Test func `what failed elsewhere is waited for again by the next try, within the same timeout`() throws {
        var play = try play()
        let other = place("other", in: play)
        play.ask(.deferred([other]))
        guard let awaited = play.instance("other").awaits else {
            Issue.record("nothing is waited for")
            return
        }
        play.now = .noon + 100
        play.ask(.awaited(other, awaited, .failed(reason: "run x/y is failed")))
        #expect(play.instance("other").state == .upForRetry)

        play.now = .noon + 130
        play.ask(.tick)
        play.ask(.deferred([other]))

        #expect(play.instance("other").tryNumber == 2)
        #expect(play.machine.nextDeadline == .noon + 600)
        play.ask(.awaited(other, .instant(.noon), .success))
        #expect(play.instance("other").state == .deferred, "an answer to another question counts for nothing")
        play.ask(.awaited(other, awaited, .success))
        #expect(play.instance("other").state == .success)
    }

    @Test func `what waits can be cleared and marked at once, and leaves a try behind`() throws {
        var play = try play()
        play.finish("poll", .waiting(until: .noon + 60, reason: "no file"))
        play.ask(.deferred([place("gate", in: play)]))
        let step = play.ask(.clear([place("poll", in: play), place("gate", in: play)], actor: "ada"))

        #expect(step.waits.map(\.isOver) == [true])
        #expect(play.instance("poll").state == .scheduled)
        #expect(play.instance("poll").awaits == nil)
        #expect(play.machine.takeBatch()?.history.map(\.state) == [.failed, .failed])
        play.ask(.deferred([place("gate", in: play)]))
        play.ask(.mark([place("gate", in: play)], .success, actor: "ada"))
        #expect(play.instance("gate").state == .success)
    }

    @Test func `a run that times out skips what waits`() throws {
        var play = try play(Waits(runTimeout: .seconds(30)))
        play.finish("poll", .waiting(until: .noon + 60, reason: "no file"))
        play.ask(.deferred([place("gate", in: play), place("other", in: play)]))

        play.now = .noon + 30
        play.ask(.tick)

        #expect(play.machine.run.state == .failed)
        #expect(play.machine.instances.allSatisfy { $0.state == .skipped })
    }

    @Test func `a run goes on from the store with all that waits`() throws {
        var play = try play()
        play.finish("poll", .waiting(until: .noon + 60, reason: "no file"))
        play.ask(.deferred([place("gate", in: play), place("other", in: play)]))
        var snapshot = RunSnapshot(run: play.machine.run, instances: play.machine.instances)
        let events = play.machine.takeBatch()?.events ?? []
        #expect(RunSnapshot(folding: events, of: play.machine.spec)?.instances == snapshot.instances)

        snapshot.run.revision = 1
        let other = RunMachine(snapshot, of: play.machine.spec, at: .noon + 10)

        #expect(other.nextDeadline == .noon + 60)
        #expect(other.deferred.count == 2)
    }
}

/// A task for each way to wait.
private struct Waits: DAG {
    var configuration = DAGConfiguration(
        "waits", defaults: TaskDefaults(retries: 1, retryDelay: .seconds(30)))
    var softFail = false

    init(softFail: Bool = false, runTimeout: Duration? = nil) {
        self.softFail = softFail
        configuration.runTimeout = runTimeout
    }

    func build(_ dag: inout DAGBuilder) {
        dag.sensor("poll") { _ in Poke<None>.notYet() }
        let gate = dag.task("gate", run: TimeDeltaSensor(.seconds(60)))
        dag.task(
            "other", run: ExternalTaskSensor(run: "elsewhere", timeout: .minutes(10), softFail: softFail))
        dag.task("behind", after: gate) { _ in }
    }
}
