import DagKitCore
import DagKitSystem
import FoundationEssentials

/// One case of a file of test vectors.
protocol Vector: Decodable {
    /// The name and version of the file format, as the file's `format` says it.
    static var format: String { get }

    var id: String { get }

    /// How this engine's answer differs from the recorded one; `nil` if it does not.
    func mismatch(zones: SystemZones) throws -> Mismatch?
}

/// An answer that is not the recorded one.
struct Mismatch {
    let expected: String
    let got: String
}

/// The time zones of the system's database.
struct SystemZones: TimeZoneSource {
    private let database: ZoneInfo

    init(_ database: ZoneInfo) {
        self.database = database
    }

    func tzif(named name: String) throws -> [UInt8]? {
        do {
            return try database.bytes(of: name)
        } catch ZoneInfoError.unknown {
            return nil
        }
    }
}

extension Date {
    /// The instant as the vectors write it, `2024-01-02T03:04:05Z`.
    var vectorText: String { isoText.dropLast(6) + "Z" }
}
