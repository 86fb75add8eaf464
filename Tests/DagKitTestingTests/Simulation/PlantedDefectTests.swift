import DagKitCore
import DagKitTesting
import FoundationEssentials
import Testing

/// The simulator must find what is wrong: each test plants one defect and wants it caught, and made small.
@Suite struct PlantedDefectTests {
    @Test func `a store that applies a stale commit is found`() async throws {
        let failure = try #require(await firstFailure { .random(seed: $0, store: StaleStore.init) })

        #expect(failure.history.violations != [])
        expectSmall(failure)
    }

    @Test func `a store that forgets an event is found`() async throws {
        let failure = try #require(await firstFailure { .random(seed: $0, store: ForgetfulLog.init) })

        #expect(failure.history.violations != [])
        expectSmall(failure)
    }

    @Test func `a store that loses a trigger which it acknowledged is found`() async throws {
        let failure = try #require(await firstFailure { .random(seed: $0, store: LossyStore.init) })

        #expect(failure.history.violations.contains { $0.contains("trigger") }, "\(failure)")
        expectSmall(failure)
    }

    @Test func `a store that issues a token twice is found`() async throws {
        let failure = try #require(await firstFailure { .random(seed: $0, store: TokenStore.init) })

        #expect(failure.history.violations != [])
        expectSmall(failure)
    }

    @Test func `an executor that runs an attempt twice is found`() async throws {
        let failure = try #require(await firstFailure { .random(seed: $0, defect: .doubleDispatch) })

        #expect(failure.history.violations.contains { $0.contains("live at once") }, "\(failure)")
        expectSmall(failure)
    }

    @Test func `an executor that forgets outcomes nobody acknowledged is found`() async throws {
        let failure = try #require(await firstFailure { .random(seed: $0, defect: .forgetsOutcomes) })

        #expect(failure.history.violations != [])
        expectSmall(failure)
    }

    @Test func `a scheduler that takes the wall clock for the time that passes is found`() async throws {
        let failure = try #require(await firstFailure { .random(seed: $0, defect: .trustsWallClock) })

        #expect(failure.history.violations != [])
        expectSmall(failure)
    }

    @Test func `a store that takes updates off the queue and makes no run of them is found`() async throws {
        let failure = try #require(await firstFailure { .random(seed: $0, store: LossyQueue.init) })

        #expect(failure.history.violations.contains { $0.contains("queue of assets") }, "\(failure)")
        expectSmall(failure)
    }

    @Test func `a store that links no updates with the run they made is found`() async throws {
        let failure = try #require(await firstFailure { .random(seed: $0, store: LinklessStore.init) })

        #expect(failure.history.violations != [])
        expectSmall(failure)
    }

    @Test func `a store that keeps no instance as removed is found`() async throws {
        let failure = try #require(await firstFailure { .random(seed: $0, store: HoardingStore.init) })

        #expect(failure.history.violations != [])
        expectSmall(failure)
    }

    private func firstFailure(_ simulator: @Sendable (UInt64) -> Simulator) async -> SimulatedFailure? {
        await Simulator.firstFailure(of: 1...200, simulator)
    }

    /// The story fits on a few screens: few tasks, few faults, the seed.
    private func expectSmall(_ failure: SimulatedFailure) {
        #expect(failure.simulator.dags.map(\.tasks.count).reduce(0, +) <= 6, "\(failure)")
        #expect(failure.history.lines.count <= 120, "\(failure)")
        #expect(failure.simulator.faults.count <= 4)
        #expect(failure.description.contains("seed \(failure.seed)"))
        #expect(failure.description.contains("BROKEN: "))
    }
}

extension Simulator {
    fileprivate static func random(
        seed: UInt64, store: @escaping @Sendable (any MetadataStore) -> any MetadataStore
    ) -> Simulator {
        var simulator = Simulator.random(seed: seed)
        simulator.wrapStore = store
        return simulator
    }

    fileprivate static func random(seed: UInt64, defect: PlantedDefect) -> Simulator {
        var simulator = Simulator.random(seed: seed)
        simulator.defects = [defect]
        return simulator
    }
}

/// Applies a batch whatever the revision is.
private struct StaleStore: StoreProxy {
    let base: any MetadataStore

    func commit(_ batches: [RunBatch], durability: Durability) async throws -> CommitResult {
        var forced = batches
        for place in forced.indices {
            if let run = try await base.snapshot(of: forced[place].run)?.run {
                forced[place].expectedRevision = run.revision
            }
        }
        return try await base.commit(forced, durability: durability)
    }
}

/// Leaves the last event of a batch of many out.
private struct ForgetfulLog: StoreProxy {
    let base: any MetadataStore

    func commit(_ batches: [RunBatch], durability: Durability) async throws -> CommitResult {
        var shortened = batches
        for place in shortened.indices where shortened[place].events.count > 3 {
            shortened[place].events.removeLast()
        }
        return try await base.commit(shortened, durability: durability)
    }
}

/// Acknowledges what people ask for and keeps nothing of it.
private struct LossyStore: StoreProxy {
    let base: any MetadataStore

    func commit(_ batches: [RunBatch], durability: Durability) async throws -> CommitResult {
        durability == .full ? CommitResult() : try await base.commit(batches, durability: durability)
    }
}

/// Issues the same tokens each time.
private struct TokenStore: StoreProxy {
    let base: any MetadataStore

    func reserveAttempts(_ count: Int) async throws -> ClosedRange<Int64> { 1...Int64(max(count, 1)) }
}

/// Loses what waits for asset-driven runs.
private struct LossyQueue: StoreProxy {
    let base: any MetadataStore

    func assetQueue() async throws -> [DAGID: [String: Int64]] { [:] }
}

/// Creates the runs for updates of assets, and forgets which updates they were.
private struct LinklessStore: StoreProxy {
    let base: any MetadataStore

    func commit(_ batches: [RunBatch], durability: Durability) async throws -> CommitResult {
        var unlinked = batches
        for place in unlinked.indices { unlinked[place].consumption = nil }
        return try await base.commit(unlinked, durability: durability)
    }
}

/// Does not store instances that were removed; their events are kept.
private struct HoardingStore: StoreProxy {
    let base: any MetadataStore

    func commit(_ batches: [RunBatch], durability: Durability) async throws -> CommitResult {
        var hoarded = batches
        for place in hoarded.indices {
            hoarded[place].instances.removeAll { $0.state == .removed && $0.reason == RunMachine.lostTask }
        }
        return try await base.commit(hoarded, durability: durability)
    }
}
