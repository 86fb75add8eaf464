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

        delivery.finish()
        await delivery.run()

        // Those that were begun together with it, at most.
        let place = try #require(courier.asked.firstIndex { $0.dagID == "good" })
        #expect(place < 8)
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
        delivery.finish()
        await delivery.run()

        let place = try #require(courier.asked.dropFirst(60).firstIndex { $0.runID == "61" })
        #expect(place < 60 + 8)
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
private final class HalfDeafCourier: NoticeCourier {
    private let silent: DAGID
    private let runs = Mutex<[RunKey]>([])

    init(silent: DAGID) { self.silent = silent }

    var asked: [RunKey] { runs.withLock { $0 } }

    func deliver(_ notice: Notice) async throws {
        runs.withLock { $0.append(notice.run) }
        if notice.run.dagID == silent { throw NoAnswer() }
    }

    private struct NoAnswer: Error {}
}
