import DagKitCore
import FoundationEssentials

/// The files that lie beside these tests.
enum Fixture {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .appending(path: "Fixtures")

    static func data(_ path: String) throws -> Data { try Data(contentsOf: folder.appending(path: path)) }

    /// The rules of a zone, from the tz database 2025b that the vectors were recorded with.
    static func zone(_ name: String) throws -> TimeZoneRules { try FixtureZones().rules(named: name) }

    /// An instant from ISO 8601 text that is known to be right.
    static func instant(_ text: String) throws -> Date { try Date(isoText: text) }
}

/// The zones of `Fixtures/zoneinfo`.
struct FixtureZones: TimeZoneSource {
    func tzif(named name: String) throws -> [UInt8]? {
        (try? Fixture.data("zoneinfo/\(name)")).map(Array.init)
    }
}
