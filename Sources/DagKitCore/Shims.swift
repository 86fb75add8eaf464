public import FoundationEssentials
public struct DataInterval: Hashable, Codable, Sendable {
    public let start: Date; public let end: Date;
    public init(start: Date, end: Date) { self.start = start; self.end = end }
}
public enum Catchup: Sendable { case skip, latest, all }
public enum Schedule: Hashable, Sendable {
    case none, daily; public var text: String { "" }; public var description: String { "" }
    func timetable(zones: TimeZones) throws(PoolError) -> Timetable { Timetable() }
}
public struct Timetable: Sendable {}
public struct PlannedRun: Hashable, Codable, Sendable {}
extension TaskContext { func render(_ s: String) async throws -> String { s } }
extension PlannedRun { var logicalDate: Date { Date(microseconds: 0) }; var runAfter: Date { logicalDate }; var dataInterval: DataInterval { DataInterval(start: logicalDate, end: logicalDate) } }
extension Timetable { func manualInterval(at: Date) -> DataInterval { DataInterval(start: at, end: at) }
 func nextRun(after: DataInterval?, startDate: Date?, endDate: Date?, catchup: Catchup, now: Date) -> PlannedRun? { nil } }
