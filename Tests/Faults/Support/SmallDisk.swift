import DagKitSystem
import FoundationEssentials
import Glibc

/// A small file system in memory, unmounted with the value that stands for it.
final class SmallDisk: Sendable {
    let path: String
    private var filling: String { "\(path)/filling" }

    /// Whether this machine lets the tests mount one.
    static let isPermitted = (try? SmallDisk(megabytes: 1)) != nil

    init(megabytes: Int, inodes: Int? = nil) throws {
        path = "\(FileManager.default.temporaryDirectory.path())dagkit-disk-\(UInt64.random(in: 0 ... .max))"
        try FileSystem.createFolder(path)
        let options = "size=\(megabytes)m" + (inodes.map { ",nr_inodes=\($0)" } ?? "")
        guard mount("none", path, "tmpfs", 0, options) == 0 else {
            let error = SystemError.last("mount", path)
            rmdir(path)
            throw error
        }
    }

    deinit {
        // Whoever still has a file open there keeps the memory, not the place.
        umount2(path, Int32(MNT_DETACH))
        rmdir(path)
    }

    /// Takes all the space that is left.
    func fill() throws {
        let file = try FileDescriptor.open(filling, O_WRONLY | O_CREAT | O_APPEND)
        for size in [1 << 16, 1 << 12, 1] {
            while (try? file.writeAll([UInt8](repeating: 0, count: size))) != nil {}
        }
    }

    /// Makes empty files until there are no inodes left, and says how many it made.
    func takeInodes() throws -> Int {
        var count = 0
        while (try? FileDescriptor.open("\(path)/inode-\(count)", O_WRONLY | O_CREAT)) != nil { count += 1 }
        return count
    }

    /// Removes the empty files.
    func giveBack(_ count: Int) throws {
        for number in 0..<count { try FileSystem.remove("\(path)/inode-\(number)") }
    }

    /// Gives the space back.
    func free() throws { try FileSystem.remove(filling) }
}
