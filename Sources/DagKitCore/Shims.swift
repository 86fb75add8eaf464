public import FoundationEssentials

public struct DataInterval: Hashable, Codable, Sendable { public let start: Date; public let end: Date }
public enum Catchup: Sendable { case skip, latest, all }
public enum Schedule: Hashable, Sendable {
    case none, daily; public var text: String { "" }; public var description: String { "" }
    func timetable(zones: TimeZoneSource) throws(PoolError) -> Timetable { Timetable() }
}
public struct Timetable: Sendable {}
public struct TimeZoneSource: Sendable { public static let utcOnly = TimeZoneSource() }
public struct PlannedRun: Hashable, Codable, Sendable {}
struct SHA256 { mutating func update(_ b: [UInt8]) {}; mutating func finalizeHex() -> String { "" } }
public struct RetryPolicy: Sendable {
    init(delay: Duration, exponentialBackoff: Bool, maxDelay: Duration?) {}
}
