import DagKitCore
import FoundationEssentials

/// When a task that failed is tried again.
struct RetryVector: Vector {
    static let format = "retry-cases/1"

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

    struct Expectation: Decodable {
        let next_retry: String
        let delay_min: Double
        let delay_max: Double
    }

    func mismatch(zones: SystemZones) throws -> Mismatch? {
        let policy = RetryPolicy(
            delay: .seconds(retry_delay), isExponential: exponential_backoff,
            maximumDelay: max_retry_delay.map { .seconds($0) })
        let attempt = RetryPolicy.Attempt(
            dagID: dag_id, taskID: task_id, logicalDate: try Date(isoText: logical_date),
            tryNumber: try_number)
        let next = policy.nextTry(after: attempt, failedAt: try Date(isoText: end_date))
        let bounds = Duration.seconds(expect.delay_min)...Duration.seconds(expect.delay_max)
        guard next == (try Date(isoText: expect.next_retry)), bounds.contains(policy.delay(after: attempt))
        else {
            return Mismatch(expected: expect.next_retry, got: next.vectorText)
        }
        return nil
    }
}
