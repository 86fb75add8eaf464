import DagKitRuntime
import DagKitSystem
import Glibc
import Synchronization

/// What a scheduler tells the service manager that started it, if one did: systemd, or what speaks its protocol.
final class ServiceManager: Sendable {
    private struct State {
        var environment: [String: String]
        var notifier: ServiceNotifier?
        var isReady = false
        var lastPing: BootTimeClock.Instant?
    }

    private static let names = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]
    private let state: Mutex<State>

    init(environment: [String: String]) {
        let own = environment.filter { Self.names.contains($0.key) }
        state = Mutex(State(environment: own, notifier: ServiceNotifier(environment: own)))
    }

    /// The entries of the environment that another process needs to talk to the manager in this one's place.
    var entries: [String: String] {
        state.withLock { $0.environment.filter { $0.key != "WATCHDOG_PID" } }
    }

    /// Keeps the manager to this process: tasks have nothing to tell it.
    func hideFromChildren() {
        for name in Self.names { unsetenv(name) }
    }

    /// Talks to the manager in the place of a scheduler that handed over, unless this process has one of its own.
    func takeOver(_ entries: [String: String]) {
        state.withLock { state in
            guard state.notifier == nil else { return }
            state.environment = entries
            state.notifier = ServiceNotifier(environment: entries)
        }
    }

    /// Lets a scheduler's turns tell the manager that it is ready, and lives.
    func watch(_ configuration: inout Scheduler.Configuration) {
        let interval = state.withLock { $0.notifier?.watchdogInterval }
        // It turns at least that often.
        if let interval { configuration.pollInterval = min(configuration.pollInterval, interval / 4) }
        configuration.pulse = { self.pulse(interval) }
    }

    /// Says that what was started works.
    func ready(_ status: String) { send("READY=1", "STATUS=\(status)") }

    /// Says that the files are read again, and that they have been.
    func reloading(_ body: () throws -> Void) rethrows {
        state.withLock { $0.notifier }?.sendReloading()
        defer { send("READY=1") }
        try body()
    }

    /// Says that the process is about to end.
    func stopping(_ status: String) { send("STOPPING=1", "STATUS=\(status)") }

    /// Says that another process is the scheduler from now on.
    func handOver(to process: Int32) { send("MAINPID=\(process)", "STATUS=handing over") }

    private func pulse(_ interval: Duration?) {
        let now = BootTimeClock().now
        let (isFirst, pings) = state.withLock { state in
            let isFirst = !state.isReady
            state.isReady = true
            guard let interval, state.lastPing.map({ $0.duration(to: now) >= interval / 4 }) ?? true else {
                return (isFirst, false)
            }
            state.lastPing = now
            return (isFirst, true)
        }
        if isFirst { ready("running") }
        if pings { send("WATCHDOG=1") }
    }

    private func send(_ assignments: String...) {
        state.withLock { $0.notifier }?.send(assignments)
    }
}
