import DagKit
import FoundationEssentials
import Synchronization

/// The source that the deployment names.
extension PipelineStep {
    /// The source of `crypto.source`; CoinCap if nobody chose. Nothing is ever made up in its place.
    func marketSource() async throws -> any MarketSource {
        switch settings.source {
        case .generated(let seed): return GeneratedSource(seed: seed)
        case .replay(let folder): return ReplaySource(folder: folder)
        case .coincap, nil: return try await coinCapSource()
        }
    }

    private func coinCapSource() async throws -> CoinCapSource {
        let configuration = try await CoinCapConfiguration(
            context.services.metadata, metering: settings.metering)
        let clock = context.marketClock
        return CoinCapSource(
            configuration, transport: HTTPCoinCapTransport(now: { clock.now().roundedToMicroseconds }),
            hooks: hooks(isMetered: configuration.isMetered))
    }

    /// Counts credits before they are spent, and waits short delays only: a long one gives the task's slot
    /// back.
    private func hooks(isMetered: Bool) -> CoinCapHooks {
        let pause = CallPause(context)
        var hooks = CoinCapHooks(onRetry: { pause.note($0, $1) }, wait: { try await pause.wait($0) })
        if isMetered { hooks.beforeCall = { try await reserveCredit() } }
        return hooks
    }

    private func reserveCredit() async throws -> CreditUsage {
        let usage = try await store.reserveCredits(
            limit: settings.creditLimit, warning: settings.creditWarning, now: now)
        if usage.isNearlySpent { context.logger.warning("CoinCap: \(usage)") }
        return usage
    }
}

/// The wait between two calls of one fetch.
private final class CallPause: Sendable {
    /// The longest that a task waits by itself; beyond it, its try fails and the next one is due after the
    /// delay.
    static let longest: Duration = .seconds(10)

    private let context: TaskContext
    private let last = Mutex<CoinCapError?>(nil)

    init(_ context: TaskContext) { self.context = context }

    func note(_ error: CoinCapError, _ delay: Duration) {
        last.withLock { $0 = error }
        if delay <= Self.longest {
            context.logger.warning("\(error.problem); calling again in \(delay.components.seconds) s")
        }
    }

    func wait(_ delay: Duration) async throws {
        if delay > Self.longest, let error = last.withLock({ $0 }) {
            throw TaskFailure.retry(after: delay, error.problem, remedy: error.remedy)
        }
        try await context.marketClock.sleep(delay)
    }
}
