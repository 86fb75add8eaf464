import DagKitCore
import DagKitSystem
import Glibc

/// Writes to a descriptor without waiting for its reader longer than one wants to.
///
/// Others may share the descriptor, so that its flags stay as they are: a terminal or a pipe is opened once more and does not
/// block, a socket is asked for what it takes at once, and a file never makes anybody wait.
final class HastyOutput: Sendable {
    private let raw: Int32

    /// The same terminal or pipe, opened once more; -1 for others, and where it cannot be opened.
    private let own: Int32

    private static let standard = (
        output: HastyOutput(STDOUT_FILENO), error: HastyOutput(STDERR_FILENO)
    )

    static func of(_ stream: Console.Stream) -> HastyOutput {
        stream == .output ? standard.output : standard.error
    }

    /// - Parameter raw: A descriptor that outlives this.
    init(_ raw: Int32) {
        self.raw = raw
        var status = stat()
        let kind = fstat(raw, &status) == 0 ? status.st_mode & S_IFMT : 0
        own =
            kind == S_IFCHR || kind == S_IFIFO
            ? open("/proc/self/fd/\(raw)", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1
    }

    deinit { if own >= 0 { close(own) } }

    /// Writes what is taken in time.
    ///
    /// - Returns: Whether that was all.
    /// - Throws: ``ConsoleError`` if nobody reads any more, or the text cannot be written.
    func write(_ text: String, within patience: Duration) throws -> Bool {
        let clock = BootTimeClock()
        let deadline = clock.now.advanced(by: patience)
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { writeNow($0) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                let left = clock.now.duration(to: deadline)
                guard left > .zero else { return false }
                var poll = pollfd(fd: own >= 0 ? own : raw, events: Int16(POLLOUT), revents: 0)
                _ = Glibc.poll(&poll, 1, Int32((left.seconds * 1000).rounded(.up)))
            } else if errno != EINTR {
                throw ConsoleError.writing(errno)
            }
        }
        return true
    }

    private func writeNow(_ bytes: UnsafeRawBufferPointer) -> Int {
        if own >= 0 { return Glibc.write(own, bytes.baseAddress, bytes.count) }
        let sent = send(raw, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT))
        return sent < 0 && errno == ENOTSOCK ? Glibc.write(raw, bytes.baseAddress, bytes.count) : sent
    }
}
