public import FoundationEssentials

public indirect enum JSONValue: Hashable, Sendable, Codable {
    case null, bool(Bool), integer(Int64), number(Double), string(String), array([JSONValue]), object(
        [String: JSONValue])
    public var text: String { "" }
}
extension JSONValue: ExpressibleByDictionaryLiteral, ExpressibleByStringLiteral {
    public init(dictionaryLiteral e: (String, JSONValue)...) { self = .object([:]) };
    public init(stringLiteral s: String) { self = .string(s) }
}
public enum JSONCoding {
    public static func encode<T: Encodable>(_ v: T) throws -> String { "" }
    public static func decode<T: Decodable>(_ t: T.Type, from: String) throws -> T { fatalError() }
}
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
extension Date { init(isoText: String) throws { self.init() } }

extension JSONValue {
    public var string: String? { nil }; public var integer: Int64? { nil };
    public var number: Double? { nil }; public subscript(k: String) -> JSONValue? { nil }
}
extension RetryPolicy {
    func nextTry(after: Int, failedAt: Date, dagID: DAGID, taskID: TaskID, logicalDate: Date) -> Date {
        failedAt
    }
}
extension Date { var isoText: String { "" } }
extension TaskContext { func render(_ s: String) async throws -> String { s } }
extension Date { var microsecondsSinceEpoch: Int64 { 0 }; init(microseconds: Int64) { self.init() } }
