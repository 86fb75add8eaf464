import DagKitCore
import FoundationEssentials

// The wall clock may be set at any time. Every instant that a decision is made at comes from here, so that what counts by
// the time that passes has been moved along before.

extension SchedulerLoop {
    /// What the wall clock shows, once the planner knows whether it was set since the last call.
    mutating func moment() -> Date {
        let reading = clock.reading
        let jump = reading.jump(since: lastReading)
        lastReading = reading
        guard abs(jump.seconds) > Planner.clockTolerance.seconds else { return reading.wall }
        planner.shiftClock(by: jump, at: reading.wall)
        if lastPoll != .distantPast { lastPoll = lastPoll.shifted(by: jump.microseconds) }
        if jump < .zero { mustCheckSchedules = true }
        log.warning(
            "the clock was set \(jump.clockChange): retries, timeouts and waits of "
                + "\(planner.openRuns) open runs keep their length; schedules follow the clock")
        return reading.wall
    }

    /// Whether the loop knows of each time that the clock was set until a reading, for tests.
    package func knows(_ reading: ClockReading) -> Bool {
        abs(reading.jump(since: lastReading).seconds) <= Planner.clockTolerance.seconds
    }

    /// Lets schedules that were run ahead of the clock go on after the newest run that the clock has come to: what was run
    /// ahead of it is not run again, since each logical date has one run.
    mutating func checkSchedules() async throws {
        guard mustCheckSchedules else { return }
        mustCheckSchedules = false
        var ahead: [DAGID] = []
        for id in planner.dagsAhead(at: moment()) {
            let now = moment()
            let newest = try await persisted("cannot read the newest runs of dag \(id)") {
                try await store.newestInterval(of: id, by: now)
            }
            tellOfLeftOut()
            if planner.setLastInterval(newest, of: id, at: moment()) { ahead.append(id) }
        }
        guard !ahead.isEmpty else { return }
        log.warning(
            "scheduled runs of \(ahead.map(\.rawValue).joined(separator: ", ")) lie ahead of the clock; "
                + "their schedules go on after the newest run before it")
    }

    /// Says that runs were brought back to the clock.
    mutating func tellOfBroughtBack() {
        let count = planner.takeBroughtBack().count
        guard count > 0 else { return }
        log.warning(
            "what happened in \(count) open runs lies ahead of the clock, which was set back while no scheduler looked: "
                + "their retries, timeouts and waits count from now")
    }
}
