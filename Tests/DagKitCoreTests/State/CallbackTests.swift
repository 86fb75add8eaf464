import DagKitCore
import FoundationEssentials
import Testing

@Suite struct CallbackTests {
    @Test func `a task calls back when it starts, is tried again and succeeds, the run when it ends`() throws
    {
        let (notices, _) = try play(["work": ["fail", "success"]])

        #expect(
            notices.map { "\($0.receiver.name): \($0.title)" }
                == [
                    "watch: task calls/RUN/work: try 1 of 2 started",
                    "watch: task calls/RUN/work: try 1 of 2 failed",
                    "watch: task calls/RUN/work: try 2 of 2 started", "watch: task calls/RUN/work succeeded",
                    "watch: task calls/RUN/check.more: try 1 of 1 started",
                    "watch: task calls/RUN/check.more succeeded",
                    "sight: task calls/RUN/check.more succeeded", "own: task calls/RUN/last was skipped",
                    "end: run calls/RUN succeeded", "end#2: run calls/RUN succeeded",
                ].map { $0.replacing("RUN", with: notices[0].run.runID.rawValue) })
        #expect(Set(notices.map(\.id)).count == notices.count)
        #expect(notices[1].nextTryAt != nil)
        #expect(notices[1].reason == "fail")
        #expect(notices.last?.task == nil)
    }

    @Test func `a task with callbacks of its own calls nobody else, a group adds to those of its DAG`() throws
    {
        let spec = try DAGSpec(Calls())

        #expect(spec.task("work")?.callbacks.map(\.name) == ["watch", "email_on_failure"])
        #expect(spec.task("check.more")?.callbacks.map(\.name) == ["watch", "sight", "email_on_failure"])
        #expect(spec.task("last")?.callbacks.map(\.name) == ["own", "email_on_failure"])
    }

    @Test func `tasks that end since another one failed fast are told of, what people ask for is not`() throws
    {
        let spec = try DAGSpec(FailsFast())
        var machine = RunMachine(creating: .manual(spec, by: "test", at: .noon), of: spec)
        let ready = machine.advance(.start, at: .noon).ready
        _ = machine.advance(
            .dispatched(ready.enumerated().map { ($1, AttemptID(rawValue: Int64($0 + 1))) }), at: .noon)
        _ = machine.advance(.mark([ready[2]], .failed, actor: "ada"), at: .noon + 1)
        _ = machine.advance(outcome("asked", 3), at: .noon + 2)
        _ = machine.takeBatch()
        _ = machine.advance(outcome("bad", 1), at: .noon + 3)
        _ = machine.advance(outcome("slow", 2), at: .noon + 4)

        let told = machine.takeBatch()?.notices ?? []

        #expect(told.map(\.task?.taskID) == ["bad", "slow", nil])
        #expect(told.map(\.reason) == ["killed", "fail_fast: task bad failed", "task bad failed"])
        #expect(machine.run.state == .failed)
    }

    @Test func `what was marked by hand while it ran is not told once it is carried out`() throws {
        let spec = try DAGSpec(FailsFast())
        var machine = RunMachine(creating: .manual(spec, by: "test", at: .noon), of: spec)
        let ready = machine.advance(.start, at: .noon).ready
        _ = machine.advance(.dispatched([(ready[2], AttemptID(rawValue: 3))]), at: .noon)
        _ = machine.advance(.mark([ready[2]], .failed, actor: "ada"), at: .noon + 1)
        _ = machine.advance(outcome("asked", 3), at: .noon + 2)

        #expect(machine.takeBatch()?.notices == [])
    }

    private func outcome(_ task: TaskID, _ attempt: Int64) -> RunMachine.Event {
        let run = RunKey("fails_fast", RunID(RunType.manual.runID(for: .noon)))
        return .finished(
            AttemptOutcome(
                attemptID: AttemptID(rawValue: attempt), key: TaskInstanceKey(run, task), tryNumber: 1,
                verdict: .failed(reason: "killed", isRetryable: false, retryDelay: nil), startedAt: .noon,
                endedAt: .noon))
    }

    /// The notices of a run whose tasks come to what is given.
    private func play(_ outcomes: [String: [String]]) throws -> ([Notice], RunMachine) {
        let player = RunPlayer(try DAGSpec(Calls()), outcomes: outcomes)
        let machine = player.play()
        return (player.notices, machine)
    }
}

private struct Calls: DAG {
    var configuration = DAGConfiguration(
        "calls",
        defaults: TaskDefaults(
            emailOnFailure: ["ana@example.org"],
            callbacks: [.on(.execute, .success, .retry, notify: SilentNotifier(), name: "watch")]),
        callbacks: [
            .on(.success, notify: SilentNotifier(), name: "end"),
            .on(.success, notify: SilentNotifier(), name: "end"),
        ])

    func build(_ dag: inout DAGBuilder) {
        let work = dag.task("work", options: TaskOptions(retries: 1)) { _ in }
        let more = dag.group(
            "check", after: work,
            defaults: { $0.callbacks.append(.on(.success, notify: SilentNotifier(), name: "sight")) }
        ) { dag in
            dag.task("more") { _ in }
            return dag.wholeGroup
        }
        dag.task(
            "last", after: more,
            options: TaskOptions(
                triggerRule: .allFailed, callbacks: [.on(.skipped, notify: SilentNotifier(), name: "own")])
        ) { _ in }
    }
}

private struct FailsFast: DAG {
    var configuration = DAGConfiguration(
        "fails_fast", failsFast: true,
        defaults: TaskDefaults(callbacks: [.on(.failure, notify: SilentNotifier())]),
        callbacks: [.on(.failure, notify: SilentNotifier())])

    func build(_ dag: inout DAGBuilder) {
        dag.task("bad") { _ in }
        dag.task("slow") { _ in }
        dag.task("asked") { _ in }
    }
}
