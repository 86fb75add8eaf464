/// When a request that failed is sent again, and after which delay.
///
/// ```swift
/// let response = try await client.send(.init(url: url), retrying: HTTPRetry(tries: 3))
/// ```
///
/// Transient errors are tried again with delays that double; a server's `Retry-After` goes before them.
public struct HTTPRetry: Hashable, Sendable {
    /// How many times a request is sent at most.
    public var tries: Int

    /// The delay before the second try, from which the others double.
    public var firstDelay: Duration

    /// The longest delay of our own.
    public var longestDelay: Duration

    /// The first delay after a 429 that does not say how long to wait.
    public var rateLimitDelay: Duration

    /// The longest delay that a server may ask for.
    public var retryAfterCap: Duration

    /// Creates the rules.
    public init(
        tries: Int = 4, firstDelay: Duration = .seconds(1), longestDelay: Duration = .seconds(60),
        rateLimitDelay: Duration = .seconds(30), retryAfterCap: Duration = .seconds(900)
    ) {
        self.tries = tries
        self.firstDelay = firstDelay
        self.longestDelay = longestDelay
        self.rateLimitDelay = rateLimitDelay
        self.retryAfterCap = retryAfterCap
    }

    /// How long to wait after the try of this number failed; `nil` if it was the last one.
    ///
    /// - Parameter jitter: 0 to 1; a delay of our own is between its half and its whole.
    public func delay(after error: HTTPError, tryNumber: Int, jitter: Double) -> Duration? {
        guard error.isTransient, tryNumber < tries else { return nil }
        if let wish = error.retryAfter { return min(wish, retryAfterCap) }
        var delay = firstDelay
        if case .status(429, _, _, _) = error { delay = max(delay, rateLimitDelay) }
        for _ in 1..<max(tryNumber, 1) where delay < longestDelay { delay *= 2 }
        return min(delay, max(longestDelay, rateLimitDelay)) * (0.5 + 0.5 * min(max(jitter, 0), 1))
    }

    /// Runs `body` until it succeeds, fails for good, or the tries are used up.
    ///
    /// - Parameters:
    ///   - clock: What waits between tries.
    ///   - jitter: Gives a number from 0 to 1 for each delay.
    ///   - onRetry: Is told of each failure that another try follows, with the delay before it.
    /// - Throws: The last ``HTTPError``, any other error of `body` at once, or `CancellationError`.
    public func run<Value>(
        clock: any Clock<Duration> = ContinuousClock(),
        jitter: () -> Double = { Double.random(in: 0...1) },
        onRetry: (HTTPError, Duration) -> Void = { _, _ in },
        _ body: () async throws -> Value
    ) async throws -> Value {
        var tryNumber = 1
        while true {
            do {
                return try await body()
            } catch let error as HTTPError {
                guard let delay = delay(after: error, tryNumber: tryNumber, jitter: jitter()) else {
                    throw error
                }
                onRetry(error, delay)
                try await clock.sleep(for: delay)
                tryNumber += 1
            }
        }
    }
}

extension HTTPClient {
    /// Sends a request, again if it fails in passing, and returns an answer that is a success.
    ///
    /// Mind that a request whose answer was lost is sent again: use it where a repetition does no harm.
    ///
    /// - Throws: ``HTTPError``, or `CancellationError` if the task is cancelled.
    public func send(
        _ request: Request, retrying retry: HTTPRetry, clock: any Clock<Duration> = ContinuousClock(),
        onRetry: (HTTPError, Duration) -> Void = { _, _ in }
    ) async throws -> Response {
        try await retry.run(clock: clock, onRetry: onRetry) {
            let response = try await send(request)
            try response.requireSuccess()
            return response
        }
    }
}
