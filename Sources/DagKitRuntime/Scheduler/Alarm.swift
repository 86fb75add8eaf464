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
    mutating func set(_ next: Date?) {
        guard next != instant else { return }
        instant = next
        waiting?.cancel()
        guard let next else { return waiting = nil }
        let (clock, ring) = (clock, ring)
        waiting = Task {
            do {
                try await clock.sleep(until: next)
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
