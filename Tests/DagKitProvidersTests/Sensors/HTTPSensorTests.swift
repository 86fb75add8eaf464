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

    @Test func `it waits through 404, trouble and unfit answers`() async throws {
        let clock = RecordingClock()
        let handler = playing([
            .text("", status: 404), .text("", status: 503), .text("busy"), .text("ready"),
        ])

        try await serving(handler) { url in
            let run = try OperatorRun(connections: [Connection("api", type: "http", host: url)])
            _ = try await run(
                HTTPSensor(HTTPOperator(connection: "api"), every: .seconds(7), clock: clock) {
                    $0.text == "ready"
                })
        }

        #expect(clock.sleeps == [.seconds(7), .seconds(7), .seconds(7)])
    }

    @Test func `its patience has an end`() async throws {
        let clock = RecordingClock()
        try await serving(playing([.text("", status: 404)])) { url in
            let run = try OperatorRun(connections: [Connection("api", type: "http", host: url)])

            let error = await #expect(throws: TaskFailure.self) {
                try await run(
                    HTTPSensor(
                        HTTPOperator(connection: "api"), every: .seconds(10), patience: .seconds(25),
                        clock: clock))
            }

            #expect(error?.isRetryable == false)
        }
        #expect(clock.sleeps.count == 2)
    }

    @Test func `it may skip when it is late`() async throws {
        try await serving(playing([.text("", status: 404)])) { url in
            let run = try OperatorRun(connections: [Connection("api", type: "http", host: url)])

            await #expect(throws: TaskSkip.self) {
                try await run(
                    HTTPSensor(
                        HTTPOperator(connection: "api"), patience: .zero, skipsWhenLate: true,
                        clock: RecordingClock()))
            }
        }
    }

    @Test func `an error for good fails at once`() async throws {
        let clock = RecordingClock()
        try await serving(playing([.text("", status: 401)])) { url in
            let run = try OperatorRun(connections: [Connection("api", type: "http", host: url)])

            await #expect(throws: TaskFailure.self) {
                try await run(HTTPSensor(HTTPOperator(connection: "api"), clock: clock))
            }
        }
        #expect(clock.sleeps.isEmpty)
    }
}
