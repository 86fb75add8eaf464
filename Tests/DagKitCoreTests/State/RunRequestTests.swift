import DagKitCore
import FoundationEssentials
import Testing

@Suite struct RunRequestTests {
    /// a, then b, then c.
    private func chain(retries: Int = 0) throws -> Play {
        try Play(
            .fixture(tasks: [
                FixtureTask(id: "a", upstream: [], retries: retries),
                FixtureTask(id: "b", upstream: ["a"], retries: retries),
                FixtureTask(id: "c", upstream: ["b"], retries: retries),
            ]))
    }

    // MARK: Clear

    @Test func `a clear lets a task of an ended run go again, and the run with it`() throws {
        var play = try chain(retries: 2)
        play.finish("a", .success(nil))
        play.finish("b", .failed(reason: "no", isRetryable: false, retryDelay: nil))
        #expect(play.machine.run.state == .failed)
        _ = play.machine.takeBatch()

        play.ask(.clear(play.all("b", "c"), actor: "ada"))

        #expect(play.machine.run.state == .queued)
        #expect(play.machine.run.clearNumber == 1)
        #expect(play.instance("b").state == nil)
        #expect(play.instance("c").state == nil)
        #expect(play.instance("b").maxTries == 3)
        #expect(play.machine.takeBatch()?.history.map(\.state) == [.failed])
        play.ask(.start)
        play.finish("b", .success(nil))
        #expect(play.instance("b").tryNumber == 2)
        play.finish("c", .success(nil))
        #expect(play.machine.run.state == .success)
    }

    @Test func `a clear gives a task another idempotency key, and the others keep theirs`() throws {
        var play = try chain()
        play.finish("a", .success(nil))

        play.ask(.clear(play.all("a"), actor: "ada"))

        #expect(play.instance("a").clearNumber == 1)
        #expect(play.instance("b").clearNumber == 0)
    }

    @Test func `a running task that is cleared is killed first and starts again after its death`() throws {
        var play = try chain()
        let attempt = play.dispatch("a")

        let step = play.ask(.clear(play.all("a"), actor: "ada"))
        #expect(step.kills.map(\.attempt) == [attempt.id])
        #expect(play.instance("a").state == .restarting)
        play.ready.removeAll()
        play.finish(attempt, .success(nil))

        #expect(play.instance("a").state == .scheduled)
        #expect(play.instance("a").tryNumber == 2)
        #expect(play.ready == ["a"])
        #expect(play.machine.takeBatch()?.outputs.isEmpty == true)
    }

    @Test func `a clear waits for nothing that a cleared upstream task still has to do`() throws {
        var play = try chain()
        for task in ["a", "b", "c"] { play.finish(task, .success(nil)) }
        play.ask(.clear(play.all("a", "b", "c"), actor: "ada"))
        play.ready.removeAll()

        play.ask(.start)

        #expect(play.ready == ["a"])
        #expect(play.instance("b").state == nil)
    }

    @Test func `what waits for a slot or has not begun is left as it is by a clear`() throws {
        var play = try chain()

        let step = play.ask(.clear(play.all("a", "b"), actor: "ada"))

        #expect(step.events.isEmpty)
    }

    @Test func `a clear in a run that is being ended takes the end back`() throws {
        var play = try chain()
        _ = play.dispatch("a")
        play.ask(.markRun(.failed, actor: "ada"))
        #expect(play.machine.run.reason == "marked_failed")

        play.ask(.clear(play.all("b", "c"), actor: "ada"))

        #expect(play.machine.run.reason == nil)
        #expect(play.machine.run.state == .queued)
    }

    // MARK: Mark

    @Test func `a task marked a success lets its downstream tasks go on`() throws {
        var play = try chain()
        play.finish("a", .failed(reason: "no", isRetryable: false, retryDelay: nil))
        #expect(play.instance("b").state == .upstreamFailed)

        play.ask(.mark(play.all("a"), .success, actor: "ada"))
        play.ask(.start)

        #expect(play.instance("a").state == .success)
        #expect(play.instance("a").reason == "marked success by ada")
        #expect(play.ready.last == "b")
        #expect(play.machine.run.state == .running)
    }

    @Test(arguments: [MarkedState.success, .failed])
    func `a running task that is marked is killed first, and its late result is refused`(
        state: MarkedState
    )
        throws
    {
        var play = try chain(retries: 3)
        let attempt = play.dispatch("a")

        let step = play.ask(.mark(play.all("a"), state, actor: "ada"))
        #expect(step.kills.map(\.attempt) == [attempt.id])
        #expect(play.instance("a").state == .running)
        play.finish(
            attempt,
            state == .success ? .failed(reason: "killed", isRetryable: true, retryDelay: nil) : .success(nil))

        #expect(play.instance("a").state?.rawValue == state.rawValue)
        play.finish(attempt, .success(nil))
        #expect(play.machine.staleOutcomes == 1)
    }

