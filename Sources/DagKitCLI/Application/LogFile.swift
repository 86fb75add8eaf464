import DagKitSystem
import Glibc

/// Files that get a line after the other.
enum LogFile {
    /// Adds a line to a file, whose folder may have been removed; a full disk costs the line and not the program.
    ///
    /// - Returns: How many bytes the file has then; `nil` if the line is not there.
    @discardableResult
    static func append(_ text: String, to path: String) -> Int? {
        let flags = O_WRONLY | O_CREAT | O_APPEND
        do {
            let file: FileDescriptor
            do {
                file = try FileDescriptor.open(path, flags)
            } catch {
                guard error.code == ENOENT else { throw error }
                try FileSystem.createFolder(FileSystem.parent(of: path))
                file = try FileDescriptor.open(path, flags)
            }
            try file.writeAll(text.utf8)
            var status = stat()
            return fstat(file.raw, &status) == 0 ? status.st_size : nil
        } catch {
            // The console has the line.
            return nil
        }
    }

    /// Makes room for a new file: the old one becomes `.1`, that one `.2` and so on; the last `kept` stay.
    static func rotate(_ path: String, kept: Int) {
        for number in stride(from: kept - 1, to: 0, by: -1) {
            rename("\(path).\(number)", "\(path).\(number + 1)")
        }
        rename(path, path + ".1")
    }
}
