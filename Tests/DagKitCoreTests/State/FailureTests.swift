import DagKitCore
import FoundationEssentials
import Testing

@Suite struct FailureTests {
    @Test(arguments: [
        ("retry", "failed", 3), ("fail", "failed", 1), ("skip", "skipped", 1), ("later", "failed", 3),
        ("own", "failed", 1),
    ])
    func `a policy decides by the error what becomes of a try, and the task's own word stands`(
        error: String, state: String, tries: Int
    ) async throws {
        var run = try DAGRehearsal(Picky(error: error))
        try await run.run()

        #expect(run.states["work"] == state)
        #expect(run.machine.instances.first?.tryNumber == tries)
        #expect(run.reason("work")?.contains("mishap \(error)") == true || error == "own")
    }

    @Test func `a policy's delay takes the place of the task's`() async throws {
        var run = try DAGRehearsal(Picky(error: "later"))
        try await run.run()

        // Two retries: a minute after the first try, two after the second.
        #expect(run.now == .noon + 180)
    }

    @Test
    func `the first failure of a dag that fails fast ends what runs, skips the rest and spares teardowns`()
        throws
    {
        let spec = try DAGSpec(Fast())
        var machine = RunMachine(creating: .manual(spec, by: "test", at: .noon), of: spec)
        func place(_ id: TaskID) -> InstanceRef { InstanceRef(task: spec.index(of: id) ?? -1, instance: 0) }
        func outcome(_ id: TaskID, _ attempt: Int64, _ verdict: AttemptOutcome.Verdict) -> RunMachine.Event {
            .finished(
                AttemptOutcome(
                    attemptID: AttemptID(rawValue: attempt), key: machine[place(id)].key, tryNumber: 1,
                    verdict: verdict, startedAt: .noon, endedAt: .noon))
        }
        _ = machine.advance(.start, at: .noon)
        _ = machine.advance(.dispatched([(place("make"), AttemptID(rawValue: 1))]), at: .noon)
        _ = machine.advance(outcome("make", 1, .success(nil)), at: .noon)
        _ = machine.advance(
            .dispatched([(place("bad"), AttemptID(rawValue: 2)), (place("slow"), AttemptID(rawValue: 3))]),
            at: .noon)

        let step = machine.advance(
            outcome("bad", 2, .failed(reason: "no", isRetryable: false, retryDelay: nil)), at: .noon)
        #expect(step.kills.map(\.attempt) == [AttemptID(rawValue: 3)])
        _ = machine.advance(outcome("slow", 3, .success(nil)), at: .noon)

        let states = Dictionary(
            uniqueKeysWithValues: machine.instances.map { ($0.taskID.rawValue, $0.state) })
        #expect(states["slow"] == .failed)
        #expect(states["later"] == .skipped)
        #expect(states["clean"] == .scheduled)
        _ = machine.advance(.dispatched([(place("clean"), AttemptID(rawValue: 4))]), at: .noon)
        _ = machine.advance(outcome("clean", 4, .success(nil)), at: .noon)
        #expect(machine.run.state == .failed)
        #expect(machine.run.reason == "task bad failed" || machine.run.reason == "task slow failed")
    }

    @Test func `limits below one and other trigger rules in a dag that fails fast are reported`() throws {
        let error = #expect(throws: DAGValidationError.self) { try DAGSpec(BadLimits()) }

        #expect(
            error?.description == """
                Bad.swift:3: error: task "a" has maxActiveInstances "0", below one; write 1 or more
                Bad.swift:4: error: task "b" has trigger rule all_done in a dag that fails fast; \
                use all_success, or let the dag not fail fast
                """)
    }

    @Test func `weights that add up beyond Airflow's column stay at its bounds`() throws {
        let spec = try DAGSpec.fixture(tasks: [
            FixtureTask(id: "a", upstream: [], weight: Int.max),
            FixtureTask(id: "b", upstream: ["a"], weight: Int.max),
        ])

        #expect(spec.tasks.map(\.priorityWeight) == [2_147_483_647, 2_147_483_647])
    }
}

private struct Mishap: Error, CustomStringConvertible {
    let text: String
    var description: String { "mishap \(text)" }
}

private struct Picky: DAG {
    var configuration = DAGConfiguration("picky")
    var error: String

    func build(_ dag: inout DAGBuilder) {
        let text = error
        let policy = ErrorPolicy("by text") { error, tryNumber in
            switch (error as? Mishap)?.text {
            case "fail": .fail
            case "skip": .skip(reason: "\(error)")
            case "later": .retryAfter(.seconds(60 * tryNumber))
            default: .retry
            }
        }
        dag.task("work", options: TaskOptions(retries: 2, errorPolicy: policy)) { _ in
            if text == "own" { throw TaskFailure.noRetry("told so", remedy: "no") }
            throw Mishap(text: text)
        }
    }
}

private struct Fast: DAG {
    var configuration = DAGConfiguration("fast", failsFast: true)

    func build(_ dag: inout DAGBuilder) {
        let made = dag.setup("make") { _ in }
        let bad = dag.task("bad", after: made) { _ in }
        let slow = dag.task("slow", after: made) { _ in }
        let later = dag.task("later", after: slow) { _ in }
        dag.teardown("clean", of: made, after: bad, later) { _, _ in }
    }
}

private struct BadLimits: DAG {
    var configuration = DAGConfiguration("bad", failsFast: true)

    func build(_ dag: inout DAGBuilder) {
        dag.empty("a", options: TaskOptions(maxActiveInstances: 0), fileID: "Bad.swift", line: 3)
        dag.empty("b", options: TaskOptions(triggerRule: .allDone), fileID: "Bad.swift", line: 4)
    }
}
