public import DagKitCore
import DagKitRuntime
public import FoundationEssentials

/// Runs DAGs through the real planner, scheduler loop and store contract, on a virtual clock and a simulated executor.
///
/// A simulation is a value: the same one gives the same history, bit for bit, however often and wherever it is run. A
/// year of a DAG takes well under a second, since nothing waits.
///
/// ```swift
/// var simulator = try Simulator([Nightly()], from: "2026-01-01", to: "2027-01-01") { attempt in
///     attempt.tryNumber == 1 ? .fails("connection reset", after: .seconds(20)) : .succeeds(after: .minutes(3))
/// }
/// let history = await simulator.run()
/// #expect(history.violations == [])
/// #expect(history.runs(of: "nightly").count == 365)
/// ```
///
/// ``withFaults(seed:count:)`` lets the scheduler crash, the store fail, outcomes get lost and clocks jump; whatever
/// happens, the promises that ``SimulatedHistory/violations`` lists must hold. ``minimized()`` makes a simulation that
/// breaks one small enough to be read.
public struct Simulator: Sendable {
    /// The DAGs that the scheduler runs.
    public var dags: [DAGSpec]

    /// The pools besides the default one.
    public var pools: [Pool] = []

    /// The virtual time at the start.
    public var start: Date

    /// When the faults end and nothing is due any more; the simulation goes on until every run has ended.
    public var end: Date

    /// What happens besides.
    public var faults: [SimulatedFault] = []

    /// How many attempts run at once.
    public var parallelism = 32

    /// How often the scheduler looks at the store unasked.
    public var pollInterval: Duration = .hours(1)

    /// How long a scheduler that died takes to come back.
    public var restartDelay: Duration = .seconds(5)

    /// How long an attempt that is ended may take to die.
    public var killGrace: Duration = .seconds(10)

    /// How long after ``end`` the last run may end.
    public var patience: Duration = .days(30)

    /// Whether ``SimulatedHistory/lines`` tells what happened.
    public var recordsLines = false

    /// What each attempt does; a pure function, so that the history stays the same.
    public var work: @Sendable (SimulatedAttempt) -> SimulatedWork

    /// Puts something between the scheduler and the store in memory, such as a store that is to be tested.
    public var wrapStore: @Sendable (any MetadataStore) -> any MetadataStore = { $0 }

    /// What stands in for the defects that tests plant, to show that they are found.
    package var defects: Set<PlantedDefect> = []

    /// Something wrong that a simulation is told to do.
    package enum PlantedDefect: Hashable, Sendable {
        /// The executor runs each attempt twice.
        case doubleDispatch
        /// The executor forgets outcomes that nobody acknowledged, once the scheduler is away.
        case forgetsOutcomes
    }

    /// Creates a simulation of some DAGs without faults.
    ///
    /// - Parameters:
    ///   - zones: The time zones that the schedules name.
    ///   - work: What each attempt does; every one succeeds after a second if it is left out, and returns a list of
    ///     three numbers where a task is mapped over it.
    /// - Throws: ``DAGValidationError`` with what is wrong with a DAG.
    public init(
        _ dags: [any DAG], zones: TimeZones? = nil, from start: InstantLiteral, to end: InstantLiteral,
        work: @escaping @Sendable (SimulatedAttempt) -> SimulatedWork = Simulator.success
    ) throws {
        let zones = zones ?? TimeZones(of: dags)
        try self.init(
            dags.map { try DAGSpec($0, zones: zones) }, from: start.date ?? .distantPast,
            to: end.date ?? .distantPast, work: work)
    }

    /// Creates a simulation of DAGs that have been checked.
    public init(
        _ dags: [DAGSpec], from start: Date, to end: Date,
        work: @escaping @Sendable (SimulatedAttempt) -> SimulatedWork = Simulator.success
    ) {
        self.dags = dags.map { $0.simulated(through: end) }
        self.start = start.roundedToMicroseconds
        self.end = end.roundedToMicroseconds
        self.work = work
    }

    /// Succeeds after a second; returns three numbers to a task that is mapped over the output.
    @Sendable public static func success(_ attempt: SimulatedAttempt) -> SimulatedWork {
        attempt.isMappedOver ? list(3, after: .seconds(1)) : .succeeds()
    }

    /// Returns a list of some length.
    static func list(_ count: Int, after duration: Duration) -> SimulatedWork {
        let json = "[" + (0..<count).map(String.init).joined(separator: ",") + "]"
        return SimulatedWork(
            .success(EncodedOutput(json: json, typeName: "[Int]", count: count)), after: duration)
    }

    /// The simulation with random faults, drawn from a seed.
    public func withFaults(seed: UInt64, count: Int = 20) -> Simulator {
        var changed = self
        changed.faults = SimulatedFault.random(
            count, seed: seed, steps: 200, attempts: 50, span: start...end, dags: dags.count,
            pools: pools.count)
        return changed
    }

    /// Runs the simulation to its end, or to the first broken promise.
    public func run() async -> SimulatedHistory { await SimulatedWorld(self).run() }
}
