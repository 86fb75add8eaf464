public import DagKitCore
public import FoundationEssentials

/// Something that goes wrong, or that somebody else does, in a simulation.
///
/// Faults that hit the scheduler name the **step** at which they do: its operations on the store and the executor are
/// counted from 1. Faults of attempts name the attempt by its place among all attempts, from 1.
public enum SimulatedFault: Hashable, Sendable {
    /// The scheduler's process dies at a step, before or after the operation took effect.
    case crash(step: Int, takesEffect: Bool)
    /// An operation on the store throws, before or after it took effect.
    case storeError(step: Int, takesEffect: Bool)
    /// The store throws at every operation for a while.
    case storeOutage(step: Int, Duration)
    /// An operation takes a while, in which other things happen.
    case slowStore(step: Int, Duration)
    /// Another process writes to the store just before an operation of the scheduler.
    case foreignWrite(step: Int, ForeignWrite)
    /// The deployment changes: a DAG, by its place in the list, loses one of its tasks, or is whole again.
    case redeploy(step: Int, dag: Int, without: Int?)

    /// The process of an attempt dies before it reports.
    case attemptDies(attempt: Int)
    /// The attempt cannot be started.
    case attemptRefused(attempt: Int)
    /// The outcome is sent into the void; the executor sends it again when it connects anew.
    case outcomeLost(attempt: Int)
    case outcomeRepeated(attempt: Int, after: Duration)
    case outcomeLate(attempt: Int, by: Duration)

    /// The executor dies with all its attempts, and another one takes its place.
    case executorLost(at: Date)
    /// The scheduler is told to stop, and started again.
    case stop(at: Date)
    /// The wall clock is set.
    case clockJump(at: Date, by: Duration)
    /// The wall clock is set, and set right after a while.
    case clockWrong(at: Date, by: Duration, lasting: Duration)

    /// What another process does to the store.
    public enum ForeignWrite: Hashable, Sendable {
        /// Triggers a DAG, by its place in the list.
        case trigger(dag: Int)
        case pause(dag: Int)
        case unpause(dag: Int)
        /// Sets a pool, by its place in the list.
        case resize(pool: Int, slots: Int)
        /// Updates an asset that a DAG runs on, chosen by a number.
        case update(choice: Int)
        /// Clears a task instance, chosen by a number, with those downstream of it.
        case clear(choice: Int)
        /// Marks a task instance, chosen by a number.
        case mark(choice: Int, MarkedState)
        /// Marks a run, chosen by a number.
        case markRun(choice: Int, MarkedState)
        /// Creates a backfill of a DAG for some hours before the start of the simulation and after it.
        case backfill(dag: Int, hours: Int, Backfill.Reprocessing)
        /// Pauses or unpauses the newest backfill.
        case pauseBackfill(Bool)
        /// Cancels the newest backfill.
        case cancelBackfill
    }

    /// When the fault happens, if it happens at an instant.
    var instant: Date? {
        switch self {
        case .executorLost(let instant), .stop(let instant), .clockJump(let instant, _),
            .clockWrong(let instant, _, _):
            instant
        default: nil
        }
    }

    /// The step at which the fault happens, if it happens at one.
    var step: Int? {
        switch self {
        case .crash(let step, _), .storeError(let step, _), .storeOutage(let step, _),
            .slowStore(let step, _), .foreignWrite(let step, _), .redeploy(let step, _, _):
            step
        default: nil
        }
    }

    /// The attempt that the fault is about, if it is about one.
    var attempt: Int? {
        switch self {
        case .attemptDies(let attempt), .attemptRefused(let attempt), .outcomeLost(let attempt),
            .outcomeRepeated(let attempt, _), .outcomeLate(let attempt, _):
            attempt
        default: nil
        }
    }
}

extension SimulatedFault {
    /// The fault at an earlier step, if it happens at one.
    func earlier(by part: Double) -> SimulatedFault {
        func scaled(_ step: Int) -> Int { max(1, Int(Double(step) * part)) }
        return switch self {
        case .crash(let step, let takesEffect): .crash(step: scaled(step), takesEffect: takesEffect)
        case .storeError(let step, let takesEffect): .storeError(step: scaled(step), takesEffect: takesEffect)
        case .storeOutage(let step, let duration): .storeOutage(step: scaled(step), duration)
        case .slowStore(let step, let duration): .slowStore(step: scaled(step), duration)
        case .foreignWrite(let step, let write): .foreignWrite(step: scaled(step), write)
        case .redeploy(let step, let dag, let task): .redeploy(step: scaled(step), dag: dag, without: task)
        default: self
        }
    }

    /// The fault in half the time since the start of the simulation; `nil` if it happens at no instant, or early already.
    func sooner(since start: Date) -> SimulatedFault? {
        guard let instant, instant.timeIntervalSince(start) >= 120 else { return nil }
        let sooner = start + (instant.timeIntervalSince(start) / 2).rounded()
        return switch self {
        case .executorLost: .executorLost(at: sooner)
        case .stop: .stop(at: sooner)
        case .clockJump(_, let by): .clockJump(at: sooner, by: by)
        case .clockWrong(_, let by, let span): .clockWrong(at: sooner, by: by, lasting: span)
        default: nil
        }
    }

