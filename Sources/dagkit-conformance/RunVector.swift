import DagKitCore
import FoundationEssentials

/// A whole run: what each attempt of each task does, and what becomes of the run.
struct RunVector: Vector {
    static let format = "dag-run-cases/1"

    let id: String
    let tasks: [Member]
    let expect: Expectation

    struct Member: Decodable {
        let id: String
        let upstream: [String]
        let rule: TriggerRule
        let retries: Int
        let kind: TaskKind
        let teardown_of: [String]?
        let on_failure_fail_dagrun: Bool?
        let attempts: [Effect]
    }

    /// What an attempt does.
    enum Effect: String, Decodable {
        case success, fail, skip
        case failNow = "fail_now"
    }

    struct Expectation: Decodable, Equatable {
        let run: String
        let tasks: [String: String]
        let tries: [String: Int]

        /// All of it on one line, the tasks in order.
        var text: String {
            let states = tasks.sorted { $0.key < $1.key }.map {
                "\($0.key)=\($0.value)/\(tries[$0.key] ?? 0)"
            }
            return "\(run) \(states.joined(separator: " "))"
        }
    }

    /// Runs the case with several orders of execution, which must make no difference.
    func mismatch(zones: SystemZones) throws -> Mismatch? {
        for order in Order.allCases {
            var rehearsal = try RunRehearsal(self, order: order)
            let result = rehearsal.finish()
            if result != expect {
                return Mismatch(expected: expect.text, got: "\(result.text) (\(order.rawValue) task first)")
            }
        }
        return nil
    }

    /// Which of the tasks that may start is executed next.
    enum Order: String, CaseIterable { case first, last, middle }
}
