import DagKitCore
import FoundationEssentials
import Testing

@Suite struct RetryConformanceTests {
    struct Case: Decodable {
        struct Expectation: Decodable {
            let next_retry: String
            let delay: Double
            let delay_min: Double
            let delay_max: Double
        }
        let id: String
        let dag_id: String
        let task_id: String
        let logical_date: String
        let try_number: Int
        let retry_delay: Double
        let exponential_backoff: Bool
        let max_retry_delay: Double?
        let end_date: String
        let expect: Expectation
    }

    @Test func `every recorded retry is due at the reference's microsecond`() throws {
        let file = try ConformanceFile<Case>.load("retry_cases.json")

        #expect(file.format == "retry-cases/1")
        #expect(file.cases.count == 200)
        for vector in file.cases {
            let policy = RetryPolicy(
                delay: .seconds(vector.retry_delay), isExponential: vector.exponential_backoff,
                maximumDelay: vector.max_retry_delay.map { .seconds($0) })
            let attempt = RetryPolicy.Attempt(
                dagID: vector.dag_id, taskID: vector.task_id,
                logicalDate: try Fixture.instant(vector.logical_date), tryNumber: vector.try_number)
            let next = policy.nextTry(after: attempt, failedAt: try Fixture.instant(vector.end_date))

            #expect(next == (try Fixture.instant(vector.expect.next_retry)), "\(vector.id): \(next.isoText)")
            let bounds = Duration.seconds(vector.expect.delay_min)...Duration.seconds(vector.expect.delay_max)
            #expect(bounds.contains(policy.delay(after: attempt)), "\(vector.id)")
        }
    }
}
