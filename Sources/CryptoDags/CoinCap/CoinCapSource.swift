/// CoinCap's API, v3 or v2, over a transport.
///
/// ```swift
/// let configuration = try CoinCapConfiguration(url: "https://rest.coincap.io/v3", apiKey: key)
/// let source = CoinCapSource(configuration, transport: HTTPCoinCapTransport())
/// ```
public struct CoinCapSource: MarketSource {
    /// Where and how it calls.
    public let configuration: CoinCapConfiguration

    private let transport: any CoinCapTransport
    private let hooks: CoinCapHooks

    public var name: String { configuration.sourceName }

    /// Creates a source.
    public init(
        _ configuration: CoinCapConfiguration, transport: any CoinCapTransport,
        hooks: CoinCapHooks = CoinCapHooks()
    ) {
        self.configuration = configuration
        self.transport = transport
        self.hooks = hooks
    }

    public func fetch(_ request: MarketRequest) async throws -> SnapshotPayload {
        try configuration.requireKey()
        let wanted = max(1, request.wanted)
        var pages: [RawAnswer] = []
        var received = 0
        while received < wanted {
            let limit = min(wanted - received, CoinCapConfiguration.pageLimit)
            let page = try await page(limit: limit, offset: received, isFirst: pages.isEmpty)
            pages.append(page.answer)
            received += page.count
            if page.count < limit { break }
        }
        return SnapshotPayload(source: name, pages: pages, wanted: request.wanted)
    }

    private func page(limit: Int, offset: Int, isFirst: Bool) async throws -> (answer: RawAnswer, count: Int)
    {
        try await repeating(seed: UInt64(offset)) { usage in
            try await tryPage(limit: limit, offset: offset, isFirst: isFirst, usage: usage)
        }
    }

    /// Makes a call, and makes it again as the kind of its failure allows; each call is counted before it is made.
    func repeating<Value>(
        seed: UInt64, _ call: (CreditUsage?) async throws -> Value
    ) async throws -> Value {
        var plan = RetryPlan(isMetered: configuration.isMetered, seed: seed)
        while true {
            let usage = try await hooks.beforeCall()
            do {
                return try await call(usage)
            } catch let error as CoinCapError {
                guard let delay = plan.delay(after: error) else { throw error }
                await hooks.onRetry(error, delay)
                try await hooks.wait(delay)
            }
        }
    }

    private func tryPage(
        limit: Int, offset: Int, isFirst: Bool, usage: CreditUsage?
    ) async throws -> (answer: RawAnswer, count: Int) {
        let query = "limit=\(limit)" + (offset > 0 ? "&offset=\(offset)" : "")
        let answer = try await get("\(configuration.assetsURL)?\(query)")
        let list = try AnswerClassifier.assets(
            of: answer, isFirstPage: isFirst, query: query, address: configuration.host, usage: usage)
        return (answer, list.assets.count)
    }
}

extension CoinCapSource {
    /// One GET with the key in its header.
    func get(_ url: String) async throws -> RawAnswer {
        var headers = ["Accept": "application/json"]
        if let key = configuration.apiKey { headers["Authorization"] = "Bearer \(key)" }
        return try await transport.get(url, headers: headers)
    }
}

/// What surrounds the calls of a ``CoinCapSource``.
public struct CoinCapHooks: Sendable {
    /// Runs before each call, may refuse it, and tells the credits used; ``MarketStore/reserveCredits(_:provider:limit:now:)``.
    public var beforeCall: @Sendable () async throws -> CreditUsage?

    /// Hears of a failed call that is made again, and how long after.
    public var onRetry: @Sendable (CoinCapError, Duration) async -> Void

    /// Waits between two calls; it must obey cancellation.
    public var wait: @Sendable (Duration) async throws -> Void

    /// Creates hooks; without arguments there is no guard and waits are real.
    public init(
        beforeCall: @escaping @Sendable () async throws -> CreditUsage? = { nil },
        onRetry: @escaping @Sendable (CoinCapError, Duration) async -> Void = { _, _ in },
        wait: @escaping @Sendable (Duration) async throws -> Void = {
            try await ContinuousClock().sleep(for: $0)
        }
    ) {
        self.beforeCall = beforeCall
        self.onRetry = onRetry
        self.wait = wait
    }
}

/// Decides when a failed call is made again; it holds the state of one page.
public struct RetryPlan: Sendable {
    /// How many calls are made at most.
    public static let tries = 4

    private let isMetered: Bool
    private let seed: UInt64
    private var failures = 0
    private var waited: Duration = .zero

    /// Creates a plan; on a metered endpoint only transient failures are tried again.
    public init(isMetered: Bool, seed: UInt64) {
        self.isMetered = isMetered
        self.seed = seed
    }

    /// How long to wait before the next call; `nil` if there is none.
    public mutating func delay(after error: CoinCapError) -> Duration? {
        failures += 1
        guard failures < Self.tries, let delay = wish(error.retry), waited + delay <= .seconds(1_200) else {
            return nil
        }
        waited += delay
        return delay
    }

    private func wish(_ retry: CoinCapRetry) -> Duration? {
        switch retry {
        case .backOff: jittered(seconds: 1)
        case .slowBackOff: jittered(seconds: 30)
        // A date that has passed, or 0, is no leave to call without pause.
        case .after(let delay): max(delay, .seconds(1))
        case .once: isMetered || failures > 1 ? nil : jittered(seconds: 1)
        case .never: nil
        }
    }

    /// Doubled from failure to failure, and up to a half more, so that many clients do not come back at once.
    private func jittered(seconds: Double) -> Duration {
        let doubled = seconds * Double(1 << (failures - 1))
        return .seconds(doubled * (1 + GeneratedRandom.unit(seed, 0, UInt64(failures)) / 2))
    }
}