    @Test func `the last failed task of an ended run marked a success makes the run a success`() throws {
        var play = try chain()
        play.finish("a", .success(nil))
        play.finish("b", .success(nil))
        play.finish("c", .failed(reason: "no", isRetryable: false, retryDelay: nil))
        #expect(play.machine.run.state == .failed)

        play.ask(.mark(play.all("c"), .success, actor: "ada"))

        #expect(play.machine.run.state == .success)
    }

    @Test func `a run marked failed ends what runs, skips the rest, and fails when all is dead`() throws {
        var play = try chain(retries: 3)
        let attempt = play.dispatch("a")

        let step = play.ask(.markRun(.failed, actor: "ada"))
        #expect(step.kills.map(\.attempt) == [attempt.id])
        #expect(play.instance("b").state == .skipped)
        #expect(play.machine.run.state == .running)
        play.finish(attempt, .success(nil))

        #expect(play.instance("a").state == .failed)
        #expect(play.machine.run.state == .failed)
        #expect(play.machine.run.reason == "marked_failed")
    }

    @Test func `a run marked a success has only tasks that are a success`() throws {
        var play = try chain()
        play.finish("a", .failed(reason: "no", isRetryable: false, retryDelay: nil))

        play.ask(.markRun(.success, actor: "ada"))

        #expect(play.machine.run.state == .success)
        #expect(play.machine.instances.allSatisfy { $0.state == .success })
    }

    @Test func `a scheduler that takes a run over kills again what somebody wanted ended`() throws {
        var play = try chain()
        let attempt = play.dispatch("a")
        play.ask(.clear(play.all("a"), actor: "ada"))
        let snapshot = RunSnapshot(run: play.machine.run, instances: play.machine.instances)

        var next = RunMachine(snapshot, of: play.machine.spec, at: play.now)
        let step = next.advance(.start, at: play.now)

        #expect(step.kills.map(\.attempt) == [attempt.id])
    }

    @Test func `a task that was to start anew is skipped when its run times out before it could`() throws {
        var play = try Play(
            .fixture(runTimeout: .hours(1), tasks: [FixtureTask(id: "a", upstream: [])]))
        let attempt = play.dispatch("a")
        play.ask(.clear(play.all("a"), actor: "ada"))

        play.now += 3601
        let step = play.ask(.tick)
        play.finish(attempt, .success(nil))

        #expect(step.kills.map(\.reason) == ["the run took longer than its dagrun_timeout of 3600.0 seconds"])
        #expect(play.instance("a").state == .skipped)
        #expect(play.machine.run.state == .failed)
    }

    @Test
    func `instances that a shorter list has no element for are removed, running ones once they are dead`()
        throws
    {
        var play = try Play(
            .fixture(tasks: [
                FixtureTask(id: "list", upstream: []),
                FixtureTask(id: "each", upstream: ["list"], mappedOver: "list"),
            ]))
        play.finish("list", .success(try EncodedOutput(encoding: [1, 2, 3])))
        let second = play.dispatch("each", mapIndex: 1)
        play.ask(.clear(play.all("list"), actor: "ada"))

        let step = play.finish("list", .success(try EncodedOutput(encoding: [1])))
        let states = (0..<3).map { play.instance("each", mapIndex: $0).state }
        play.finish(second, .success(nil))

        #expect(step.kills == [AttemptKill(second.id, reason: "the list has 1 elements now")])
        #expect(states == [.scheduled, .running, .removed])
        #expect(play.instance("each", mapIndex: 1).state == .removed)
        #expect(play.machine.run.state == .running)
    }

    // MARK: Selection

    @Test func `a selection spreads along the edges and is narrowed by states`() throws {
        var play = try chain()
        play.finish("a", .success(nil))
        play.finish("b", .failed(reason: "no", isRetryable: false, retryDelay: nil))
        let machine = play.machine
        func chosen(_ selection: TaskSelection) -> [String] {
            selection.references(in: machine).map { machine[$0].taskID.rawValue }
        }

        #expect(chosen(TaskSelection()) == ["a", "b", "c"])
        #expect(chosen(TaskSelection(tasks: ["b"])) == ["b"])
        #expect(chosen(TaskSelection(tasks: ["b"], includesDownstream: true)) == ["b", "c"])
        #expect(chosen(TaskSelection(tasks: ["b"], includesUpstream: true)) == ["a", "b"])
        #expect(
            chosen(TaskSelection(tasks: ["a"], includesDownstream: true, states: [.failed])) == ["b"])
    }
}

extension Play {
    fileprivate func all(_ ids: TaskID...) -> [InstanceRef] {
        TaskSelection(tasks: Set(ids)).references(in: machine)
    }
}
