import DagKitCore
import DagKitSystem
import FoundationEssentials
import Glibc

/// `dagkit-conformance FILE...`: runs the test vectors of any file against this engine.
///
/// It prints `FILE: N cases, M passed` for each file and one line for each case that fails. The exit status is 0 if
/// all passed, 1 if a case failed, 2 if the command line is wrong or a file cannot be read.
struct ConformanceCommand {
    /// The folder that the environment's `TZDIR` names.
    let timeZoneFolder: String?

    private var hasUnreadableFile = false
    private var hasFailure = false

    init(timeZoneFolder: String?) {
        self.timeZoneFolder = timeZoneFolder
    }

    /// The file formats and what checks their cases.
    private static var formats: [any Vector.Type] {
        [CronVector.self, ScheduleVector.self, RetryVector.self, TriggerRuleVector.self, RunVector.self]
    }

    mutating func run(_ files: [String]) -> Int32 {
        if files.first == "--help" || files.first == "-h" {
            print(Self.usage)
            return 0
        }
        guard !files.isEmpty, !files.contains(where: { $0.hasPrefix("-") }) else {
            complain(Self.usage)
            return 2
        }
        for file in files {
            do {
                try check(file)
            } catch {
                complain("dagkit-conformance: error: \(file): \(error)")
                hasUnreadableFile = true
            }
        }
        return hasUnreadableFile ? 2 : hasFailure ? 1 : 0
    }

    private static var usage: String {
        """
        usage: dagkit-conformance FILE...

        Runs the test vectors of each FILE and names the cases that fail. The formats are
        \(formats.map { $0.format }.joined(separator: ", ")).
        Time zones are read from the folder of TZDIR (default: /usr/share/zoneinfo).
        """
    }

    private mutating func check(_ path: String) throws {
        let data = Data(try FileSystem.read(path))
        let header = try decode(Header.self, data)
        guard let vector = Self.formats.first(where: { $0.format == header.format }) else {
            throw VectorFileError.unknownFormat(header.format, known: Self.formats.map { $0.format })
        }
        try check(vector, data, path)
    }

    private mutating func check<V: Vector>(_ vector: V.Type, _ data: Data, _ path: String) throws {
        let cases = try decode(CaseList<V>.self, data).cases
        let zones = SystemZones(ZoneInfo.system(directory: timeZoneFolder))
        var failures: [String] = []
        for vector in cases {
            do {
                guard let mismatch = try vector.mismatch(zones: zones) else { continue }
                failures.append("\(vector.id): expected \(mismatch.expected), got \(mismatch.got)")
            } catch {
                failures.append("\(vector.id): got the error: \(error)")
            }
        }
        print("\(path): \(cases.count) cases, \(cases.count - failures.count) passed")
        for failure in failures { print("  \(failure)") }
        if !failures.isEmpty { hasFailure = true }
    }

    private func decode<Value: Decodable>(_ type: Value.Type, _ data: Data) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch {
            throw VectorFileError.malformed("\(error)")
        }
    }

    private func complain(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }

    private struct Header: Decodable { let format: String }
    private struct CaseList<V: Vector>: Decodable { let cases: [V] }
}

/// Why a file holds no test vectors that can be run.
enum VectorFileError: DagKitError, Equatable {
    case unknownFormat(String, known: [String])
    case malformed(String)

    var problem: String {
        switch self {
        case .unknownFormat(let format, _): "the format \"\(format)\" is not known"
        case .malformed(let reason): "the file is no test vectors: \"\(reason)\""
        }
    }

    var remedy: String {
        switch self {
        case .unknownFormat(_, let known):
            "give a file of one of the formats \(known.joined(separator: ", "))"
        case .malformed: "give a JSON object with \"format\" and \"cases\""
        }
    }
}
