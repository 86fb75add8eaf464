public import DagKit
public import FoundationEssentials

/// Fills candles from CoinCap's own history: explicit, metered, never part of a workflow.
public struct HistoryBackfill: Sendable {
    private let store: MarketStore
    private let settings: CryptoSettings
    private let configuration: CoinCapConfiguration
    private let services: TaskServices

    /// The name under which the candles are stored: that of the live source.
    public var source: String { configuration.sourceName }

    /// Whether each call costs a credit.
    public var isMetered: Bool { configuration.isMetered }

    /// Creates a backfill of the deployment's CoinCap.
    ///
    /// - Throws: ``BackfillError/noHistory(source:)`` if the deployment reads another source, and the errors of the
    ///   address, the key and the settings.
    public init(_ store: MarketStore, services: TaskServices) async throws {
        settings = try CryptoSettings { services.settings.value("crypto", $0) }
        guard (settings.source ?? .coincap) == .coincap else {
            throw BackfillError.noHistory(source: services.settings.value("crypto", "source") ?? "")
        }
        configuration = try await CoinCapConfiguration(services.metadata, metering: settings.metering)
        self.store = store
        self.services = services
    }

    /// The calls that are needed.
    ///
    /// - Parameter coins: Their ids; `nil` takes the `top` of the newest snapshot.
    /// - Throws: ``MarketStoreError/noSnapshot(_:)`` if no coins are named and there is no snapshot.
    public func plan(
        coins: [String]?, top: Int, interval: HistoryInterval, days: Int, now: Date
    ) async throws -> BackfillPlan {
        let start = now.addingTimeInterval(-Double(days) * 86_400)
        var ids = coins ?? []
        if coins == nil {
            guard let latest = try await store.latestSnapshot(source: source) else {
                throw BackfillError.noCoins(source: source)
            }
            ids = try await store.rows(of: latest.id).prefix(top).map(\.cryptoID)
        }
        var known: [String: Set<Date>] = [:]
        for id in ids {
            let candles = try await store.candles(
                of: id, period: interval.period, source: source, since: start.addingTimeInterval(-86_400))
            known[id] = Set(candles.map(\.start))
        }
        return BackfillPlan(coins: ids, interval: interval, from: start, to: now, known: known)
    }

    /// The credits of the month by our own count.
    public func usage(now: Date) async throws -> CreditUsage {
        try await store.creditUsage(limit: settings.creditLimit, now: now)
    }

    /// Makes the calls of a plan; what came is kept when one of them fails.
    ///
    /// - Parameter progress: Hears of each call with the number of candles that were new.
    /// - Returns: How many candles were new.
    /// - Throws: ``CoinCapError``, at the first call that fails for good or finds the credits spent.
    public func run(
        _ plan: BackfillPlan, now: @escaping @Sendable () -> Date,
        progress: (BackfillPlan.Call, Int) async throws -> Void
    ) async throws -> Int {
        var hooks = CoinCapHooks()
        if configuration.isMetered {
            hooks.beforeCall = { [store, settings] in
                try await store.reserveCredits(
                    limit: settings.creditLimit, warning: settings.creditWarning, now: now())
            }
        }
        let coincap = CoinCapSource(
            configuration, transport: HTTPCoinCapTransport(now: { now().roundedToMicroseconds }), hooks: hooks
        )
        var total = 0
        for call in plan.calls {
            let prices = try await coincap.history(
                of: call.coin, every: plan.interval, from: call.start, to: call.end)
            let added = try await store.save(
                Candle.candles(of: prices, period: plan.interval.period), of: call.coin,
                period: plan.interval.period, source: source)
            total += added
            try await progress(call, added)
        }
        return total
    }
}

extension CoinCapConfiguration {
    /// The address and key that a deployment names: the variables `coincap_url` and `coincap_api_key`.
    ///
    /// - Throws: ``CoinCapURLError``, and ``CoinCapError/retired`` for the address of old.
    public init(_ metadata: any TaskMetadata, metering: Metering = .auto) async throws {
        let url = try await metadata.variable("coincap_url") ?? Self.defaultURL
        self = try CoinCapConfiguration(
            url: url, apiKey: try await metadata.variable("coincap_api_key"), isMetered: metering.isMetered)
        // The address of old: its answer is known without a call.
        if host == "api.coincap.io" { throw CoinCapError.retired }
    }
}

/// Why a history cannot be fetched.
public enum BackfillError: DagKitError, Equatable {
    case noHistory(source: String)
    case noCoins(source: String)

    public var problem: String {
        switch self {
        case .noHistory(let source): "crypto.source is \"\(source)\", which has no history to fetch"
        case .noCoins(let source): "there is no snapshot of \"\(source)\" to take coins from"
        }
    }

    public var remedy: String {
        switch self {
        case .noHistory: "set crypto.source to coincap for this home"
        case .noCoins: "name coins with --coins bitcoin,ethereum, or run crypto_data_pipeline first"
        }
    }
}
