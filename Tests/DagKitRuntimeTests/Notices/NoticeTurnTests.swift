import DagKitCore
import DagKitRuntime
import DagKitTesting
import FoundationEssentials
import Synchronization
import Testing

/// Whose turn it is to be told.
@Suite struct NoticeTurnTests {
    @Test func `a callback that fails holds up no other, however many notices wait for it`() async throws {
        let clock = ManualClock(at: Date(microseconds: 1_700_000_000_000_000))
        let store = InMemoryStore()
        for number in 1...100 { try await keep("bad", RunID("\(number)"), in: store, at: clock.now) }
        try await keep("good", "101", in: store, at: clock.now)
        let courier = HalfDeafCourier(silent: "bad")
        let delivery = NoticeDelivery(store: store, courier: courier, clock: clock, log: .none)
        courier.expect(RunKey("good", "101"), within: 8)

        delivery.finish()
        await delivery.run()

        #expect(courier.hasMetExpectation)
        #expect(courier.asked.count == 101)
        #expect(try await store.notices(NoticeQuery(dagID: "good")).map(\.state) == [.delivered])
    }

    @Test func `what is new goes before what failed`() async throws {
        let clock = ManualClock(at: Date(microseconds: 1_700_000_000_000_000))
        let store = InMemoryStore()
        for number in 1...60 { try await keep("bad", RunID("\(number)"), in: store, at: clock.now) }
        let courier = HalfDeafCourier(silent: "bad")
        let delivery = NoticeDelivery(store: store, courier: courier, clock: clock, log: .none)
        delivery.finish()
        await delivery.run()

        clock.advance(by: 30)
        try await keep("bad", "61", in: store, at: clock.now)
        courier.expect(RunKey("bad", "61"), within: 8)
        delivery.finish()
        await delivery.run()

        #expect(courier.hasMetExpectation)
    }

    private func keep(_ dag: DAGID, _ id: RunID, in store: InMemoryStore, at now: Date) async throws {
        let spec = try Quiet(id: dag).spec
        let run = DAGRun.manual(
            spec, logicalDate: now + (Double(id.rawValue) ?? 0), runID: id, by: "test", at: now)
        var batch = RunBatch(run: run, expectedRevision: nil)
        batch.notices = [
            Notice(
                .runFailed, at: now, run: run.key, task: nil, tryNumber: 0, lastTry: 0, reason: nil,
                to: Notice.Receiver("bell"), facts: nil)
        ]
        #expect(try await store.commit([batch], durability: .process).conflicts.isEmpty)
    }
}

private struct Quiet: DAG {
    let configuration: DAGConfiguration

    init(id: DAGID) { configuration = DAGConfiguration(id) }

    func build(_ dag: inout DAGBuilder) { dag.empty("rest") }
}

/// Reaches nobody for one DAG, and notes for whom it was asked.
///
/// Deliveries go on side by side, and the machine says which of them gets a processor first. So those whose turn is not
/// before an expected one wait for it: it comes if it has begun, and never if its turn comes after theirs.
private final class HalfDeafCourier: NoticeCourier {
    private struct State {
        var asked: [RunKey] = []
        var expected: RunKey?
        var limit = Int.max
        var hasMetExpectation = true
    }

    private let silent: DAGID
    private let state = Mutex(State())

    init(silent: DAGID) { self.silent = silent }

    var asked: [RunKey] { state.withLock { $0.asked } }

    /// Whether the notice of the expected run was asked for within its limit.
    var hasMetExpectation: Bool { state.withLock { $0.hasMetExpectation && $0.expected == nil } }

    /// Expects a run to be among the next ones of whose notices it is asked to tell.
    func expect(_ run: RunKey, within count: Int) {
        state.withLock { state in
            state.expected = run
            state.limit = state.asked.count + count
        }
    }

    func deliver(_ notice: Notice) async throws {
        let mustWait = state.withLock { state in
            state.asked.append(notice.run)
            if state.expected == notice.run { state.expected = nil }
            return state.expected != nil && state.asked.count > state.limit
        }
        if mustWait, !(try await hasComeInTime()) { state.withLock { $0.hasMetExpectation = false } }
        if notice.run.dagID == silent { throw NoAnswer() }
    }

    private func hasComeInTime() async throws -> Bool {
        try await comes(within: 20) { state.withLock { $0.expected == nil || !$0.hasMetExpectation } }
            && state.withLock { $0.hasMetExpectation }
    }

    private struct NoAnswer: Error {}
}
