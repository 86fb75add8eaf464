import DagKitCore
import FoundationEssentials
import Testing

@Suite struct RetryPolicyTests {
    /// Measured with Airflow 2.10.5 (DAG crypto_data_pipeline, task fetch, 2024-01-01).
    @Test(arguments: [
        (30, 1, 56), (30, 2, 104), (30, 3, 183), (30, 4, 323), (30, 6, 1_591), (30, 10, 24_217),
        (30, 20, 86_400),
        (300, 1, 326), (300, 2, 1_064), (300, 3, 2_103), (300, 4, 4_643), (300, 6, 12_151), (300, 10, 86_400),
        (300, 1_000_000_000, 86_400), (300, .max, 86_400),
    ])
    func `a growing delay is Airflow's to the second`(base: Int, tryNumber: Int, seconds: Int) throws {
        let policy = RetryPolicy(delay: .seconds(base), isExponential: true)
        let attempt = RetryPolicy.Attempt(
            dagID: "crypto_data_pipeline", taskID: "fetch", logicalDate: try Fixture.instant("2024-01-01"),
            tryNumber: tryNumber)

        #expect(policy.delay(after: attempt) == .seconds(seconds))
    }

    @Test(arguments: [Duration.seconds(Int64.max), .minutes(Int.max), .hours(Int.max), .days(Int.max)])
    func `the longest delay still ends at an instant`(delay: Duration) throws {
        let policy = RetryPolicy(delay: delay)
        let attempt = RetryPolicy.Attempt(
            dagID: "d", taskID: "t", logicalDate: try Fixture.instant("2024-01-01"), tryNumber: 1)

        #expect(policy.nextTry(after: attempt, failedAt: .noon) > .noon + 1e11)
    }

    @Test func `an instance of an older version with more retries than can be counted has a last try`() throws
    {
        let run = RunKey("d", "r")
        let spec = try DAGSpec.fixture(tasks: [FixtureTask(id: "a", upstream: [])])
        let dagRun = DAGRun(
            key: run, type: .manual, logicalDate: nil, dataInterval: nil, runAfter: .noon, queuedAt: .noon,
            structureHash: "")

        let order = AttemptOrder(
            attemptID: AttemptID(rawValue: 1),
            instance: TaskInstance(key: TaskInstanceKey(run, "a"), maxTries: .max, operatorName: "Fixture"),
            run: dagRun, task: spec.tasks[0], params: [:])

        #expect(order.lastTry == .max)
    }

    @Test(arguments: [1_000_001, Int.max, -1])
    func `retries out of range are refused`(retries: Int) {
        #expect(throws: DAGValidationError.self) {
            try DAGSpec.fixture(tasks: [FixtureTask(id: "a", upstream: [], retries: retries)])
        }
    }

    @Test func `a delay that does not grow knows no maximum`() throws {
        let policy = RetryPolicy(delay: .days(3), maximumDelay: .minutes(1))
        let attempt = RetryPolicy.Attempt(
            dagID: "d", taskID: "t", logicalDate: try Fixture.instant("2024-01-01"), tryNumber: 5)

        #expect(policy.delay(after: attempt) == .days(3))
    }

    @Test func `a delay of nothing still grows from one second on`() throws {
        let policy = RetryPolicy(delay: .zero, isExponential: true)
        let attempt = RetryPolicy.Attempt(
            dagID: "d", taskID: "t", logicalDate: try Fixture.instant("2024-01-01"), tryNumber: .max)

        #expect(policy.delay(after: attempt) == .seconds(1))
    }
}
