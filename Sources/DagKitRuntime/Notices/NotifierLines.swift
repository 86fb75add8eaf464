import DagKitCore
import DagKitSystem
import Synchronization

/// What a notifier writes, line by line, its secrets masked.
final class NotifierLines: Sendable {
    private struct State {
        var lines: OutputLines
        var patterns: SecretPatterns
        var count = 0
    }

    private let state: Mutex<State>
    private let most: Int
    private let logger: TaskLogger

    /// - Parameter most: How many lines are told; the others are left out.
    init(mark: [UInt8], most: Int, logger: TaskLogger) {
        let secrets = SecretFinder.secrets(inEnvironment: CurrentProcess.environment)
        state = Mutex(State(lines: OutputLines(mark: mark), patterns: SecretPatterns(secrets)))
        self.most = most
        self.logger = logger
    }

    /// Hides secrets from now on.
    func mask(_ secrets: [String]) {
        state.withLock { state in for secret in secrets { state.patterns.insert(secret) } }
    }

    func take(_ bytes: [UInt8]) {
        tell(state.withLock { $0.lines.take(bytes) })
    }

    /// Tells what is left without an end.
    func finish() {
        tell(state.withLock { $0.lines.finish() })
    }

    /// The outcome as it may be shown.
    func masked(_ outcome: AttemptOutcome) -> AttemptOutcome {
        guard case .failed(let reason, let isRetryable, let delay) = outcome.verdict else { return outcome }
        let shown = SecretMasker(state.withLock(\.patterns)).mask(reason)
        return AttemptOutcome(
            attemptID: outcome.attemptID, key: outcome.key, tryNumber: outcome.tryNumber,
            verdict: .failed(reason: shown, isRetryable: isRetryable, retryDelay: delay),
            startedAt: outcome.startedAt, endedAt: outcome.endedAt)
    }

    private func tell(_ found: [OutputLines.Line]) {
        for line in found {
            let (patterns, count) = state.withLock { state in
                state.count += 1
                return (state.patterns, state.count)
            }
            if count == most + 1 { logger.warning("the other lines of the notifier are left out") }
            guard count <= most else { return }
            let text = SecretMasker(patterns).mask(String(decoding: line.bytes, as: UTF8.self))
            guard line.isLogged, let (level, message) = LogLine.parts(of: text) else {
                logger.info(text)
                continue
            }
            switch level {
            case .debug: logger.debug(message)
            case .info: logger.info(message)
            case .warning: logger.warning(message)
            case .error: logger.error(message)
            }
        }
    }
}
