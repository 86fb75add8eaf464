import CryptoDags
import DagKit
import DagKitHTTPServer
import DagKitSQL
import FoundationEssentials
import Synchronization

/// Both crypto workflows over simulated days: a run each half hour, monitoring each hour, on a clock of its own, against
/// a server of its own that fails by plan.
///
/// Everything but the time is real: the tasks, the HTTP calls, the store. It ends in a verdict: what was injected must
/// be found once, and nothing else.
///
/// ```swift
/// let result = try await MarketSimulation(days: 4, seed: 1).run()
/// result.problems  // []
/// ```
public struct MarketSimulation: Sendable {
    private let home: String?
    private let steps: Int
    private let seed: UInt64
    private let plan: SimulationPlan

    /// 2025-10-01 00:00:00 UTC.
    private static let start = Date(timeIntervalSince1970: 1_759_276_800)

    /// Creates a simulation.
    ///
    /// - Parameters:
    ///   - home: An empty folder for the store, which stays; without it the store is in memory.
    ///   - spacing: The half hours between two injected anomalies.
    ///   - faultSpacing: The half hours between two faults of the source; it must be even.
    public init(
        home: String? = nil, days: Int, seed: UInt64, spacing: Int = 90, faultSpacing: Int = 22
    ) {
        precondition(faultSpacing.isMultiple(of: 2) && spacing > 0)
        self.home = home
        self.seed = seed
        steps = days * 48
        plan = SimulationPlan(steps: steps, spacing: spacing, faultSpacing: faultSpacing)
    }

    /// Runs all days.
    ///
    /// - Parameter progress: Hears of each day that has passed.
    /// - Throws: What the store throws; failures of runs are part of the result.
    public func run(progress: (Int) async throws -> Void = { _ in }) async throws -> SimulationResult {
        let source = SimulatedSource()
        return try await HTTPServer.serving({ source.answer($0) }) { server in
            try await run(source, url: "\(server.url)/v3", progress: progress)
        }
    }

    private func run(
        _ source: SimulatedSource, url: String, progress: (Int) async throws -> Void
    ) async throws -> SimulationResult {
        let clock = SimulatedClock(Self.start)
        let store = try await openStore()
        do {
            let runner = try SimulatedRunner(
                [CryptoDataPipeline(), CryptoMonitoring()], url: url, clock: clock, store: store)
            // On the thread of the store: what tasks ask it for needs no hand-over.
            let result = try await withTaskExecutorPreference(store.database.writingExecutor) {
                try await run(source, runner, progress: progress)
            }
            await store.database.close()
            return result
        } catch {
            await store.database.close()
            throw error
        }
    }

    private func openStore() async throws -> MarketStore {
        if let home { return try await MarketStore.open(inHome: home, now: Self.start) }
        return try await MarketStore.open(SQLiteDatabase.inMemory(), codec: GzipBodyCodec(), now: Self.start)
    }

    private func run(
        _ source: SimulatedSource, _ runner: SimulatedRunner, progress: (Int) async throws -> Void
    ) async throws -> SimulationResult {
        var market = SimulatedMarket(seed: seed)
        var judge = SimulationJudge(plan: plan)
        for step in 0..<steps {
            try Task.checkCancellation()
            let now = Self.start.addingTimeInterval(Double(step) * 1_800)
            runner.clock.set(now)
            market.advance(plan.events[step] ?? [])
            source.prepare(market, at: now, fault: plan.faults[step])
            judge.pipeline(step, isGreen: try await runner.run("crypto_data_pipeline", step: step))
            if step.isMultiple(of: 2) {
                let isGreen = try await runner.run("crypto_monitoring", step: step)
                judge.monitoring(step, isGreen: isGreen, alerts: try await runner.alerts(at: now))
            }
            if (step + 1).isMultiple(of: 48) {
                try await runner.deliver()
                judge.day(try await runner.measure(day: (step + 1) / 48))
                try await progress((step + 1) / 48)
            }
        }
        return judge.result(steps: steps, state: try await runner.state())
    }
}

/// The time of a simulation.
final class SimulatedClock: Sendable {
    private let time: Mutex<Date>

    init(_ start: Date) { time = Mutex(start) }

    var now: Date { time.withLock { $0 } }

    func set(_ now: Date) { time.withLock { $0 = now } }
}

/// The server side: one answer at a time, and what goes wrong with it.
final class SimulatedSource: Sendable {
    private let state = Mutex(State())

    private struct State {
        var body = ""
        var fault: SimulationPlan.Fault?
        var calls = 0
    }

    /// Sets the answer of a step; an unchanged one stays that of the step before.
    func prepare(_ market: SimulatedMarket, at now: Date, fault: SimulationPlan.Fault?) {
        state.withLock { state in
            state.fault = fault
            state.calls = 0
            switch fault {
            case .unchanged: break
            case .missingRank: state.body = market.document(at: now, flaw: .missingRank)
            case .negativePrice: state.body = market.document(at: now, flaw: .negativePrice)
            default: state.body = market.document(at: now)
            }
        }
    }

    func answer(_ request: HTTPRequest) -> HTTPResponse {
        let (body, fault, isFirst) = state.withLock { state in
            state.calls += 1
            return (state.body, state.fault, state.calls == 1)
        }
        switch fault {
        case .outage: return .text("service under maintenance", status: 503)
        case .serverError where isFirst: return .text("internal server error", status: 500)
        case .rateLimit where isFirst:
            var response = HTTPResponse.text("slow down", status: 429)
            response.headers["Retry-After"] = "2"
            return response
        case .html where isFirst:
            return .text("<!DOCTYPE html><title>One moment</title>", type: "text/html; charset=utf-8")
        case .truncated where isFirst:
            return .json(String(body.prefix(body.count / 2)))
        default:
            var response = HTTPResponse.json(body)
            // On one machine it would only be packed to be unpacked.
            response.headers["Content-Encoding"] = "identity"
            return response
        }
    }
}
