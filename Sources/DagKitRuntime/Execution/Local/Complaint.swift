import DagKitSystem

/// Something that comes and goes, and is told of once in a while.
struct Complaint {
    /// How long nothing is said again, however often it comes back.
    private static let pause: Duration = .seconds(60)

    private var lastSaid: BootTimeClock.Instant?

    /// Whether it is so now.
    private(set) var isOpen = false

    /// Whether this time was told of.
    private var isTold = false

    /// Notes that it is so; whether that is to be said.
    mutating func begin(at now: BootTimeClock.Instant) -> Bool {
        let isNew = !isOpen
        isOpen = true
        if isNew { isTold = false }
        guard !isTold else { return false }
        if let lastSaid, lastSaid.duration(to: now) < Self.pause { return false }
        lastSaid = now
        isTold = true
        return true
    }

    /// Notes that it is over; whether that is to be said.
    mutating func end() -> Bool {
        defer { isOpen = false }
        return isOpen && isTold
    }
}
