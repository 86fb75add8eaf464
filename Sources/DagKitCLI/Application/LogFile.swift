import DagKitSystem
import Glibc

/// Files that get a line after the other.
enum LogFile {
    /// Adds a line to a file, whose folder may have been removed; a full disk costs the line and not the program.
    static func append(_ text: String, to path: String) {
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
        } catch {
            // The console has the line.
        }
    }
}
