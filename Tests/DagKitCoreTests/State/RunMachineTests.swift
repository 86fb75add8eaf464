import DagKitCore
import FoundationEssentials
import Testing

@Suite struct RunMachineTests {
    @Test func `a finished task makes its downstream task ready in the same step`() throws {
        var play = try Play(
            .fixture(tasks: [FixtureTask(id: "a", upstream: []), FixtureTask(id: "b", upstream: ["a"])]))

        let step = play.finish("a", .success(nil))

        #expect(step.events.map(\.kind) == [.succeeded, .scheduled])
        #expect(play.ready == ["b"])
    }

    @Test func `an empty task is done in the commit that makes it ready`() throws {
        var play = try Play(
            .fixture(tasks: [
                FixtureTask(id: "a", upstream: [], isEmpty: true),
                FixtureTask(id: "b", upstream: ["a"], isEmpty: true),
            ]), starts: false)

        let step = play.machine.advance(.start, at: .noon)

        #expect(step.events.map(\.kind) == [.runStarted, .succeeded, .succeeded, .runSucceeded])
    }

    @Test func `a failed try with tries left is due after its delay, and the earlier try is kept`() throws {
        var play = try Play(.fixture(tasks: [FixtureTask(id: "a", upstream: [], retries: 1)]))

        play.finish("a", .failed(reason: "no luck", isRetryable: true, retryDelay: nil))
        #expect(play.instance("a").state == .upForRetry)
        #expect(play.machine.nextDeadline == play.now + 300)
        _ = play.machine.takeBatch()
        let step = play.machine.advance(.tick, at: play.now + 300)

        #expect(step.events.map(\.kind) == [.scheduled])
        #expect(play.instance("a").tryNumber == 2)
        #expect(play.machine.takeBatch()?.history.map(\.tryNumber) == [1])
    }

    @Test func `a retry falls due whatever digits its instant has`() throws {
        let spec = try DAGSpec.fixture(tasks: [FixtureTask(id: "a", upstream: [], retries: 1)])
        for number in 1...500 {
            var play = try Play(spec)
            play.now += Double(number) * 1.234567
            let delay = Duration.nanoseconds(1_000_003 * number)
            play.finish("a", .failed(reason: "no", isRetryable: true, retryDelay: delay))

            let due = try #require(play.machine.nextDeadline)
            _ = play.machine.advance(.tick, at: due)

            #expect(play.instance("a").state == .scheduled, "after \(delay)")
        }
    }

    @Test func `a failure that asks for no retry is final`() throws {
        var play = try Play(.fixture(tasks: [FixtureTask(id: "a", upstream: [], retries: 5)]))

        play.finish("a", .failed(reason: "never", isRetryable: false, retryDelay: nil))

        #expect(play.instance("a").state == .failed)
        #expect(play.machine.run.state == .failed)
        #expect(play.machine.run.reason == "task a failed")
    }

    @Test func `a late result of an attempt that lost its right changes nothing and is counted`() throws {
        var play = try Play(.fixture(tasks: [FixtureTask(id: "a", upstream: [], retries: 1)]))
        let stale = play.dispatch("a")
        play.finish(stale, .notStarted(reason: "lost"))
        _ = play.dispatch("a")

        let step = play.finish(stale, .success(nil))

        #expect(step.events.isEmpty)
        #expect(play.instance("a").state == .running)
        #expect(play.machine.staleOutcomes == 1)
    }

    @Test func `an attempt that never began goes again under the same try number`() throws {
        var play = try Play(.fixture(tasks: [FixtureTask(id: "a", upstream: [])]))

        play.finish("a", .notStarted(reason: "the worker was gone"))

        #expect(play.instance("a").state == .scheduled)
        #expect(play.instance("a").tryNumber == 1)
        #expect(play.ready == ["a"])
    }

