import DagKitCore
import DagKitSystem
import Synchronization

/// The reading end of a pipe, whose bytes are told line by line.
final class LinePipe: Sendable {
    /// A line that is longer is told in pieces.
    private static let longestLine = 64 * 1024

    /// A line, of which no more is kept than an output may have.
    private struct Line {
        private(set) var kept: [UInt8] = []
        /// How many bytes it has.
        private(set) var count = 0

        mutating func append(_ bytes: ArraySlice<UInt8>) {
            kept += bytes.prefix(max(0, EncodedOutput.maximumBytes - kept.count))
            count += bytes.count
        }
    }

    private struct State {
        var pending: [UInt8] = []
        /// What was told of a line that has not ended yet.
        var begun = Line()
        var last = Line()
    }

    private let pipe: FileDescriptor
    private let tell: @Sendable (ArraySlice<UInt8>) -> Void
    private let state = Mutex(State())

    init(_ pipe: consuming FileDescriptor, tell: @escaping @Sendable (ArraySlice<UInt8>) -> Void) {
        self.pipe = pipe
        self.tell = tell
    }

    /// Lets reads return at once when there is nothing.
    func setNonBlocking() throws(SystemError) {
        try pipe.setNonBlocking()
    }

    /// The last line that arrived, as the output of a task.
    ///
    /// - Throws: ``OutputError/tooLarge(type:bytes:task:key:)`` if it is longer than an output may be.
    var lastLine: String {
        get throws(OutputError) {
            let line = state.withLock(\.last)
            guard line.count <= EncodedOutput.maximumBytes else {
                // Two quotation marks belong to the JSON.
                throw .tooLarge(type: "String", bytes: line.count + 2)
            }
            return Self.text(line.kept[...])
        }
    }

    /// Tells lines until the writers are gone, or the task is cancelled and what was in the pipe then is told.
    func pump() async throws {
        reading: while !Task.isCancelled {
            switch try drain() {
            case .isOver: return finish()
            // Somebody may write faster than this reads: the cancellation is looked at in between.
            case .hasMore: await Task.yield()
            case .isEmpty:
                do {
                    _ = try await Reactor.shared.wait(for: .readable, on: pipe.raw)
                } catch is CancellationError {
                    break reading
                }
            }
        }
        _ = try drain()
        finish()
    }

    private enum Drained { case isOver, hasMore, isEmpty }

    /// Reads what is there, but no more than a pipe holds.
    private func drain() throws -> Drained {
        for _ in 0..<16 {
            guard let bytes = try pipe.read(upTo: Self.longestLine) else { return .isEmpty }
            if bytes.isEmpty { return .isOver }
            take(bytes)
        }
        return .hasMore
    }

    private func take(_ bytes: [UInt8]) {
        let lines = state.withLock { state in
            var lines: [ArraySlice<UInt8>] = []
            let all = state.pending + bytes
            var rest = all[...]
            var ended: (begun: Line, rest: ArraySlice<UInt8>)?
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                lines.append(rest[..<end])
                ended = (state.begun, rest[..<end])
                state.begun = Line()
                rest = rest[(end + 1)...]
            }
            if let ended {
                state.last = ended.begun
                state.last.append(ended.rest)
            }
            while rest.count >= Self.longestLine {
                lines.append(rest.prefix(Self.longestLine))
                state.begun.append(rest.prefix(Self.longestLine))
                rest = rest.dropFirst(Self.longestLine)
            }
            state.pending = Array(rest)
            return lines
        }
        for line in lines { tell(line) }
    }

    /// Tells what is left without a line break.
    private func finish() {
        let rest = state.withLock { state -> [UInt8] in
            let rest = state.pending
            state.pending = []
            state.begun.append(rest[...])
            if state.begun.count > 0 { state.last = state.begun }
            state.begun = Line()
            return rest
        }
        if !rest.isEmpty { tell(rest[...]) }
    }

    /// A line as text, without the carriage return that programs for other systems end it with.
    static func text(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes, as: UTF8.self)
    }
}
