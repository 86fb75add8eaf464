import DagKitCore
import DagKitSystem
import Glibc

/// Lets work in this process end when the user or the system asks for it.
enum Interruption {
    /// Runs `work` and cancels it at Ctrl-C or SIGTERM; a second signal ends the process at once.
    ///
    /// - Throws: ``ExitCode/interrupted`` or ``ExitCode/terminated`` if a signal came, else what `work` throws.
    static func ending<Value: Sendable>(
        _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let signals = try SignalSource([SIGINT, SIGTERM])
        return try await withThrowingTaskGroup(of: Ending<Value>.self) { group in
            group.addTask { .value(try await work()) }
            group.addTask { try await watch(signals) }
            var signal: Int32?
            do {
                while let ending = try await group.next() {
                    switch ending {
                    case .signal(let number):
                        signal = number
                        group.cancelAll()
                        // The work goes on to its end; whoever is in a hurry sends the signal again.
                        group.addTask { Glibc.exit(128 + (try await next(of: signals) ?? number)) }
                    case .value(let value):
                        group.cancelAll()
                        if let signal { throw exitCode(signal) }
                        return value
                    }
                }
                throw CancellationError()
            } catch {
                group.cancelAll()
                if let signal { throw exitCode(signal) }
                throw error
            }
        }
    }

    private enum Ending<Value: Sendable>: Sendable {
        case value(Value)
        case signal(Int32)
    }

    private static func watch<Value: Sendable>(_ signals: SignalSource) async throws -> Ending<Value> {
        guard let number = try await next(of: signals) else { throw CancellationError() }
        return .signal(number)
    }

    private static func next(of signals: SignalSource) async throws -> Int32? {
        var iterator = signals.makeAsyncIterator()
        return try await iterator.next()
    }

    private static func exitCode(_ signal: Int32) -> ExitCode {
        signal == SIGTERM ? .terminated : .interrupted
    }
}
