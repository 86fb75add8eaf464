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
extension Date { init(isoText: String) throws { self.init() } }
