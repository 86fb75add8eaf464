import DagKitCore
import DagKitSystem
import FoundationEssentials
import Glibc

/// The log file of a running attempt: what its processes print and what its logger says, masked, each line with its time.
///
/// The file is appended to. What cannot be written, as the disk is full or the log has reached its limit, is counted and
/// told in a line of its own; the task is never stopped for it.
final class AttemptLog {
    /// Where a worker's bytes came from.
    enum Source: String {
        case output = "stdout"
        case errors = "stderr"
    }

    private struct Stream {
        var masker = SecretMasker(SecretPatterns())
        var lines = OutputLines()
        var lineNumber = 0
    }

    private let file: FileDescriptor
    private let now: () -> Date
    private let limit: Int
    private var size = 0
    private var lost = 0
    private var hasReachedLimit = false
    private var output = Stream()
    private var errors = Stream()
    private var lastErrors: [String] = []

    /// Opens the log at `path`, whose folder is made.
    ///
    /// - Parameter limit: The most bytes that this attempt may add.
    init(_ path: String, limit: Int, now: @escaping () -> Date) throws {
        try FileSystem.createFolder(FileSystem.parent(of: path))
        file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_APPEND)
        self.limit = limit
        self.now = now
    }

    /// Takes what came from the worker.
    func take(_ bytes: [UInt8], from source: Source) {
        switch source {
        case .output: take(bytes, from: source, &output)
        case .errors: take(bytes, from: source, &errors)
        }
    }

    /// Masks these values from now on.
    func addSecrets(_ values: [String]) {
        for value in values { output.masker.patterns.insert(value) }
        errors.masker.patterns = output.masker.patterns
    }

    /// Adds a line of the supervisor's own.
    func note(_ text: String, level: TaskLogger.Level = .info, fileID: String = #fileID, line: Int = #line) {
        append(
            LogLine.render(
                mask(text), level: level, at: now(), from: SourceLocation(file: fileID, line: line)))
    }

    /// A text without the attempt's secrets.
    func mask(_ text: String) -> String {
        output.masker.mask(text)
    }

    /// Writes what is still held back; nothing may follow.
    func finish() {
        finish(&output, from: .output)
        finish(&errors, from: .errors)
        if lost > 0, !hasReachedLimit { tellLoss() }
    }

    /// What a crashed program said last: its own message if there is one, or else its last line of stderr.
    var crashLine: String? {
        lastErrors.last { $0.contains("Fatal error:") || $0.contains("fatal error:") }
            ?? lastErrors.last { !$0.allSatisfy(\.isWhitespace) }
    }

    private func take(_ bytes: [UInt8], from source: Source, _ stream: inout Stream) {
        write(stream.lines.take(stream.masker.mask(bytes)), from: source, &stream)
    }

    private func finish(_ stream: inout Stream, from source: Source) {
        let lines = stream.lines.take(stream.masker.finish()) + [stream.lines.finish()].compactMap { $0 }
        write(lines, from: source, &stream)
    }

    private func write(_ lines: [OutputLines.Line], from source: Source, _ stream: inout Stream) {
        var bytes: [UInt8] = []
        for line in lines {
            if !line.isLogged {
                stream.lineNumber += 1
                let level: TaskLogger.Level = source == .output ? .info : .warning
                let place = SourceLocation(file: source.rawValue, line: stream.lineNumber)
                bytes += LogLine.render("", level: level, at: now(), from: place).utf8
            }
            bytes += line.bytes
            bytes.append(UInt8(ascii: "\n"))
            if source == .errors, !line.isLogged { remember(line.bytes) }
        }
        if !bytes.isEmpty { append(bytes) }
    }

    private func remember(_ line: [UInt8]) {
        if lastErrors.count == 200 { lastErrors.removeFirst(100) }
        lastErrors.append(String(decoding: line.prefix(500), as: UTF8.self))
    }

    private func append(_ line: String) {
        append(Array(line.utf8) + [UInt8(ascii: "\n")])
    }

    private func append(_ bytes: [UInt8]) {
        guard size + bytes.count <= limit else { return reachLimit(bytes.count) }
        if lost > 0 { tellLoss() }
        guard lost == 0, writeAll(bytes) else {
            lost += bytes.count
            return
        }
        size += bytes.count
    }

    private func reachLimit(_ count: Int) {
        lost += count
        guard !hasReachedLimit else { return }
        hasReachedLimit = true
        let text = "the log ends here: it has reached its limit of \(limit) bytes"
        _ = writeAll(Array((stamped(text, .warning) + "\n").utf8))
    }

    private func tellLoss() {
        let text = "\(lost) bytes of the log are lost: they could not be written"
        if writeAll(Array((stamped(text, .warning) + "\n").utf8)) { lost = 0 }
    }

    private func stamped(
        _ text: String, _ level: TaskLogger.Level, fileID: String = #fileID, line: Int = #line
    )
        -> String
    {
        LogLine.render(text, level: level, at: now(), from: SourceLocation(file: fileID, line: line))
    }

    private func writeAll(_ bytes: [UInt8]) -> Bool {
        do {
            try file.writeAll(bytes)
            return true
        } catch {
            return false
        }
    }
}
