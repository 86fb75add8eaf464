import DagKitSystem
import Glibc
import Synchronization

/// The end of an attempt that its worker is asked for by SIGTERM.
///
/// The supervisor asks the other processes of the attempt itself, once the worker has said that it starts no more: so each
/// gets the signal exactly once.
final class AttemptTermination: Sendable {
    private struct State {
        var runs = false
        var isAsked = false
        var cancel: (@Sendable () -> Void)?
    }

    private let signals: SignalSource
    private let state = Mutex(State())

    init(_ signals: SignalSource) { self.signals = signals }

    /// Becomes readable when ``hear()`` is to be called.
    var descriptor: Int32 { signals.descriptor }

    /// Whether the end of the attempt that runs was asked for.
    var isAsked: Bool { state.withLock(\.isAsked) }

    /// Begins an attempt. A signal that came between two attempts is not meant for this one.
    func begin() {
        state.withLock { state in
            _ = try? signals.pending()
            state = State(runs: true)
        }
    }

    /// Names what cancels the work of the attempt; it is done at once if the end was asked for before.
    func onRequest(_ cancel: @escaping @Sendable () -> Void) {
        let isAsked = state.withLock { state in
            state.cancel = cancel
            return state.isAsked
        }
        if isAsked { cancel() }
    }

    /// Reads what signals have come. Upon SIGTERM the attempt that runs is to end: no program is started any more, and its
    /// work is cancelled.
    ///
    /// - Returns: Whether it was told to end.
    func hear() -> Bool {
        let (isToEnd, cancel) = state.withLock { state in
            let asks = (try? signals.pending())?.contains(SIGTERM) ?? false
            guard asks, state.runs else { return (false, nil as (@Sendable () -> Void)?) }
            state.isAsked = true
            ChildProcess.pauseStarts(true)
            return (true, state.cancel)
        }
        cancel?()
        return isToEnd
    }

    /// Ends an attempt.
    ///
    /// - Returns: Whether its end was asked for.
    func end() -> Bool {
        state.withLock { state in
            ChildProcess.pauseStarts(false)
            defer { state = State() }
            return state.isAsked
        }
    }
}
