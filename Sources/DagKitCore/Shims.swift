public import FoundationEssentials

public struct DataInterval: Hashable, Codable, Sendable {
    public let start: Date; public let end: Date;
    public init(start: Date, end: Date) { self.start = start; self.end = end }
}
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
extension RetryPolicy {
    func nextTry(after: Int, failedAt: Date, dagID: DAGID, taskID: TaskID, logicalDate: Date) -> Date {
        failedAt
    }
}
extension TaskContext { func render(_ s: String) async throws -> String { s } }
extension PlannedRun {
    var logicalDate: Date { Date(microseconds: 0) }; var runAfter: Date { logicalDate };
    var dataInterval: DataInterval { DataInterval(start: logicalDate, end: logicalDate) }
}
extension Timetable {
    func manualInterval(at: Date) -> DataInterval { DataInterval(start: at, end: at) }
    func nextRun(after: DataInterval?, startDate: Date?, endDate: Date?, catchup: Catchup, now: Date)
        -> PlannedRun?
    { nil }
}
