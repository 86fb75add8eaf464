import DagKitCore
import FoundationEssentials
import Testing

@Suite struct ClockShiftTests {
    /// What a clock that was ten years ahead is set back by.
    private static let years: Duration = .seconds(-315_360_000)

    private func play(_ dag: Timed = Timed()) throws -> Play { try Play(DAGSpec(dag)) }

    private func place(_ id: TaskID, in play: Play) -> InstanceRef {
        InstanceRef(task: play.machine.spec.index(of: id) ?? -1, instance: 0)
    }

    @Test(arguments: [ClockShiftTests.years, .seconds(-3_600), .seconds(3_600)])
    func `a retry comes after its delay, however the clock is set meanwhile`(jump: Duration) throws {
        var play = try play()
        play.finish("work", .failed(reason: "no", isRetryable: true, retryDelay: nil))
        play.now += 10 + jump.seconds

        play.ask(.clockShifted(by: jump))

        #expect(play.machine.nextDeadline == play.now + 20)
        play.now += 19
        play.ask(.tick)
        #expect(play.instance("work").state == .upForRetry)
        play.now += 1
        play.ask(.tick)
        #expect(play.instance("work").state == .scheduled)
    }

    @Test(arguments: [ClockShiftTests.years, .seconds(3_600)])
    func `a run times out after its limit, however the clock is set meanwhile`(jump: Duration) throws {
        var play = try play(Timed(runTimeout: .seconds(60)))
        _ = play.dispatch("work")
        play.now += 50 + jump.seconds

        play.ask(.clockShifted(by: jump))

        #expect(play.machine.nextDeadline == play.now + 10)
        #expect(play.ask(.tick).kills.isEmpty)
        play.now += 10
        #expect(play.ask(.tick).kills.count == 1)
        #expect(play.machine.run.reason == RunMachine.timedOut)
    }

    @Test func `a look comes after its interval, and the wait of a sensor keeps its length`() throws {
        var play = try play()
        play.finish("poll", .waiting(until: .noon + 60, reason: "no file"))
        play.ask(.deferred([place("other", in: play)]))
        play.now += 10 + Self.years.seconds

        play.ask(.clockShifted(by: Self.years))

        #expect(play.instance("poll").awaits == .instant(play.now + 50))
        #expect(play.instance("poll").reason == "no file")
        #expect(play.instance("other").firstStart == play.now - 10)
        play.now += 50
        play.ask(.tick)
        #expect(play.instance("poll").state == .scheduled)
        play.now += 540
        play.ask(.tick)
        #expect(play.instance("other").state == .failed)
    }

    @Test func `a wait until an instant that somebody chose stays, one that counts from the start moves`()
        throws
    {
        var play = try play()
        play.ask(.deferred([place("chosen", in: play), place("own", in: play)]))
        play.now += 10 + 3_600

        play.ask(.clockShifted(by: .seconds(3_600)))

        #expect(play.instance("chosen").awaits == .instant(.noon + 86_400))
        #expect(play.instance("own").awaits == .instant(.noon + 3_660))
        #expect(play.instance("own").reason == "waits until \((Date.noon + 3_660).isoText)")
    }

    @Test func `a deadline after the creation moves, one at an instant does not`() throws {
        var play = try play(
            Timed(deadlines: [
                DeadlineAlert("fixed", .fixed(.noon + 5_000)),
                DeadlineAlert("own", .queuedAt, within: .hours(1)),
            ]))
        play.now += 6_000

        let step = play.ask(.clockShifted(by: .seconds(6_000)))

        #expect(step.events.filter { $0.kind == .deadlineMissed }.map(\.detail["deadline"]) == ["fixed"])
        #expect(play.machine.nextDeadline == play.now + 3_600)
    }

