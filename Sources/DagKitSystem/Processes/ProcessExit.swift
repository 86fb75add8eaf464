import CSystem
package import DagKitCore
import Glibc

/// How a process ended and what it used.
package struct ProcessExit: Sendable, Equatable, CustomStringConvertible {
    /// The way a process ended.
    package enum Reason: Sendable, Equatable {
        case exited(Int32)
        case signalled(Int32)
    }

    package let reason: Reason
    package let usage: ResourceUsage

    package init(reason: Reason, usage: ResourceUsage) {
        self.reason = reason
        self.usage = usage
    }

    /// Whether it ended by itself with status 0.
    package var isSuccess: Bool { reason == .exited(0) }

    /// Whether it was killed by signal 9, or is a shell that says so of what it ran.
    package var tellsOfKill: Bool { reason == .signalled(SIGKILL) || reason == .exited(128 + SIGKILL) }

    /// `exit 3`, or `signal 9 (killed)`.
    package var description: String {
        switch reason {
        case .exited(let status): "exit \(status)"
        case .signalled(let signal): "signal \(signal)" + (Self.name(of: signal).map { " (\($0))" } ?? "")
        }
    }

    /// Reads the status word of `wait4`.
    init(status: Int32, usage: rusage) {
        let signal = status & 0x7F
        reason = signal == 0 ? .exited((status >> 8) & 0xFF) : .signalled(signal)
        self.usage = ResourceUsage(usage)
    }

    private static func name(of signal: Int32) -> String? {
        dagkit_signal_text(signal).map { String(cString: $0).lowercased() }
    }
}

extension ResourceUsage {
    init(_ usage: rusage) {
        self.init(
            cpuSeconds: Self.seconds(usage.ru_utime) + Self.seconds(usage.ru_stime),
            peakMemory: Int64(usage.ru_maxrss) * 1024, readBytes: Int64(usage.ru_inblock) * 512,
            writtenBytes: Int64(usage.ru_oublock) * 512,
            contextSwitches: Int64(usage.ru_nvcsw) + Int64(usage.ru_nivcsw))
    }

    private static func seconds(_ time: timeval) -> Double {
        Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000
    }
}
