import DagKit
public import FoundationEssentials

/// The wall clock that stamps fetches, loads and mails, and what waits between two calls.
///
/// Tasks use the machine's unless the deployment's services hold another:
///
/// ```swift
/// services[MarketClock.self] = MarketClock(now: { noon })
/// ```
public struct MarketClock: Sendable {
    /// The time.
    public let now: @Sendable () -> Date

    /// Waits; it obeys cancellation.
    public let sleep: @Sendable (Duration) async throws -> Void

    /// Creates a clock; unless told otherwise, its waits are real.
    public init(
        now: @escaping @Sendable () -> Date,
        sleep: @escaping @Sendable (Duration) async throws -> Void = {
            try await ContinuousClock().sleep(for: $0)
        }
    ) {
        self.now = now
        self.sleep = sleep
    }

    /// The machine's clock: a live fetch is stamped with it, so that here, at the edge, it is read.
    public static let machine = MarketClock(now: { Date() })
}

extension TaskContext {
    /// The deployment's ``MarketClock``.
    var marketClock: MarketClock { services[MarketClock.self] ?? .machine }

    /// The time by the deployment's ``MarketClock``.
    var now: Date { marketClock.now().roundedToMicroseconds }
}
