import DagKitCore
import DagKitSystem
import FoundationEssentials
import Glibc

/// What became of one test of a fault.
struct FaultRecord: Codable, Hashable, Sendable {
    let fault: String
    let test: String
    let outcome: String
    let means: String
    let hasPassed: Bool

    /// Adds the record to the file that `DAGKIT_FAULT_RECORDS` names, if it names one.
    func append() throws {
        guard let path = Self.path else { return }
        let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_APPEND)
        try file.writeAll("\(try JSONCoding.encode(self))\n".utf8)
    }

    /// The records that have been kept, in the order of the list.
    static func all() throws -> [FaultRecord] {
        guard let path else { return [] }
        return try FileSystem.readText(path).split(separator: "\n").map {
            try JSONCoding.decode(FaultRecord.self, from: String($0))
        }
    }

    private static var path: String? { ProcessInfo.processInfo.environment["DAGKIT_FAULT_RECORDS"] }
}
