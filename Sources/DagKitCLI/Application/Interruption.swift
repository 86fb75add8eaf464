import DagKitCore
import DagKitSystem
import Glibc
import Synchronization

/// Lets work in this process end when the user or the system asks for it.
enum Interruption {
    /// Runs `work` and cancels it at Ctrl-C, SIGTERM, or when its terminal is closed; a second signal ends the process at
    /// once.
    ///
    /// - Throws: ``ExitCode/interrupted`` or ``ExitCode/terminated`` if a signal came, else what `work` throws.
    static func ending<Value: Sendable>(
        _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        // Under nohup it goes on when its terminal is closed.
        let isDetached = CurrentProcess.ignores(SIGHUP)
        let signals = try SignalSource(isDetached ? [SIGINT, SIGTERM] : [SIGINT, SIGTERM, SIGHUP])
        let received = Received()
        let job = Task { try await work() }
        let watch = Task {
            for try await signal in signals {
                if received.note(signal) { exit(128 + signal) }
                job.cancel()
            }
        }
        defer { watch.cancel() }
        do {
            let value = try await job.value
            if let code = received.code { throw code }
            return value
        } catch {
            throw received.code ?? error
        }
    }

    /// The first signal that came.
    private final class Received: Sendable {
        private let signal = Mutex<Int32?>(nil)

        /// Keeps a signal, and says whether it is not the first.
        func note(_ number: Int32) -> Bool {
            signal.withLock { signal in
                defer { signal = signal ?? number }
                return signal != nil
            }
        }

        /// The exit status that the signal means.
        var code: ExitCode? {
            signal.withLock { $0 }.map { $0 == SIGINT ? .interrupted : .terminated }
        }
    }
}
