public import DagKitRuntime
public import FoundationEssentials
import Synchronization

/// A clock that stands still until a test moves it.
///
/// ```swift
/// let clock = ManualClock(at: start)
/// clock.advance(by: 60)  // whoever slept until then goes on
/// ```
public final class ManualClock: SchedulerClock {
    private let state: Mutex<State>

    private struct State {
        var now: Date
        var elapsed: Duration = .zero
        var lastID = 0
        var sleepers: [Int: Sleeper] = [:]
        /// Sleeps that were cancelled before they began to wait.
        var cancelled: Set<Int> = []
    }

    private struct Sleeper {
        let until: Date
        let continuation: CheckedContinuation<Void, any Error>
    }

    public init(at now: Date) { state = Mutex(State(now: now)) }

    public var now: Date { state.withLock { $0.now } }

    public var reading: ClockReading {
        state.withLock { ClockReading(wall: $0.now, elapsed: $0.elapsed) }
    }

    /// How many tasks sleep.
    public var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// The earliest instant that somebody sleeps until; `nil` if nobody sleeps.
    public var nextWake: Date? { state.withLock { $0.sleepers.values.map(\.until).min() } }

    public func sleep(until instant: Date) async throws {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let error: (any Error)?? = state.withLock { state in
                    if state.cancelled.remove(id) != nil { return .some(CancellationError()) }
                    if instant <= state.now { return .some(nil) }
                    state.sleepers[id] = Sleeper(until: instant, continuation: continuation)
                    return nil
                }
                guard let error else { return }
                if let error { continuation.resume(throwing: error) } else { continuation.resume() }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                if let sleeper = state.sleepers.removeValue(forKey: id) { return Optional(sleeper) }
                state.cancelled.insert(id)
                return nil
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Lets some seconds pass and wakes who slept until then.
    public func advance(by seconds: Double) { set(to: now + seconds) }

    /// Lets time pass until an instant and wakes who slept until then; one that is past is set, and no time passes.
    public func set(to instant: Date) {
        move(to: instant) { $0.elapsed += .seconds(max(0, instant.timeIntervalSince($0.now))) }
    }

    /// Sets the wall clock ahead by some seconds, or back where they are negative, while no time passes, and wakes everybody:
    /// a sleep may end early.
    public func jump(by seconds: Double) {
        let sleepers = state.withLock { state in
            state.now += seconds
            defer { state.sleepers = [:] }
            return state.sleepers.values.sorted { $0.until < $1.until }
        }
        for sleeper in sleepers { sleeper.continuation.resume() }
    }

    private func move(to instant: Date, _ pass: (inout State) -> Void) {
        let woken = state.withLock { state in
            pass(&state)
            state.now = instant
            let due = state.sleepers.filter { $0.value.until <= instant }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.sorted { $0.until < $1.until }
        }
        for sleeper in woken { sleeper.continuation.resume() }
    }
}
