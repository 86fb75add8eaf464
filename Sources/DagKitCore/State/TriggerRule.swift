/// Which states of the upstream task instances let a task start.
///
/// A rule may also settle the task before that: under ``allSuccess`` a task is `upstream_failed` as soon as one
/// upstream instance failed, without waiting for the others. The rules are Airflow 2.10's, and
/// ``allDoneMinOneSuccess`` is 3.1's.
public enum TriggerRule: String, CaseIterable, Codable, Hashable, Sendable {
    case allSuccess = "all_success"
    case allFailed = "all_failed"
    case allDone = "all_done"
    case allSkipped = "all_skipped"
    case oneSuccess = "one_success"
    case oneFailed = "one_failed"
    case oneDone = "one_done"
    case noneFailed = "none_failed"
    case noneFailedMinOneSuccess = "none_failed_min_one_success"
    case noneSkipped = "none_skipped"
    case always
    /// All are done and at least one setup succeeded: the rule of teardowns.
    case allDoneSetupSuccess = "all_done_setup_success"
    case allDoneMinOneSuccess = "all_done_min_one_success"

    /// Whether every upstream instance has succeeded whenever the rule lets the task start, so that its output exists.
    public var needsEverySuccess: Bool { self == .allSuccess }
}

/// How many upstream task instances of a task are in which state.
public struct UpstreamTally: Hashable, Sendable {
    /// How many there are, finished or not.
    public var total = 0
    public var success = 0
    public var skipped = 0
    public var failed = 0
    public var upstreamFailed = 0
    public var removed = 0

    /// How many of `total` belong to setups.
    public var setups = 0
    public var successfulSetups = 0
    public var skippedSetups = 0

    public init() {}

    public var done: Int { success + skipped + failed + upstreamFailed + removed }

    static func += (left: inout UpstreamTally, right: UpstreamTally) {
        left.total += right.total
        left.success += right.success
        left.skipped += right.skipped
        left.failed += right.failed
        left.upstreamFailed += right.upstreamFailed
        left.removed += right.removed
        left.setups += right.setups
        left.successfulSetups += right.successfulSetups
        left.skippedSetups += right.skippedSetups
    }

    /// Whether nothing is left to wait for.
    public var isDone: Bool { done >= total }

    /// Counts an instance that came to `state`, or, with `count` -1, one that left it.
    public mutating func count(_ state: TaskState?, isSetup: Bool, by count: Int = 1) {
        switch state {
        case .success:
            success += count
            if isSetup { successfulSetups += count }
        case .skipped:
            skipped += count
            if isSetup { skippedSetups += count }
        case .failed: failed += count
        case .upstreamFailed: upstreamFailed += count
        case .removed: removed += count
        default: break
        }
    }
}

/// What becomes of a task by its trigger rule.
public enum TriggerDecision: Hashable, Sendable {
    case wait, run
    /// It will not run: this is its final state.
    case settle(TaskState)
}

extension TriggerRule {
    /// Decides about a task with these upstream instances.
    ///
    /// The order of the tests is that of Airflow 2.10.5 (`trigger_rule_dep.py`), so that *failed* wins over
    /// *skipped* where both are known at once.
    ///
    /// - Parameters:
    ///   - tally: The direct upstream instances.
    ///   - indirectSetups: The setups whose scope holds the task without being direct upstreams; they bind a task
    ///     that is no teardown, whatever its rule.
    ///   - mapIndex: The index of the instance if it is mapped.
    public func decide(
        _ tally: UpstreamTally, indirectSetups: UpstreamTally = UpstreamTally(), isTeardown: Bool = false,
        mapIndex: Int? = nil
    ) -> TriggerDecision {
        if tally.total == 0 || self == .always { return .run }
        var isHeldBySetups = false
        if !isTeardown, indirectSetups.total > 0 {
            if let state = Self.allSuccess.settled(indirectSetups, mapIndex: mapIndex) {
                return .settle(state)
            }
            isHeldBySetups = !Self.allSuccess.isMet(indirectSetups, mapIndex: mapIndex)
        }
        if let state = settled(tally, mapIndex: mapIndex) { return .settle(state) }
        return isMet(tally, mapIndex: mapIndex) && !isHeldBySetups ? .run : .wait
    }

    /// The final state that the rule gives the task without running it.
    private func settled(_ tally: UpstreamTally, mapIndex: Int?) -> TaskState? {
        let hasFailure = tally.failed + tally.upstreamFailed > 0
        switch self {
        case .allSuccess:
            if hasFailure { return .upstreamFailed }
            if tally.skipped > 0 { return .skipped }
            if tally.removed > 0, tally.success > 0, let mapIndex, mapIndex >= tally.success {
                return .removed
            }
        case .allFailed:
            if tally.success + tally.skipped > 0 { return .skipped }
        case .allSkipped:
            if tally.success > 0 || hasFailure { return .skipped }
        case .oneSuccess:
            if tally.isDone, tally.done == tally.skipped { return .skipped }
            if tally.isDone, tally.success == 0 { return .upstreamFailed }
        case .oneFailed:
            if tally.isDone, !hasFailure { return .skipped }
        case .oneDone:
            if tally.isDone, tally.failed + tally.success == 0 { return .skipped }
        case .noneFailed:
            if hasFailure { return .upstreamFailed }
        case .noneFailedMinOneSuccess:
            if hasFailure { return .upstreamFailed }
            if tally.skipped == tally.total { return .skipped }
        case .noneSkipped:
            if tally.skipped > 0 { return .skipped }
        case .allDoneSetupSuccess:
            guard tally.isDone, tally.setups > 0 else { return nil }
            if tally.skippedSetups >= tally.setups { return .skipped }
            if tally.successfulSetups == 0 { return .upstreamFailed }
        case .allDoneMinOneSuccess:
            if tally.skipped > 0 { return .skipped }
            if tally.isDone, tally.success == 0 { return .upstreamFailed }
        case .allDone, .always: break
        }
        return nil
    }

    /// Whether the rule lets the task start.
    private func isMet(_ tally: UpstreamTally, mapIndex: Int?) -> Bool {
        let forgiven = mapIndex == nil ? 0 : tally.removed
        return switch self {
        case .allSuccess: tally.success + forgiven >= tally.total
        case .allFailed: tally.failed + tally.upstreamFailed + forgiven >= tally.total
        case .allDone: tally.isDone
        case .allSkipped: tally.skipped >= tally.total
        case .oneSuccess: tally.success > 0
        case .oneFailed: tally.failed + tally.upstreamFailed > 0
        case .oneDone: tally.success + tally.failed > 0
        case .noneFailed, .noneFailedMinOneSuccess: tally.success + tally.skipped + forgiven >= tally.total
        case .noneSkipped: tally.isDone && tally.skipped == 0
        case .always: true
        case .allDoneSetupSuccess: tally.isDone && (tally.setups == 0 || tally.successfulSetups > 0)
        case .allDoneMinOneSuccess: tally.isDone && tally.success > 0
        }
    }
}
