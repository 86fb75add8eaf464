import DagKitCore
import DagKitHTTPServer
import DagKitProviders
import Synchronization
import Testing

@Suite struct HTTPSensorTests {
    /// Answers request after request with these responses, the last one for ever.
    private func playing(_ responses: [HTTPResponse]) -> HTTPServer.Handler {
        let played = Box()
        return { _ in responses[min(played.next(), responses.count - 1)] }
    }

    private final class Box: Sendable {
        private let count = Mutex(0)
        func next() -> Int {
            count.withLock { count in
                defer { count += 1 }
                return count
            }
        }
    }

    private func verdicts(
        _ responses: [HTTPResponse], looks: Int,
        until condition: @escaping HTTPSensor.Condition = { _ in true }
    ) async throws -> [String] {
        var seen: [String] = []
        try await serving(playing(responses)) { url in
            let run = try OperatorRun(connections: [Connection("api", type: "http", host: url)])
            let sensor = HTTPSensor(HTTPOperator(connection: "api"), until: condition)
            for _ in 0..<looks {
                switch await run.outcome(of: sensor).verdict {
                case .success(let output): seen.append(output?.json ?? "")
                case .waiting(_, let reason): seen.append("waits: \(reason)")
                case .failed(_, let isRetryable, _): seen.append("fails, \(isRetryable)")
                case .skipped, .notStarted: seen.append("?")
                }
            }
        }
        return seen
    }

    @Test func `it waits through 404, trouble and unfit answers, and returns the answer`() async throws {
        let seen = try await verdicts(
            [.text("", status: 404), .text("", status: 503), .text("busy"), .text("ready")], looks: 4
        ) { $0.text == "ready" }

        #expect(seen.map { $0.hasPrefix("waits: ") } == [true, true, true, false])
        #expect(seen[0] == "waits: GET answered 404")
        #expect(seen.last == "\"ready\"")
    }

    @Test func `an error for good fails at once`() async throws {
        #expect(try await verdicts([.text("", status: 401)], looks: 1) == ["fails, false"])
    }
}
