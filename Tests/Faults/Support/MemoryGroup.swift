import DagKitSystem
import Glibc

/// A control group with little memory, of either version, where this process may make one; gone with its owner.
final class MemoryGroup {
    let path: String

    static var isPossible: Bool { place != nil }

    /// The folder of such groups, and the file of one that holds its limit.
    private static var place: (folder: String, limit: String)? {
        let root = "/sys/fs/cgroup"
        if access("\(root)/memory/memory.limit_in_bytes", F_OK) == 0, access("\(root)/memory", W_OK) == 0 {
            return ("\(root)/memory", "memory.limit_in_bytes")
        }
        let shared = (try? FileSystem.readText("\(root)/cgroup.subtree_control")) ?? ""
        let isShared = shared.split(whereSeparator: \.isWhitespace).contains("memory")
        return isShared && access(root, W_OK) == 0 ? (root, "memory.max") : nil
    }

    init(limit: Int) throws {
        guard let place = Self.place else {
            throw SystemError.failed("make a control group", nil, code: EACCES)
        }
        path = "\(place.folder)/dagkit-fault-\(getpid())"
        try FileSystem.createFolder(path)
        try FileDescriptor.open("\(path)/\(place.limit)", O_WRONLY).writeAll("\(limit)".utf8)
        // What is swapped out would not be missed: no more than the same of both, or none of it.
        for (file, value) in [("memory.memsw.limit_in_bytes", limit), ("memory.swap.max", 0)]
        where FileSystem.exists("\(path)/\(file)") {
            try FileDescriptor.open("\(path)/\(file)", O_WRONLY).writeAll("\(value)".utf8)
        }
    }

    deinit { rmdir(path) }
}
