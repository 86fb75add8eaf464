import DagKitCore
import Synchronization

/// What a delivery knows of notices beside the store: when their retries are due by the time that passes, whatever is done to
/// the clock, and what was said already.
final class NoticeMemory: Sendable {
    private let state = Mutex(State())

    private struct State {
        var retries: [Int64: Retry] = [:]
        var complaints: Set<String> = []
        var underWay: [Int64: Notice] = [:]
        var failing: Set<Notice.Caller> = []
        var lastReading: ClockReading?
    }

    private struct Retry {
        /// The notice as the store has it.
        let notice: Notice

        /// When it is due, as ``ClockReading/elapsed``.
        let due: Duration
    }

    /// Notes when a notice is due; `nil` forgets it.
    func set(_ notice: Notice, due: Duration?) {
        state.withLock { $0.retries[notice.number] = due.map { Retry(notice: notice, due: $0) } }
    }

    /// How many notices wait for their retry.
    var count: Int { state.withLock { $0.retries.count } }

    /// Whether it is known when a notice is due.
    func knows(_ notice: Notice) -> Bool { state.withLock { $0.retries[notice.number] != nil } }

    /// Whether a notice is not due yet; somebody who asks for it to be told at once takes its failures back.
    func holds(_ notice: Notice, at elapsed: Duration) -> Bool {
        state.withLock { state in
            state.retries[notice.number].map { $0.due > elapsed && $0.notice.failures == notice.failures }
                ?? false
        }
    }

    /// The notices that are due, whatever the clock shows, oldest first.
    func due(at elapsed: Duration) -> [Notice] {
        state.withLock { state in
            state.retries.values.filter { $0.due <= elapsed }.map(\.notice).sorted { $0.number < $1.number }
        }
    }

    /// When the next retry is due; `nil` if none waits.
    var nextDue: Duration? { state.withLock { $0.retries.values.map(\.due).min() } }

    /// The notices that are being told, oldest first.
    var underWay: [Notice] {
        state.withLock { $0.underWay.values.sorted { $0.number < $1.number } }
    }

    /// Notes that a notice is being told, or is not any more.
    func note(_ notice: Notice, isUnderWay: Bool) {
        state.withLock { $0.underWay[notice.number] = isUnderWay ? notice : nil }
    }
    /// Gives each callback a new chance.
    func beginRound() { state.withLock { $0.failing = [] } }

    /// Whether a callback has failed in this round.
    func isFailing(_ caller: Notice.Caller) -> Bool { state.withLock { $0.failing.contains(caller) } }

    func noteFailure(of caller: Notice.Caller) { state.withLock { _ = $0.failing.insert(caller) } }

    /// Whether something was not said yet.
    func isNew(_ complaint: String) -> Bool { state.withLock { $0.complaints.insert(complaint).inserted } }

    /// Lets something be said again.
    func forget(_ complaint: String) { state.withLock { _ = $0.complaints.remove(complaint) } }

    /// Whether the clock was set back since the last look, or has not been looked at.
    func mayBeSetBack(_ reading: ClockReading) -> Bool {
        state.withLock { state in
            defer { state.lastReading = reading }
            guard let last = state.lastReading else { return true }
            return reading.jump(since: last) < .zero - Planner.clockTolerance
        }
    }
}
