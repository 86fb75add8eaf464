import CSystem
import Glibc

/// Tells the service manager that started this process how it fares, by the protocol of systemd's `sd_notify`.
///
/// ```swift
/// let notifier = ServiceNotifier(environment: environment)
/// notifier?.send(["READY=1"])
/// ```
package struct ServiceNotifier: Sendable {
    /// The socket that the manager listens at; a leading `@` means the abstract name space.
    package let socket: String

    /// Within which time the manager wants to hear of this process again and again; `nil` if it does not.
    package let watchdogInterval: Duration?

    /// The notifier of a process with this environment; `nil` if no manager listens.
    ///
    /// - Parameter process: The process, which the watchdog may be meant for or not.
    package init?(environment: [String: String], process: Int32 = getpid()) {
        guard let socket = environment["NOTIFY_SOCKET"], socket.hasPrefix("/") || socket.hasPrefix("@") else {
            return nil
        }
        self.socket = socket
        let isMeant = environment["WATCHDOG_PID"].map { Int32($0) == process } ?? true
        let microseconds = environment["WATCHDOG_USEC"].flatMap(Int64.init) ?? 0
        watchdogInterval = isMeant && microseconds > 0 ? .microseconds(microseconds) : nil
    }

    /// Sends assignments such as `READY=1`; a manager that does not listen misses them.
    package func send(_ assignments: [String]) {
        let text = assignments.joined(separator: "\n")
        _ = Array(text.utf8).withUnsafeBytes { bytes in
            bytes.baseAddress.map { dagkit_notify(socket, $0, bytes.count) }
        }
    }

    /// Says that the process reads its configuration again; `READY=1` says that it has.
    package func sendReloading() {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        send(["RELOADING=1", "MONOTONIC_USEC=\(time.tv_sec * 1_000_000 + time.tv_nsec / 1000)"])
    }
}
