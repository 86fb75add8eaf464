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
    private let tell: @Sendable (String) -> Void
    private let state = Mutex(State())

    init(_ pipe: consuming FileDescriptor, tell: @escaping @Sendable (String) -> Void) {
        self.pipe = pipe
        self.tell = tell
    }

    /// Lets reads return at once when there is nothing.
    func setNonBlocking() throws(SystemError) {
        try pipe.setNonBlocking()
    }

    /// The last line that arrived.
    var lastLine: String { state.withLock(\.lastLine) }

    /// Tells lines until the writers are gone, or the task is cancelled and the pipe is empty.
    func pump() async throws {
        while try drain() {
            do {
                _ = try await Reactor.shared.wait(for: .readable, on: pipe.raw)
            } catch is CancellationError {
                _ = try drain()
                break
            }
        }
        finish()
    }

    /// Reads what is there; returns false at the end.
    private func drain() throws -> Bool {
        while let bytes = try pipe.read(upTo: Self.longestLine) {
            guard !bytes.isEmpty else { return false }
            take(bytes)
        }
        return true
    }

    private func take(_ bytes: [UInt8]) {
        let lines = state.withLock { state in
            var lines: [String] = []
            state.pending += bytes
            var start = 0
            while let end = state.pending[start...].firstIndex(of: UInt8(ascii: "\n")) {
                lines.append(Self.text(state.pending[start..<end]))
                start = end + 1
            }
            state.pending.removeFirst(start)
            if state.pending.count >= Self.longestLine {
                lines.append(Self.text(state.pending[...]))
                state.pending = []
            }
            if let last = lines.last { state.lastLine = last }
            return lines
        }
        for line in lines { tell(line) }
    }

    /// Tells what is left without a line break.
    private func finish() {
        let rest = state.withLock { state -> String? in
            guard !state.pending.isEmpty else { return nil }
            state.lastLine = Self.text(state.pending[...])
            state.pending = []
            return state.lastLine
        }
        if let rest { tell(rest) }
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes, as: UTF8.self)
    }
}
