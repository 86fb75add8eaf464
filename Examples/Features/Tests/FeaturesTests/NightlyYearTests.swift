import DagKit
import DagKitTesting
import Testing

@testable import features

/// A year of the nightly DAG, in moments: the scheduler is the real one, its clock and its tasks are simulated.
@Suite struct NightlyYearTests {
    private func year(_ work: @escaping @Sendable (SimulatedAttempt) -> SimulatedWork) throws -> Simulator {
        var simulator = try Simulator([Nightly()], from: "2026-01-01", to: "2027-01-01", work: work)
        simulator.pools = [try Pool(Nightly.disk, slots: 1)]
        return simulator
    }

    @Test func `each night has its report, whatever fails once`() async throws {
        let simulator = try year { attempt in
            // Each seventh attempt is refused at its first try.
            attempt.tryNumber == 1 && attempt.number.isMultiple(of: 7)
                ? .fails("connection reset", after: .seconds(20)) : .succeeds(after: .minutes(3))
        }

        let history = await simulator.run()

        #expect(history.violations == [])
        let runs = history.runs(of: "nightly")
        #expect(runs.count == 364)
        #expect(runs.allSatisfy { $0.run.state == .success })
    }

    @Test func `a source that is away for a day costs that day's run alone`() async throws {
        let simulator = try year { attempt in
            let isAway =
                attempt.order.key.run.runID.rawValue.contains("2026-05-04") && attempt.taskID == "extract"
            return isAway ? .fails("no route to host", after: .minutes(1)) : .succeeds(after: .minutes(3))
        }

        let runs = await simulator.run().runs(of: "nightly")

        #expect(runs.count { $0.run.state == .failed } == 1)
        #expect(runs.count { $0.run.state == .success } == 363)
    }

    @Test func `nothing is lost or doubled when schedulers, workers and the store fail`() async throws {
        let simulator = try year { _ in .succeeds(after: .minutes(3)) }

        let failure = await Simulator.firstFailure(of: 1...3) { seed in
            simulator.withFaults(seed: seed, count: 200)
        }

        #expect(failure == nil, "\(failure?.description ?? "")")
    }
}
