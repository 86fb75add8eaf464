public import FoundationEssentials

// What a planner does when the wall clock was set. Durations go on by the time that passes, schedules by the clock.

extension Planner {
    /// A clock that is set by no more than this is followed: each instant comes so much earlier or later.
    public static let clockTolerance: Duration = .seconds(2)

    /// Takes note that the wall clock was set ahead by `shift`, or back where it is negative, and shows `now` since.
    ///
    /// - Complexity: O(the instances of the open runs).
    public mutating func shiftClock(by shift: Duration, at now: Date) {
        for run in machines.values.map(\.run.key).sorted() { self.shift(run, by: shift, at: now) }
        guard shift < .zero else { return }
        for id in dags.keys {
            if let since = dags[id]?.activeSince, since > now { dags[id]?.activeSince = now }
            planNext(id, at: now)
            dueDAGs.insert(id)
            waitingDAGs.insert(id)
        }
    }

    mutating func shift(_ run: RunKey, by shift: Duration, at now: Date) {
        // Its alarm is set anew when the next step takes its batch.
        alarms[run] = nil
        advance(run, .clockShifted(by: shift), at: now)
    }

    // MARK: Runs from the store

    /// Brings a run that was taken from the store back to `now` if what happened in it lies ahead: the clock showed a later
    /// time then, and what is left of a duration would take as much longer.
    mutating func bringBack(_ run: RunKey, at now: Date) {
        guard let lead = machines.read(run, { $0.lead(at: now) }), lead > Self.clockTolerance else { return }
        shift(run, by: .zero - lead, at: now)
        broughtBack.insert(run)
    }

    /// The runs that were brought back since the last call.
    public mutating func takeBroughtBack() -> Set<RunKey> {
        defer { broughtBack = [] }
        return broughtBack
    }

    /// The shift of a run's clock that is not stored yet; `nil` if all is.
    ///
    /// - Parameter batch: What the store refused of the run.
    package func clockShift(of run: RunKey, refused batch: RunBatch? = nil) -> ClockShift? {
        let refused = batch?.events ?? []
        return machines.read(run) { ClockShift(refused + $0.pending.events, queuedAt: $0.run.queuedAt) }
            ?? batch.flatMap { ClockShift($0.events, queuedAt: $0.updatedRun.queuedAt) }
    }

    // MARK: Schedules

    /// The DAGs whose newest scheduled interval ends after `now`, though more runs would follow: it was run while the clock
    /// was ahead.
    package func dagsAhead(at now: Date) -> [DAGID] {
        dags.filter { _, entry in
            entry.next != nil
                && entry.lastInterval.map { $0.end > now + Self.clockTolerance.seconds } == true
        }.keys.sorted()
    }

    /// Lets the schedule of a DAG go on after an interval; `nil` if it has not begun.
    ///
    /// - Returns: Whether that is another interval than before.
    package mutating func setLastInterval(_ interval: DataInterval?, of id: DAGID, at now: Date) -> Bool {
        guard let entry = dags[id], entry.lastInterval != interval else { return false }
        dags[id]?.lastInterval = interval
        planNext(id, at: now)
        dueDAGs.insert(id)
        return true
    }
}
