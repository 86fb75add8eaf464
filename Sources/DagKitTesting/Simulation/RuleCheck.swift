import DagKitCore

/// What a trigger rule asks of the upstream instances, told anew from its documentation and not from its code.
struct RuleCheck {
    private let rule: TriggerRule
    private let upstream: [Int]

    init(_ task: TaskSpec, in spec: DAGSpec) {
        rule = task.triggerRule
        upstream = task.upstream
    }

    /// Whether a task may start in a run as it stands.
    func allows(_ run: RunFold) -> Bool {
        let states = upstream.flatMap { run.instances(of: $0) }.map(\.state)
        if states.isEmpty { return true }
        func all(_ wanted: Set<TaskState>) -> Bool { states.allSatisfy { $0.map(wanted.contains) ?? false } }
        func any(_ wanted: Set<TaskState>) -> Bool { states.contains { $0.map(wanted.contains) ?? false } }
        let done: Set<TaskState> = [.success, .failed, .skipped, .upstreamFailed, .removed]
        return switch rule {
        case .always: true
        case .allSuccess: all([.success, .removed])
        case .allFailed: all([.failed, .upstreamFailed, .removed])
        case .allDone: all(done)
        case .allSkipped: all([.skipped])
        case .oneSuccess: any([.success])
        case .oneFailed: any([.failed, .upstreamFailed])
        case .oneDone: any([.success, .failed])
        case .noneFailed: all([.success, .skipped, .removed])
        case .noneFailedMinOneSuccess: all([.success, .skipped, .removed]) && any([.success])
        case .noneSkipped: all(done.subtracting([.skipped]))
        case .allDoneSetupSuccess: all(done)
        case .allDoneMinOneSuccess: all(done) && any([.success])
        }
    }
}
