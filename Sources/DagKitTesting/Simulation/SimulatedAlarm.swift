import DagKitCore
import DagKitRuntime
import FoundationEssentials

/// The alarm of a simulated scheduler. It keeps the time that it was set to, as the real one does, whatever is done to the
/// wall clock; and as that one does it rings early where it cannot know how the clock stands.
struct SimulatedAlarm {
    private var instant: Date?

    /// When it rings, by the time that passes.
    private(set) var time: Int64 = .max

    /// Sets it to an instant of the wall clock, which is at `time` as the clock stands; the same instant changes nothing.
    mutating func set(_ next: Date, ringing time: Int64) {
        guard next != instant else { return }
        (instant, self.time) = (next, time)
    }

    /// No wait is longer than ``SystemSchedulerClock/longestWait``. The simulation leaves out the turns of those that
    /// nothing happened in.
    mutating func clockWasSet(at now: Int64) {
        time = min(time, now + SystemSchedulerClock.longestWait.microseconds)
    }

    /// Whether it rings by now, which it does once.
    mutating func rings(at now: Int64) -> Bool {
        guard time <= now else { return false }
        instant = nil
        return true
    }
}
