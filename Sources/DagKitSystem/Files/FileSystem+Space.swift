import Glibc

extension FileSystem {
    /// The room of the file system that a file or folder lies on, in bytes.
    ///
    /// - Returns: How much users may still write, and how large it is in all.
    package static func space(at path: String) throws(SystemError) -> (free: UInt64, total: UInt64) {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { throw .last("ask for the space at", path) }
        let unit = UInt64(status.f_frsize)
        return (UInt64(status.f_bavail) * unit, UInt64(status.f_blocks) * unit)
    }
}
