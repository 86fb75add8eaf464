import Glibc

/// The clock that counts from the machine's start, also while it is suspended, and that nobody can set.
///
/// What waits is measured on it; what is stored are wall instants.
package struct BootTimeClock: Clock {
    /// A moment since the machine's start.
    package struct Instant: InstantProtocol, CustomStringConvertible {
        /// The time since the start.
        package let sinceBoot: Duration

        package init(sinceBoot: Duration) {
            self.sinceBoot = sinceBoot
        }

        package var description: String { "\(sinceBoot) since boot" }

        package func advanced(by duration: Duration) -> Instant {
            Instant(sinceBoot: sinceBoot + duration)
        }

        package func duration(to other: Instant) -> Duration {
            other.sinceBoot - sinceBoot
        }

        package static func < (left: Instant, right: Instant) -> Bool {
            left.sinceBoot < right.sinceBoot
        }
    }

    package init() {}

    package var now: Instant {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Instant(sinceBoot: .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec))
    }

    package var minimumResolution: Duration { .nanoseconds(1) }

    /// Waits until the instant; a timer of the kernel wakes it, also after a suspension.
    package func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
        try await Reactor.shared.sleep(until: deadline)
    }
}

extension Clock where Self == BootTimeClock {
    /// The boot-time clock.
    package static var bootTime: BootTimeClock { BootTimeClock() }
}
