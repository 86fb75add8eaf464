import DagKit
public import FoundationEssentials

/// The clock on the wall by which snapshots get their day and hour; `crypto.timezone`.
public struct MarketCalendar: Sendable {
    /// The name of the zone, such as `UTC` or `Europe/Paris`.
    public let name: String

    /// The seconds east of UTC at an instant.
    public let secondsFromUTC: @Sendable (Date) -> Int

    /// Creates a calendar from the rules of a zone.
    public init(name: String, secondsFromUTC: @escaping @Sendable (Date) -> Int) {
        self.name = name
        self.secondsFromUTC = secondsFromUTC
    }

    /// Coordinated universal time.
    public static let utc = MarketCalendar(name: "UTC") { _ in 0 }

    /// The day of an instant: `2025-10-25`.
    public func day(of instant: Date) -> String { local(instant).ds }

    /// The time of day of an instant, fractions cut off: `21:59:50`.
    public func time(of instant: Date) -> String {
        String(local(instant).databaseText.dropFirst(11).prefix(8))
    }

    private func local(_ instant: Date) -> Date {
        instant.addingTimeInterval(Double(secondsFromUTC(instant)))
    }
}