    /// Faults drawn from a seed.
    ///
    /// - Parameters:
    ///   - count: How many.
    ///   - steps: The steps over which those that name one are spread; about as many as the simulation has.
    ///   - attempts: The attempts over which those that name one are spread.
    ///   - span: The time over which the others are spread.
    ///   - longestJump: How far the wall clock is set back or ahead at most.
    public static func random(
        _ count: Int, seed: UInt64, steps: Int, attempts: Int, span: ClosedRange<Date>,
        longestJump: Duration = .seconds(7200), dags: Int = 1, pools: Int = 0
    ) -> [SimulatedFault] {
        var random = SeededGenerator(seed: seed)
        var draw = FaultDraw(
            steps: max(1, steps), attempts: max(1, attempts), span: span, longestJump: longestJump,
            dags: max(1, dags), pools: pools)
        return (0..<count).map { _ in draw.next(&random) }
    }
}

/// Draws faults one by one.
private struct FaultDraw {
    let steps: Int
    let attempts: Int
    let span: ClosedRange<Date>
    let longestJump: Duration
    let dags: Int
    let pools: Int

    mutating func next(_ random: inout SeededGenerator) -> SimulatedFault {
        let step = Int.random(in: 1...steps, using: &random)
        let attempt = Int.random(in: 1...attempts, using: &random)
        switch Int.random(in: 0..<20, using: &random) {
        case 0...2: return .crash(step: step, takesEffect: .random(using: &random))
        case 3...4: return .storeError(step: step, takesEffect: .random(using: &random))
        case 5: return .storeOutage(step: step, seconds(1...120, &random))
        case 6...7: return .slowStore(step: step, seconds(1...90, &random))
        case 8...11: return .foreignWrite(step: step, write(&random))
        case 12: return .attemptDies(attempt: attempt)
        case 13: return .attemptRefused(attempt: attempt)
        case 14: return .outcomeLost(attempt: attempt)
        case 15: return .outcomeRepeated(attempt: attempt, after: seconds(0...600, &random))
        case 16: return .outcomeLate(attempt: attempt, by: seconds(1...1800, &random))
        case 17: return .executorLost(at: instant(&random))
        case 18: return .stop(at: instant(&random))
        default:
            let most = Int(longestJump.seconds)
            return .clockJump(
                at: instant(&random), by: .seconds(Int.random(in: -most...most, using: &random)))
        }
    }

    private func write(_ random: inout SeededGenerator) -> SimulatedFault.ForeignWrite {
        let dag = Int.random(in: 0..<dags, using: &random)
        switch Int.random(in: 0..<14, using: &random) {
        case 10, 11:
            return .backfill(
                dag: dag, hours: Int.random(in: 1...4, using: &random),
                Backfill.Reprocessing.allCases.randomElement(using: &random) ?? .none)
        case 12: return .pauseBackfill(Bool.random(using: &random))
        case 13: return Bool.random(using: &random) ? .cancelBackfill : .pauseBackfill(false)
        case 0...2: return .trigger(dag: dag)
        case 3: return .pause(dag: dag)
        case 4: return .unpause(dag: dag)
        case 5 where pools > 0:
            return .resize(
                pool: Int.random(in: 0..<pools, using: &random), slots: Int.random(in: 0...4, using: &random))
        case 6: return .mark(choice: Int.random(in: 0..<100, using: &random), mark(&random))
        case 7: return .markRun(choice: Int.random(in: 0..<100, using: &random), mark(&random))
        case 8: return .update(choice: Int.random(in: 0..<100, using: &random))
        default: return .clear(choice: Int.random(in: 0..<100, using: &random))
        }
    }

    private func mark(_ random: inout SeededGenerator) -> MarkedState {
        Bool.random(using: &random) ? .success : .failed
    }

    private func seconds(_ range: ClosedRange<Int>, _ random: inout SeededGenerator) -> Duration {
        .seconds(Int.random(in: range, using: &random))
    }

    private func instant(_ random: inout SeededGenerator) -> Date {
        let (from, to) = (span.lowerBound.microsecondsSinceEpoch, span.upperBound.microsecondsSinceEpoch)
        return Date(microseconds: Int64.random(in: from...to, using: &random))
    }
}

extension SimulatedFault: CustomStringConvertible {
    public var description: String {
        switch self {
        case .crash(let step, let after): "the scheduler dies \(after ? "after" : "before") step \(step)"
        case .storeError(let step, let after):
            "the store throws at step \(step)" + (after ? ", having done what it was asked" : "")
        case .storeOutage(let step, let duration): "the store is away for \(duration) from step \(step)"
        case .slowStore(let step, let duration): "step \(step) takes \(duration)"
        case .foreignWrite(let step, let write): "before step \(step) somebody else: \(write)"
        case .redeploy(let step, let dag, let task):
            "before step \(step) dag \(dag) is deployed " + (task.map { "without its task \($0)" } ?? "whole")
        case .attemptDies(let attempt): "attempt \(attempt) dies"
        case .attemptRefused(let attempt): "attempt \(attempt) cannot be started"
        case .outcomeLost(let attempt): "the outcome of attempt \(attempt) is lost until the next connection"
        case .outcomeRepeated(let attempt, let duration):
            "the outcome of attempt \(attempt) comes again after \(duration)"
        case .outcomeLate(let attempt, let duration):
            "the outcome of attempt \(attempt) is late by \(duration)"
        case .executorLost(let instant): "the executor dies with its attempts at \(instant.isoText)"
        case .stop(let instant): "the scheduler is told to stop at \(instant.isoText)"
        case .clockJump(let instant, let by): "the clock is set by \(by) at \(instant.isoText)"
        case .clockWrong(let instant, let by, let span):
            "the clock is off by \(by) at \(instant.isoText), for \(span)"
        }
    }
}
