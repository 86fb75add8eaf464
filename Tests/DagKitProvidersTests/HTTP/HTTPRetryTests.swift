import DagKitCore
import DagKitHTTPServer
import DagKitProviders
import Synchronization
import Testing

@Suite struct HTTPRetryTests {
    private static let broken = HTTPError.truncated(origin: "https://h")

    private func status(_ status: Int, retryAfter: Duration? = nil) -> HTTPError {
        .status(status, origin: "https://h", excerpt: "", retryAfter: retryAfter)
    }

    @Test func `delays double up to the longest`() {
        let retry = HTTPRetry(tries: 9, longestDelay: .seconds(60))

        let delays = (1...8).map { retry.delay(after: Self.broken, tryNumber: $0, jitter: 1) }

        #expect(delays == [1, 2, 4, 8, 16, 32, 60, 60].map { Duration.seconds($0) })
    }

    @Test func `jitter takes away at most half`() {
        #expect(HTTPRetry().delay(after: Self.broken, tryNumber: 1, jitter: 0) == .milliseconds(500))
    }

    @Test func `the last try is not followed by another`() {
        #expect(HTTPRetry(tries: 2).delay(after: Self.broken, tryNumber: 2, jitter: 1) == nil)
    }

    @Test func `an error for good is not tried again`() {
        #expect(HTTPRetry().delay(after: status(404), tryNumber: 1, jitter: 1) == nil)
    }

    @Test func `the server's wish goes before our own delay, up to the cap`() {
        let retry = HTTPRetry()

        #expect(
            retry.delay(after: status(429, retryAfter: .seconds(7)), tryNumber: 3, jitter: 0) == .seconds(7))
        #expect(
            retry.delay(after: status(503, retryAfter: .seconds(86_400)), tryNumber: 1, jitter: 0)
                == .seconds(900))
    }

    @Test func `a rate limit without a wish starts at its own delay`() {
        #expect(HTTPRetry().delay(after: status(429), tryNumber: 1, jitter: 1) == .seconds(30))
    }

    @Test func `a request is sent until it succeeds`() async throws {
        let count = Mutex(0)
        let clock = RecordingClock()
        try await serving { _ in
            let number = count.withLock { count in
                count += 1
                return count
            }
            return number < 3
                ? HTTPResponse(status: 503, headers: ["Retry-After": "11"]) : .text("answer \(number)")
        } while: { url in
            let response = try await HTTPClient().send(.init(url: url), retrying: HTTPRetry(), clock: clock)

            #expect(response.text == "answer 3")
        }
        #expect(clock.sleeps == [.seconds(11), .seconds(11)])
    }

    @Test func `the last error is thrown when the tries are used up`() async throws {
        let clock = RecordingClock()
        var retries: [HTTPError] = []

        await #expect(throws: Self.broken) {
            try await HTTPRetry(tries: 3).run(
                clock: clock, jitter: { 1 }, onRetry: { error, _ in retries.append(error) }
            ) {
                throw Self.broken
            }
        }

        #expect(clock.sleeps == [.seconds(1), .seconds(2)])
        #expect(retries == [Self.broken, Self.broken])
    }

    @Test func `an error of another kind is thrown at once`() async throws {
        struct Other: Error {}
        let clock = RecordingClock()

        await #expect(throws: Other.self) { try await HTTPRetry().run(clock: clock) { throw Other() } }

        #expect(clock.sleeps.isEmpty)
    }
}
