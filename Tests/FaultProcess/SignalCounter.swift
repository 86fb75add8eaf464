import DagKitSystem
import FoundationEssentials
import Glibc

/// A process that writes a line into a file when it listens, and one for each SIGTERM that it gets; a moment after the first
/// of them it ends.
enum SignalCounter {
    /// How long it goes on after its first signal, so that a second one would be noted.
    private static let patience: Duration = .seconds(1)

    static func run(_ file: String) throws -> Never {
        let signals = try SignalSource([SIGTERM])
        let output = try FileDescriptor.open(file, O_WRONLY | O_CREAT | O_APPEND)
        let clock = BootTimeClock()
        try output.writeAll(Array("\(getpid())\n".utf8))
        var end: BootTimeClock.Instant?
        while true {
            for _ in try signals.pending() {
                try output.writeAll(Array("TERM\n".utf8))
                end = end ?? clock.now.advanced(by: patience)
            }
            if let end, end <= clock.now { exit(0) }
            usleep(1000)
        }
    }
}
