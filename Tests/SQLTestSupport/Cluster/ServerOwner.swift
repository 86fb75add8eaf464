import DagKitSystem
import FoundationEssentials
import Glibc

/// The user that the server runs as: this one, or for root one without rights.
struct ServerOwner: Sendable {
    /// What stands before a command so that this user runs it.
    let prefix: [String]

    private let user: uid_t
    private let group: gid_t

    static let current: ServerOwner = {
        guard geteuid() == 0 else { return ServerOwner(prefix: [], user: geteuid(), group: getegid()) }
        for name in ["postgres", "nobody"] {
            guard let entry = getpwnam(name) else { continue }
            let (user, group) = (entry.pointee.pw_uid, entry.pointee.pw_gid)
            return ServerOwner(
                prefix: ["setpriv", "--reuid=\(user)", "--regid=\(group)", "--clear-groups", "--"],
                user: user,
                group: group)
        }
        return ServerOwner(prefix: [], user: 0, group: 0)
    }()

    /// A new folder that belongs to this user.
    func makeFolder() throws -> String {
        var template = Array("\(FileManager.default.temporaryDirectory.path)/dagkit-pg-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemError.last("make a folder") }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        try own(path)
        return path
    }

    /// Gives a file to this user.
    func own(_ path: String) throws {
        guard chown(path, user, group) == 0 else { throw SystemError.last("hand over", path) }
    }

    /// Runs a program as this user.
    func run(_ program: String, _ arguments: String...) async throws {
        let words = prefix + [program] + arguments
        _ = try await Tool.output(words[0], Array(words.dropFirst()))
    }
}
