import DagKitSystem
import Synchronization

/// The reading end of a pipe, whose bytes are told line by line.
final class LinePipe: Sendable {
    /// A line that is longer is told in pieces.
    private static let longestLine = 64 * 1024

    private struct State {
        var pending: [UInt8] = []
        var lastLine = ""
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

    /// The last line that arrived.
    var lastLine: String { state.withLock(\.lastLine) }

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
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                lines.append(rest[..<end])
                rest = rest[(end + 1)...]
            }
            while rest.count >= Self.longestLine {
                lines.append(rest.prefix(Self.longestLine))
                rest = rest.dropFirst(Self.longestLine)
            }
            state.pending = Array(rest)
            if let last = lines.last { state.lastLine = Self.text(last) }
            return lines
        }
        for line in lines { tell(line) }
    }

    /// Tells what is left without a line break.
    private func finish() {
        let rest = state.withLock { state -> [UInt8] in
            defer { state.pending = [] }
            if !state.pending.isEmpty { state.lastLine = Self.text(state.pending[...]) }
            return state.pending
        }
        if !rest.isEmpty { tell(rest[...]) }
    }

    /// A line as text, without the carriage return that programs for other systems end it with.
    static func text(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes, as: UTF8.self)
    }
}
