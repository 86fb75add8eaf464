import CSystem
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

/// What a process, or a set of processes, took from the machine.
package struct ResourceUsage: Sendable, Equatable {
    /// Time on a processor in the program's own code.
    package var userTime: Duration
    /// Time on a processor in the kernel for the program.
    package var systemTime: Duration
    /// The most memory held at once, in bytes.
    package var peakMemory: Int64

    package init(userTime: Duration = .zero, systemTime: Duration = .zero, peakMemory: Int64 = 0) {
        self.userTime = userTime
        self.systemTime = systemTime
        self.peakMemory = peakMemory
    }

    init(_ usage: rusage) {
        userTime = .seconds(usage.ru_utime.tv_sec) + .microseconds(usage.ru_utime.tv_usec)
        systemTime = .seconds(usage.ru_stime.tv_sec) + .microseconds(usage.ru_stime.tv_usec)
        peakMemory = Int64(usage.ru_maxrss) * 1024
    }
}
