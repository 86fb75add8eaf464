public import FoundationEssentials

// Durations are the time that passes; instants are stored by the wall clock, which somebody may set. Where it is set, what
// counts from an instant of the run's own (its timeout, a retry, the next look of a sensor, a deadline after its creation)
// moves along with the clock; an instant that somebody chose stays where it is.

extension RunMachine {
    /// How far the newest instant that was written of what is under way lies ahead of `now`: the clock showed a later time
    /// then. Zero if none does.
    ///
    /// - Complexity: O(the instances of the run).
    public func lead(at now: Date) -> Duration {
        guard !run.state.isFinished else { return .zero }
        var newest = max(run.queuedAt, run.startDate ?? .distantPast)
        for node in nodes where node.open > 0 {
            for instance in node.instances where !instance.isFinished {
                newest = max(newest, instance.newestInstant ?? .distantPast)
            }
        }
        return .microseconds(max(0, newest.microsecondsSinceEpoch - now.microsecondsSinceEpoch))
    }

    /// Moves what counts from an instant of the run's own.
    mutating func shiftClock(by shift: Duration, at now: Date) {
        guard !run.state.isFinished else { return }
        let detail = ["by_microseconds": JSONValue.integer(shift.microseconds)]
        record(
            RunEvent(
                .clockShifted, run: run.key, at: now, reason: "the clock was set \(shift.clockChange)",
                detail: .object(detail)))
        visits += nodes.count
        wakes = Heap()
        for reference in references(where: { !$0.isFinished && $0.newestInstant != nil }) {
            let awaited = awaited(by: reference, after: shift)
            var detail = detail
            if let awaited { detail["awaits"] = awaited.json }
            // The reason of a deferred instance is what it waits for.
            let reason = self[reference].state == .deferred ? awaited?.reason : nil
            change(reference, .clockShifted, at: now, reason: reason, detail: detail)
            keepWakes(of: reference)
        }
    }

    /// What an instance waits for instead once the clock was shifted; `nil` if for the same.
    private func awaited(by reference: InstanceRef, after shift: Duration) -> Awaited? {
        let instance = self[reference]
        guard case .instant(let due) = instance.awaits else { return nil }
        guard instance.state == .deferred else {
            // A sensor may have named the instant itself: a look that comes too soon does no harm, one too late does.
            return shift < .zero ? .instant(due.shifted(by: shift.microseconds)) : nil
        }
        // The instant is the task's own only where it moves with the start of the task.
        guard let start = instance.firstStart, let deferral = spec.tasks[reference.task].work.deferral,
            case .instant(let next) = deferral.condition(run, start.shifted(by: shift.microseconds)),
            next != due
        else { return nil }
        return .instant(next)
    }
}

/// How far the clock was shifted by some events of a run.
package struct ClockShift: Sendable {
    let by: Duration

    /// What the creation of the run, or its last clear, comes to with that.
    let queuedAt: Date

    /// `nil` if no event tells of a shift.
    init?(_ events: [RunEvent], queuedAt: Date) {
        let shifts = events.lazy.filter { $0.kind == .clockShifted && $0.taskID == nil }.map(\.clockShift)
        guard !shifts.isEmpty else { return nil }
        by = .microseconds(shifts.reduce(0, +))
        self.queuedAt = queuedAt
    }

    /// Whether a run as it is stored has yet to be shifted: somebody else changed it before the shift was stored.
    func isMissing(in run: DAGRun) -> Bool {
        !run.state.isFinished && run.queuedAt != queuedAt
            && run.queuedAt.shifted(by: by.microseconds) == queuedAt
    }
}

extension DAGRun {
    mutating func apply(clockShift event: RunEvent) {
        queuedAt = queuedAt.shifted(by: event.clockShift)
        startDate = startDate?.shifted(by: event.clockShift)
    }
}

extension TaskInstance {
    /// The newest instant at which something happened to it.
    fileprivate var newestInstant: Date? {
        [queuedAt, startDate, earlierStart, endDate].compactMap { $0 }.max()
    }

    mutating func apply(clockShift event: RunEvent) {
        let shift = event.clockShift
        queuedAt = queuedAt?.shifted(by: shift)
        startDate = startDate?.shifted(by: shift)
        earlierStart = earlierStart?.shifted(by: shift)
        endDate = endDate?.shifted(by: shift)
        nextTryAt = nextTryAt?.shifted(by: shift)
        guard let awaited = event.detail["awaits"].flatMap(Awaited.init(json:)) else { return }
        awaits = awaited
        reason = event.reason ?? reason
    }
}

extension RunEvent {
    /// By how many microseconds the clock was shifted.
    fileprivate var clockShift: Int64 { detail["by_microseconds"]?.integer ?? 0 }
}

extension Duration {
    /// How a clock was set by this: `back by 3600 s`.
    package var clockChange: String {
        "\(self < .zero ? "back" : "ahead") by \(Int64(abs(seconds).rounded())) s"
    }
}

extension Date {
    /// The instant some microseconds later; clamped to the years that can be stored.
    package func shifted(by microseconds: Int64) -> Date {
        Date(microseconds: microsecondsSinceEpoch &+ microseconds).roundedToMicroseconds
    }
}