    @Test func `a mapped task gets an instance per element, and a join waits for all of them`() throws {
        var play = try Play(
            .fixture(tasks: [
                FixtureTask(id: "list", upstream: []),
                FixtureTask(id: "each", upstream: ["list"], mappedOver: "list"),
                FixtureTask(id: "join", upstream: ["each"]),
            ]))
        play.finish("list", .success(EncodedOutput(json: "[1,2,3]", typeName: "[Int]", count: 3)))
        #expect(play.ready == ["each", "each", "each"])

        for index in 0..<3 {
            #expect(play.machine.instances.last?.state == nil)
            play.finish("each", mapIndex: index, .success(nil))
        }

        #expect(play.ready == ["join"])
    }

    @Test func `a task mapped over nothing is skipped`() throws {
        var play = try Play(
            .fixture(tasks: [
                FixtureTask(id: "list", upstream: []),
                FixtureTask(id: "each", upstream: ["list"], mappedOver: "list"),
            ]))

        play.finish("list", .success(EncodedOutput(json: "[]", typeName: "[Int]", count: 0)))

        #expect(play.instance("each").state == .skipped)
        #expect(play.machine.run.state == .success)
    }

    @Test func `a run that takes too long skips what has not begun and fails once what runs has ended`()
        throws
    {
        var play = try Play(
            .fixture(
                runTimeout: .seconds(60),
                tasks: [FixtureTask(id: "a", upstream: []), FixtureTask(id: "b", upstream: ["a"])]))
        let attempt = play.dispatch("a")

        let step = play.machine.advance(.tick, at: play.now + 60)
        #expect(step.kills.map(\.attempt) == [attempt.id])
        #expect(play.instance("b").state == .skipped)
        #expect(play.machine.run.state == .running)
        play.finish(attempt, .failed(reason: "killed", isRetryable: true, retryDelay: nil))

        #expect(play.machine.run.state == .failed)
        #expect(play.machine.run.reason == "timed_out")
    }

    @Test func `a run whose open tasks can never run fails as deadlocked`() throws {
        let spec = try DAGSpec.fixture(tasks: [
            FixtureTask(id: "a", upstream: []), FixtureTask(id: "b", upstream: ["a"]),
        ])
        var machine = RunMachine(creating: .manual(spec, by: "test", at: .noon), of: spec)
        _ = machine.advance(.start, at: .noon)
        var snapshot = RunSnapshot(run: machine.run, instances: machine.instances)
        snapshot.instances[0].state = .removed

        var resumed = RunMachine(snapshot, of: spec, at: .noon)
        _ = resumed.advance(.start, at: .noon)

        #expect(resumed.run.state == .failed)
        #expect(resumed.run.reason == "all_tasks_deadlocked")
    }

    @Test(arguments: 0..<60)
    func `random runs end, and their events fold exactly to their state`(seed: Int) throws {
        var random = SplitMix(seed: UInt64(seed))
        let spec = try Self.randomSpec(&random)
        let acts = Dictionary(
            uniqueKeysWithValues: spec.tasks.map { task in
                (
                    task.id.rawValue,
                    (0..<4).map { _ in
                        ["success", "success", "fail", "fail_now", "skip"].randomElement(using: &random)!
                    }
                )
            })

        let player = RunPlayer(spec, outcomes: acts, order: Order.allCases.randomElement(using: &random)!)
        let machine = player.play()

        #expect(machine.run.state.isFinished, "seed \(seed)")
        let folded = try #require(RunSnapshot(folding: player.events, of: spec))
        #expect(folded.instances == machine.instances, "seed \(seed)")
        #expect(folded.run.state == machine.run.state, "seed \(seed)")
        #expect(folded.run.endDate == machine.run.endDate, "seed \(seed)")
    }

    private static func randomSpec(_ random: inout SplitMix) throws -> DAGSpec {
        let rules = TriggerRule.allCases.filter { $0 != .allDoneSetupSuccess }
        let count = Int.random(in: 1...25, using: &random)
        let tasks = (0..<count).map { index in
            FixtureTask(
                id: "t\(index)",
                upstream: (0..<index).filter { _ in Int.random(in: 0..<max(index, 3), using: &random) < 2 }
                    .map { "t\($0)" },
                rule: rules.randomElement(using: &random)!, retries: Int.random(in: 0...2, using: &random),
                isEmpty: Int.random(in: 0..<6, using: &random) == 0)
        }
        return try .fixture(tasks: tasks)
    }
}
