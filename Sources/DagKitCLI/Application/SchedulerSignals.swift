import DagKitRuntime
import DagKitSystem
import Glibc
import Synchronization

/// What the signals to a scheduler's process ask of it.
///
/// SIGTERM and SIGINT stop it; a second one ends running attempts at once, a third one the process. SIGUSR2 leaves running
/// attempts to the next scheduler. SIGHUP reads the DAGs again.
final class SchedulerSignals: Sendable {
    /// How long the end of attempts may take after the second signal before the process ends without waiting for it.
    private static let patience: Duration = .seconds(10)

    private let source: SignalSource
    private let endings = Mutex<[Int32]>([])

    /// Takes over the signals.
    init() throws { source = try SignalSource([SIGINT, SIGTERM, SIGHUP, SIGUSR2]) }

    /// The exit status that the second signal to end means; `nil` if there was none.
    var forcedCode: ExitCode? {
        endings.withLock { $0.count > 1 ? ($0[1] == SIGINT ? .interrupted : .terminated) : nil }
    }

    /// Ignores what would end a process that waits for its turn, though it means nothing to it yet.
    static func ignoreUntilInCharge() {
        signal(SIGHUP, SIG_IGN)
        signal(SIGUSR2, SIG_IGN)
    }

    /// Obeys until the task is cancelled.
    func obey(
        _ scheduler: Scheduler, reload: () throws -> Void, ending: (_ isHandOver: Bool) -> Void
    ) async throws {
        do {
            for try await signal in source {
                switch signal {
                case SIGHUP: try reload()
                case SIGUSR2:
                    ending(true)
                    scheduler.handOver()
                default: end(scheduler, signal, ending)
                }
            }
        } catch is CancellationError {
            return
        }
    }

    private func end(_ scheduler: Scheduler, _ signal: Int32, _ ending: (_ isHandOver: Bool) -> Void) {
        let count = endings.withLock { endings in
            endings.append(signal)
            return endings.count
        }
        switch count {
        case 1:
            ending(false)
            scheduler.stop()
        case 2:
            scheduler.stopAtOnce()
            // The store may be what keeps it: the attempts' outcomes are safe with the supervisor.
            Task {
                try? await BootTimeClock().sleep(for: Self.patience)
                exit(128 + signal)
            }
        default: exit(128 + signal)
        }
    }
}
