import DagKitSystem
import Glibc

/// An empty folder that goes with its owner.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        var name = Array("/tmp/dagkit-tests-XXXXXX".utf8CString)
        guard mkdtemp(&name) != nil else { throw SystemError.last("make a temporary folder") }
        path = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit {
        try? FileSystem.removeTree(path)
    }
}
