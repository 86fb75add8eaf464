import CSystem
import DagKitCore
import Glibc

/// The time zones of the system's database, as the bytes of their TZif files.
///
/// ```swift
/// let bytes = try ZoneInfo.system().bytes(of: "Europe/Paris")
/// ```
package struct ZoneInfo: Sendable {
    /// The folder that holds the files.
    package let folder: String

    /// Uses the files of one folder.
    package init(folder: String) {
        self.folder = folder
    }

    /// The database of this machine: the folder that `TZDIR` names, or else the usual one.
    ///
    /// - Parameter directory: The value of the environment's `TZDIR`.
    package static func system(directory: String? = nil) -> ZoneInfo {
        ZoneInfo(folder: directory.flatMap { $0.isEmpty ? nil : $0 } ?? "/usr/share/zoneinfo")
    }

    /// The TZif file of a zone.
    ///
    /// - Throws: ``ZoneInfoError`` if the name is none, or there is no such zone.
    package func bytes(of zone: String) throws -> [UInt8] {
        guard Self.isName(zone) else { throw ZoneInfoError.notAName(zone) }
        let path = "\(folder)/\(zone)"
        guard !FileSystem.isFolder(path), FileSystem.exists(path) else {
            throw FileSystem.isFolder(folder) ? ZoneInfoError.unknown(zone) : ZoneInfoError.noDatabase(folder)
        }
        let bytes = try FileSystem.read(path, limit: 1 << 20)
        guard bytes.starts(with: "TZif".utf8) else { throw ZoneInfoError.unknown(zone) }
        return bytes
    }

    /// The release of the database, such as `2025b`; `nil` if it does not say.
    package var version: String? {
        if let text = try? FileSystem.readText("\(folder)/+VERSION") {
            return text.split(whereSeparator: \.isWhitespace).first.map(String.init)
        }
        // The first line is "# version 2025b".
        guard let file = try? FileDescriptor.open("\(folder)/tzdata.zi", O_RDONLY),
            let start = try? file.read(upTo: 80),
            let line = String(decoding: start, as: UTF8.self).split(separator: "\n").first
        else { return nil }
        let words = line.split(separator: " ")
        return words.starts(with: ["#", "version"]) && words.count > 2 ? String(words[2]) : nil
    }

    /// Whether a text can be the name of a zone: parts of letters, digits, `_`, `+` and `-`, joined by `/`.
    ///
    /// A name becomes a path, so that nothing that means anything else in a path may pass.
    private static func isName(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return text.utf8.count <= 64 && !parts.isEmpty
            && parts.allSatisfy { part in
                !part.isEmpty && part.utf8.first != UInt8(ascii: "-") && part.utf8.allSatisfy(isNameByte)
            }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

extension ZoneInfo: TimeZoneSource {
    package func tzif(named name: String) throws -> [UInt8]? {
        do {
            return try bytes(of: name)
        } catch ZoneInfoError.unknown {
            return nil
        }
    }
}

/// Why a time zone cannot be loaded.
package enum ZoneInfoError: DagKitError, Equatable {
    case notAName(String)
    case unknown(String)
    case noDatabase(String)

    package var problem: String {
        switch self {
        case .notAName(let zone): "\"\(zone)\" is not the name of a time zone"
        case .unknown(let zone): "time zone \"\(zone)\" is not known here"
        case .noDatabase(let folder): "there is no time zone database in \"\(folder)\""
        }
    }

    package var remedy: String {
        switch self {
        case .notAName, .unknown: "write a name of the IANA database, such as \"Europe/Paris\""
        case .noDatabase: "install the package tzdata or set TZDIR"
        }
    }
}
