import DagKitCore
import DagKitRuntime
import DagKitSecrets
import DagKitSystem
import Glibc

/// The SHA-256 of a program file, which is read once and then kept in the home for as long as the file is the same.
///
/// A scheduler that knows it at its start registers its DAGs once; else it does so again when the file is read.
struct ExecutableHash: Sendable {
    private let program: String
    private let note: String

    init(of program: String = CurrentProcess.executable, home: String) {
        self.program = program
        note = "\(home)/\(SchedulerDoor.folder)/executable.sha256"
    }

    /// The hash, if it was worked out before for this very file; `nil` else.
    var known: String? {
        guard let mark, let words = try? FileSystem.readText(note).split(whereSeparator: \.isWhitespace),
            words.count == 2, words[1] == mark
        else { return nil }
        return String(words[0])
    }

    /// Reads the file and keeps its hash. It blocks: call it over `Blocking`.
    ///
    /// - Throws: ``SystemError`` if the file cannot be read.
    func read() throws -> String {
        let before = mark
        let hash = try FileHash.sha256(ofFile: program)
        // A file that was exchanged meanwhile has another hash; a note that cannot be kept is missed and no more.
        if let before, before == mark {
            try? FileSystem.write(Array("\(hash) \(before)\n".utf8), to: note, durable: false)
        }
        return hash
    }

    /// What the kernel says of the file, and what changes with it.
    private var mark: String? {
        var status = stat()
        guard stat(program, &status) == 0 else { return nil }
        let times = [status.st_mtim, status.st_ctim].map { "\($0.tv_sec).\($0.tv_nsec)" }
        return ["\(status.st_dev)", "\(status.st_ino)", "\(status.st_size)"].joined(separator: "-") + "-"
            + times.joined(separator: "-")
    }
}
