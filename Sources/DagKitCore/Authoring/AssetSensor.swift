public import FoundationEssentials

/// Waits until an asset is updated.
///
/// ```swift
/// dag.task("prices", run: AssetSensor(prices))                                   // since the data interval began
/// dag.task("rates", run: AssetSensor(rates, since: { run in run.queuedAt }))    // since the run was asked for
/// dag.task("news", run: AssetSensor(news, looking: SensorOptions(mode: .poke, pokeInterval: .seconds(2))))
/// ```
///
/// An update at that instant, or after it, ends the wait, also one that was made before the task began. The scheduler waits in
/// the task's place and goes on with the commit of the update; only with `looking` an attempt looks by itself.
public struct AssetSensor: Sensor {
    public let waiting: SensorOptions
    public let deferral: Deferral?
    private let asset: Asset
    private let since: @Sendable (DAGRun) -> Date

    /// Lets the scheduler wait.
    ///
    /// - Parameters:
    ///   - since: The earliest instant of an update that counts; a pure function. Unless it is given, the start of the
    ///     run's data interval, and for a run without one the instant from which it might start.
    ///   - timeout: How long the whole wait may take.
    public init(
        _ asset: Asset, since: (@Sendable (DAGRun) -> Date)? = nil, timeout: Duration = .days(7),
        softFail: Bool = false
    ) {
        let since = since ?? Self.intervalStart
        self.asset = asset
        self.since = since
        waiting = SensorOptions(timeout: timeout, softFail: softFail)
        let uri = asset.uri
        deferral = Deferral(timeout: timeout, softFail: softFail) { run, _ in
            .asset(AssetWait(uri: uri, since: since(run)))
        }
    }

    /// Looks by attempts of its own.
    public init(
        _ asset: Asset, since: (@Sendable (DAGRun) -> Date)? = nil, looking waiting: SensorOptions
    ) {
        self.asset = asset
        self.since = since ?? Self.intervalStart
        self.waiting = waiting
        deferral = nil
    }

    @Sendable private static func intervalStart(of run: DAGRun) -> Date {
        run.dataInterval?.start ?? run.runAfter
    }

    public var inlets: [Asset] { [asset] }

    public func poke(in context: TaskContext) async throws -> Poke<None> {
        let awaited = Awaited.asset(AssetWait(uri: asset.uri, since: since(context.attempt.run)))
        return .when(
            try await awaited.verdict(asking: context.services.metadata) == .success, else: awaited.reason)
    }
}
