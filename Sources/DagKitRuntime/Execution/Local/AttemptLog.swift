import DagKitCore
import FoundationEssentials

/// The log of a running attempt: what its processes print and what its logger says, masked, each line with its time.
final class AttemptLog {
    /// Where a worker's bytes came from.
    enum Source: String {
        case output = "stdout"
        case errors = "stderr"
    }

    private struct Stream {
        var masker: SecretMasker
        var lines: OutputLines
        var lineNumber = 0
    }

    /// The files that it is written to.
    let files: LogSegments
    private let now: () -> Date
    private var output: Stream
    private var errors: Stream
    private var lastErrors: [ArraySlice<UInt8>] = []

    /// Opens the log at `path`, or, where that cannot be, at `fallback`.
    ///
    /// - Parameters:
    ///   - limit: The most bytes on the disk.
    ///   - isFirst: Whether it is likely the first log of its task in the run.
    ///   - patterns: What is masked from the start.
    ///   - mark: What begins a line of the worker's logger.
    init(
        _ path: String, orElse fallback: String? = nil, limit: Int, isFirst: Bool = false,
        patterns: SecretPatterns = SecretPatterns(),
        mark: [UInt8] = OutputLines.mark(of: ""), now: @escaping () -> Date
    ) throws {
        self.now = now
        files = try LogSegments(path, orElse: fallback, limit: limit, isFirst: isFirst) { text in
            Array((Self.line(text, .warning, at: now()) + "\n").utf8)
        }
        output = Stream(masker: SecretMasker(patterns), lines: OutputLines(mark: mark))
        errors = output
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
        files.append(Array((Self.line(mask(text), level, at: now(), fileID: fileID, line: line) + "\n").utf8))
    }

    /// A text without the attempt's secrets.
    func mask(_ text: String) -> String {
        output.masker.mask(text)
    }

    /// Writes what is still held back; nothing may follow.
    func finish() {
        finish(&output, from: .output)
        finish(&errors, from: .errors)
        files.finish()
    }

    /// What a crashed program said last: its own message if there is one, or else its last line of stderr.
    var crashLine: String? {
        let lines = lastErrors.map { String(decoding: $0, as: UTF8.self) }
        return lines.last { line in Self.crashWords.contains { line.contains($0) } }
            ?? lines.last { !$0.allSatisfy(\.isWhitespace) }
    }

    /// What Swift's runtime and the C library say before they end a process.
    private static let crashWords = [
        "Fatal error", "fatal error", "Precondition failed", "Assertion failed", "Assertion `",
        "terminate called",
    ]

    private func take(_ bytes: [UInt8], from source: Source, _ stream: inout Stream) {
        write(stream.lines.take(stream.masker.mask(bytes)), from: source, &stream)
    }

    private func finish(_ stream: inout Stream, from source: Source) {
        let last = stream.lines.take(stream.masker.finish()) + stream.lines.finish()
        write(last, from: source, &stream)
    }

    private func write(_ lines: [OutputLines.Line], from source: Source, _ stream: inout Stream) {
        if lines.isEmpty { return }
        let level: TaskLogger.Level = source == .output ? .info : .warning
        let opening = Array("[\(LogLine.stamp(now()))] {\(source.rawValue):".utf8)
        let closing = Array("} \(level.rawValue) - ".utf8)
        let pieceLimit = files.pieceLimit
        var bytes: [UInt8] = []
        for line in lines {
            if !line.isLogged {
                stream.lineNumber += 1
                bytes += opening
                Self.append(stream.lineNumber, to: &bytes)
                bytes += closing
                if source == .errors { remember(line.bytes) }
            }
            bytes += line.bytes
            bytes.append(UInt8(ascii: "\n"))
            if bytes.count >= pieceLimit {
                files.append(bytes)
                bytes.removeAll(keepingCapacity: true)
            }
        }
        if !bytes.isEmpty { files.append(bytes) }
    }

    private static func append(_ number: Int, to bytes: inout [UInt8]) {
        if number >= 10 { append(number / 10, to: &bytes) }
        bytes.append(UInt8(ascii: "0") + UInt8(number % 10))
    }

    private func remember(_ line: ArraySlice<UInt8>) {
        if lastErrors.count == 200 { lastErrors.removeFirst(100) }
        // A copy: a slice would keep the whole chunk that it was cut from.
        lastErrors.append(Array(line.prefix(500))[...])
    }

    private static func line(
        _ text: String, _ level: TaskLogger.Level, at now: Date, fileID: String = #fileID, line: Int = #line
    ) -> String {
        LogLine.render(text, level: level, at: now, from: SourceLocation(file: fileID, line: line))
    }
}
