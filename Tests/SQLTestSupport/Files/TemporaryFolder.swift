import FoundationEssentials
import Glibc

/// A folder of its own for one test, which removes it at its end.
package struct TemporaryFolder: Sendable {
    package let path: String

    package init() throws {
        var template = Array("\(FileManager.default.temporaryDirectory.path)/dagkit-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CocoaError(.fileWriteUnknown) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    package func remove() { try? FileManager.default.removeItem(atPath: path) }

    package func file(_ name: String) -> String { "\(path)/\(name)" }
}