    @Test func `the events of a shift fold to what is stored, and the batch has what changed`() throws {
        var play = try play(Timed(runTimeout: .hours(1)))
        play.finish("work", .failed(reason: "no", isRetryable: true, retryDelay: nil))
        play.finish("poll", .waiting(until: .noon + 60, reason: "no file"))
        play.ask(.deferred([place("own", in: play), place("chosen", in: play)]))
        let before = play.machine.takeBatch()
        play.now += Self.years.seconds

        play.ask(.clockShifted(by: Self.years))

        let taken = play.machine.takeBatch()
        let batch = try #require(taken)
        #expect(batch.changesRun)
        #expect(batch.instances.map(\.taskID.rawValue).sorted() == ["chosen", "own", "poll", "work"])
        let events = (before?.events ?? []) + batch.events
        let fold = try #require(RunSnapshot(folding: events, of: play.machine.spec))
        #expect(fold.instances == play.machine.instances)
        var run = play.machine.run
        run.revision = fold.run.revision
        #expect(fold.run == run)
        let adopted = RunMachine(
            RunSnapshot(run: play.machine.run, instances: fold.instances), of: play.machine.spec, at: play.now
        )
        #expect(adopted.nextDeadline == play.machine.nextDeadline)
    }

    @Test func `a run that has ended keeps its instants`() throws {
        var play = try play()
        play.ask(.markRun(.failed, actor: "ada"))
        #expect(play.machine.run.state == .failed)

        #expect(play.ask(.clockShifted(by: Self.years)).events.isEmpty)
        #expect(play.machine.lead(at: .noon - 1_000) == .zero)
    }

    @Test func `what lies ahead of the clock is known by the newest instant of what is under way`() throws {
        var play = try play()
        play.now += 100
        play.finish("work", .failed(reason: "no", isRetryable: true, retryDelay: .hours(5)))

        #expect(play.machine.lead(at: play.now) == .zero)
        #expect(play.machine.lead(at: .noon) == .seconds(100))
        play.now = .noon
        play.ask(.clockShifted(by: .seconds(-100)))
        #expect(play.machine.lead(at: .noon) == .zero)
        // Its own delay, which is longer than that of its task, is kept.
        #expect(play.instance("work").nextTryAt == .noon + 18_000)
    }

    @Test func `an attempt that says it ended later than now has its retry after the delay from now`() throws
    {
        var play = try play()
        let attempt = play.dispatch("work")
        let poll = play.dispatch("poll")

        for (attempt, verdict) in [
            (attempt, AttemptOutcome.Verdict.failed(reason: "no", isRetryable: true, retryDelay: nil)),
            (poll, .waiting(until: .noon + 7_260, reason: "no file")),
        ] {
            play.ask(
                .finished(
                    AttemptOutcome(
                        attemptID: attempt.id, key: attempt.key, tryNumber: 1, verdict: verdict,
                        startedAt: .noon, endedAt: .noon + 7_200)))
        }

        #expect(play.instance("work").endDate == .noon)
        #expect(play.instance("work").nextTryAt == .noon + 30)
        #expect(play.instance("poll").awaits == .instant(.noon + 60))
    }

    @Test func `an attempt that did not begin is not tried again in a run that timed out`() throws {
        var play = try play(Timed(runTimeout: .seconds(60)))
        let attempt = play.dispatch("work")
        play.now += 60
        play.ask(.tick)
        play.ready = []

        let step = play.finish(attempt, .notStarted(reason: "the supervisor did not get it"))

        #expect(step.ready.isEmpty)
        #expect(play.instance("work").state == .skipped)
        #expect(play.machine.run.state == .failed)
        #expect(play.machine.run.reason == RunMachine.timedOut)
    }
}

/// A DAG of everything that takes its time.
private struct Timed: DAG {
    var configuration = DAGConfiguration(
        "timed", defaults: TaskDefaults(retries: 1, retryDelay: .seconds(30)))

    init(runTimeout: Duration? = nil, deadlines: [DeadlineAlert] = []) {
        configuration.runTimeout = runTimeout
        configuration.deadlines = deadlines
    }

    func build(_ dag: inout DAGBuilder) {
        dag.task("work") { _ in }
        dag.sensor("poll") { _ in Poke<None>.notYet() }
        dag.task("other", run: ExternalTaskSensor(run: "elsewhere", timeout: .minutes(10)))
        dag.task("chosen", run: DateTimeSensor { _ in .noon + 86_400 })
        dag.task("own", run: AfterStart())
    }
}

/// Waits for a minute from the start of its task.
private struct AfterStart: InstantSensor {
    let waiting = SensorOptions(timeout: .hours(2))

    func instant(of run: DAGRun, start: Date) -> Date { start + 60 }
}
