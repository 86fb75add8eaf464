import DagKitCore
import FoundationEssentials

/// Calls back at an instant that can be moved; only the last one set counts.
struct Alarm: ~Copyable {
    private let clock: any SchedulerClock
    private let ring: @Sendable () -> Void
    private var instant: Date?
    private var waiting: Task<Void, Never>?

    init(clock: any SchedulerClock, ring: @escaping @Sendable () -> Void) {
        self.clock = clock
        self.ring = ring
    }

    deinit { waiting?.cancel() }

    /// Moves the alarm; a call with the same instant costs nothing.
    ///
    /// - Parameter reading: What the clocks showed when the instant was chosen. A wall clock that was set back since does not
    ///   put the alarm off.
    mutating func set(_ next: Date?, asOf reading: ClockReading) {
        guard next != instant else { return }
        instant = next
        waiting?.cancel()
        guard let next else { return waiting = nil }
        let (clock, ring) = (clock, ring)
        let end = reading.elapsed + .seconds(next.timeIntervalSince(reading.wall))
        waiting = Task {
            do {
                let now = clock.reading
                try await clock.sleep(until: min(next, now.wall + (end - now.elapsed).seconds))
                ring()
            } catch {
                // Cancelled: the alarm was moved.
            }
        }
    }

    /// Says that the alarm rang, so that it can be set to the same instant again.
    mutating func hasRung() {
        instant = nil
    }
}
