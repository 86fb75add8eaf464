import Glibc

/// Files and folders that only this user may read, and that a crash leaves whole.
package enum FileSystem {
    /// The bytes of a file.
    ///
    /// - Throws: ``SystemError/failed(_:_:code:)``, with `EFBIG` if there are more than `limit`.
    package static func read(_ path: String, limit: Int = 64 << 20) throws(SystemError) -> [UInt8] {
        let file = try FileDescriptor.open(path, O_RDONLY)
        var bytes: [UInt8] = []
        do throws(SystemError) {
            while let chunk = try file.read(upTo: 1 << 16), !chunk.isEmpty {
                bytes += chunk
                guard bytes.count <= limit else { throw .failed("read", path, code: EFBIG) }
            }
        } catch {
            throw .failed("read", path, code: error.code)
        }
        return bytes
    }

    /// The text of a file; bytes that are no UTF-8 become replacement characters.
    package static func readText(_ path: String, limit: Int = 64 << 20) throws(SystemError) -> String {
        String(decoding: try read(path, limit: limit), as: UTF8.self)
    }

    /// Puts a whole new file in place of the old one: a reader sees the one or the other, never a part.
    ///
    /// - Parameter durable: Whether the new file must survive a power cut once this returns.
    package static func write(
        _ bytes: some Sequence<UInt8>, to path: String, mode: UInt32 = 0o600, durable: Bool = true
    ) throws(SystemError) {
        let temporary = "\(path).\(getpid()).\(UInt64.random(in: 0 ... .max)).tmp"
        do throws(SystemError) {
            try writeNew(bytes, to: temporary, mode: mode, durable: durable)
            guard rename(temporary, path) == 0 else { throw .last("write", path) }
            if durable { try synchronizeFolder(of: path) }
        } catch {
            unlink(temporary)
            throw .failed("write", path, code: error.code)
        }
    }

    /// Puts a whole new file in place unless there is one already.
    ///
    /// - Returns: Whether this call made the file; of several callers at once exactly one does.
    package static func create(_ bytes: some Sequence<UInt8>, at path: String, mode: UInt32 = 0o600)
        throws(SystemError) -> Bool
    {
        let temporary = "\(path).\(getpid()).\(UInt64.random(in: 0 ... .max)).tmp"
        defer { unlink(temporary) }
        try writeNew(bytes, to: temporary, mode: mode, durable: true)
        if link(temporary, path) == 0 {
            try synchronizeFolder(of: path)
            return true
        }
        guard errno == EEXIST else { throw .last("write", path) }
        return false
    }

    /// Makes a folder that only this user may enter, and those above it that are missing.
    package static func createFolder(_ path: String) throws(SystemError) {
        if mkdir(path, 0o700) == 0 { return }
        switch errno {
        case EEXIST where isFolder(path): return
        case ENOENT:
            let above = parent(of: path)
            guard above != path else { throw .failed("make folder", path, code: ENOENT) }
            try createFolder(above)
            guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw .last("make folder", path) }
        default: throw .last("make folder", path)
        }
    }

    /// Makes a folder that only this user may enter, if the one above it is there and it is not.
    ///
    /// - Returns: Whether this call made it.
    package static func startFolder(_ path: String) -> Bool { mkdir(path, 0o700) == 0 }

    /// Removes a file; one that is not there is no error.
    package static func remove(_ path: String) throws(SystemError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw .last("remove", path) }
    }

    /// Removes a file, or a folder with all that is in it; links are removed, not followed.
    package static func removeTree(_ path: String) throws(SystemError) {
        if !isFolder(path, followingLinks: false) { return try remove(path) }
        for name in try names(in: path) { try removeTree("\(path)/\(name)") }
        guard rmdir(path) == 0 || errno == ENOENT else { throw .last("remove folder", path) }
    }

    /// The names in a folder, in order, without `.` and `..`; none if there is no such folder.
    package static func names(in folder: String) throws(SystemError) -> [String] {
        guard let stream = opendir(folder) else {
            if errno == ENOENT { return [] }
            throw .last("read folder", folder)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            // The end and an error look alike but for this.
            errno = 0
            guard let entry = readdir(stream) else { break }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        guard errno == 0 else { throw .last("read folder", folder) }
        return names.sorted()
    }

    /// Whether there is a folder at `path`.
    package static func isFolder(_ path: String, followingLinks: Bool = true) -> Bool {
        var status = stat()
        let code = followingLinks ? stat(path, &status) : lstat(path, &status)
        return code == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Whether there is a regular file at `path`, or a link to one.
    package static func isFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// Whether there is anything at `path`.
    package static func exists(_ path: String) -> Bool {
        access(path, F_OK) == 0
    }

    /// The folder that `path` lies in.
    package static func parent(of path: String) -> String {
        // By bytes: a slash is no part of any other character.
        let slash = UInt8(ascii: "/")
        var trimmed = path.utf8[...]
        while trimmed.count > 1, trimmed.last == slash { trimmed = trimmed.dropLast() }
        guard let last = trimmed.lastIndex(of: slash) else { return "." }
        return last == trimmed.startIndex ? "/" : String(Substring(trimmed[..<last]))
    }

    private static func writeNew(
        _ bytes: some Sequence<UInt8>, to path: String, mode: UInt32, durable: Bool
    ) throws(SystemError) {
        let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: mode)
        try file.writeAll(bytes)
        if durable { try file.synchronize() }
    }

    /// Makes what was renamed, linked or removed beside a file survive a power cut.
    package static func synchronizeFolder(of path: String) throws(SystemError) {
        try FileDescriptor.open(parent(of: path), O_RDONLY | O_DIRECTORY).synchronize()
    }
}
