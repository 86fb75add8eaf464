import DagKitCore
import FoundationEssentials

// What a scheduler finds and cannot act on: runs of DAGs that it does not know, and dates that others have taken.

extension SchedulerLoop {
    /// Hands a run to the planner, or notes it until its DAG is known.
    ///
    /// - Parameter shift: A shift of the clock that may not be stored yet.
    mutating func adopt(_ snapshot: RunSnapshot, after shift: ClockShift? = nil) {
        let run = snapshot.run
        let now = moment()
        planner.adopt(snapshot, after: shift, at: now)
        endingStrangers.remove(run.key)
        guard !run.state.isFinished, !planner.knows(run.dagID) else {
            strangers.remove(run.key)
            return
        }
        strangers.insert(run.key)
        if snapshot.instances.contains(where: \.mustEnd) {
            endingStrangers.insert(run.key)
            mustEndStrangers = true
        }
    }

    /// Says which DAGs are missing.
    func tellOfStrangers() {
        guard !strangers.isEmpty else { return }
        let dags = Set(strangers.map(\.dagID)).sorted().map(\.rawValue).joined(separator: ", ")
        log.info(
            "\(strangers.count) open runs wait: their dags are not loaded here (\(dags)), "
                + "and until they are, no timeout of these runs is kept")
    }

    /// Takes the runs of DAGs that are known by now, with what their attempts reported meanwhile.
    mutating func meetStrangers() async throws {
        for run in strangers.sorted() where planner.knows(run.dagID) {
            try await reload(run)
            strangers.remove(run)
        }
    }

    /// Says that a scheduled run was not created since another run has its date.
    func tellOfOmission(of batch: RunBatch) async throws {
        let run = batch.updatedRun
        guard batch.expectedRevision == nil, run.type == .scheduled, let date = run.logicalDate else {
            return
        }
        let other = try await persisted("cannot read the runs of dag \(run.dagID)") {
            try await store.runs(RunQuery(dagID: run.dagID, logicalDate: date, limit: 1)).first
        }
        guard let other, other.runID != run.runID else { return }
        log.warning(
            "dag \(run.dagID) gets no scheduled run for \(date.isoText): run \(other.runID) has that date already"
        )
    }
}
