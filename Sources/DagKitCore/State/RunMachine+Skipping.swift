import FoundationEssentials

/// Which downstream tasks a branch, a short circuit or a latest-only point skips.
struct SkipDecision: Sendable {
    /// The tasks that are skipped.
    let skipped: [Int]

    /// What was chosen, for the reason that skipped tasks show; `nil` where nothing is chosen.
    var choice: String?

    init(skipped: [Int], choice: String? = nil) {
        self.skipped = skipped
        self.choice = choice
    }
}

/// What a task that decides about others returned, and cannot mean.
enum SkipDecisionError: DagKitError, Equatable {
    case noPath(String, branch: TaskID, known: [String])
    case noDecision(task: TaskID)

    var problem: String {
        switch self {
        case .noPath(let path, let branch, _):
            "branch \"\(branch)\" chose \"\(path)\", which is none of its paths"
        case .noDecision(let task):
            "task \"\(task)\" decides about others and returned no text or list of texts"
        }
    }

    var remedy: String {
        switch self {
        case .noPath(let path, _, let known):
            NearMiss.nearest(to: path, among: known).map { "did you mean \"\($0)\"?" }
                ?? "let it choose one of \(known.joined(separator: ", "))"
        case .noDecision: "return the name of a path, or a list of names"
        }
    }
}

extension RunMachine {
    /// What a task that succeeded with `output` decides about others; `nil` for one that decides nothing.
    func skipDecision(of task: TaskSpec, _ output: EncodedOutput?) throws(SkipDecisionError) -> SkipDecision?
    {
        switch task.skipRule {
        case .branch: return try choice(of: task, output)
        case .shortCircuit(let skipsAll):
            guard !Self.isTrue(output) else { return SkipDecision(skipped: []) }
            let below =
                skipsAll
                ? GraphFacts.reached(from: [task.index], spec.tasks) { $0.downstream }.sorted()
                : task.downstream
            return SkipDecision(skipped: below.filter { spec.tasks[$0].kind != .teardown })
        case .latestOnly, nil: return nil
        }
    }

    private func choice(of task: TaskSpec, _ output: EncodedOutput?) throws(SkipDecisionError) -> SkipDecision
    {
        let choices = spec.choices(of: task.index)
        var paths: [String] = []
        switch output.flatMap({ try? JSONValue(parsing: $0.json) }) {
        case .string(let path): paths = path.isEmpty ? [] : [path]
        case .array(let items):
            paths = items.compactMap(\.string)
            if paths.count < items.count { throw .noDecision(task: task.id) }
        case nil, .null: break
        default: throw .noDecision(task: task.id)
        }
        // A compiled branch has its paths checked by the compiler, and may have some that no task lies on.
        if task.declaration != nil, let unknown = paths.first(where: { choices.targets[$0] == nil }) {
            throw .noPath(unknown, branch: task.id, known: choices.targets.keys.sorted())
        }
        return SkipDecision(
            skipped: choices.skipped(choosing: paths),
            choice: paths.isEmpty ? "no path" : paths.joined(separator: ", "))
    }

    /// Whether a value means that the run goes on: nothing, false, zero and what is empty do not.
    private static func isTrue(_ output: EncodedOutput?) -> Bool {
        switch output.flatMap({ try? JSONValue(parsing: $0.json) }) {
        case nil, .null: false
        case .bool(let flag): flag
        case .integer(let number): number != 0
        case .number(let number): number != 0
        case .string(let text): !text.isEmpty
        case .array(let items): !items.isEmpty
        case .object(let members): !members.isEmpty
        }
    }

    /// Skips what a decision skips, and stores the decision so that it holds after a clear.
    mutating func apply(_ decision: SkipDecision, of reference: InstanceRef, at now: Date) {
        let task = spec.tasks[reference.task]
        forgetDecision(of: task.index)
        for target in decision.skipped { skippedBy[target, default: []].insert(task.index) }
        pending.outputs.append(
            XCom(task: self[reference].key, key: XCom.skipDecision, output: stored(decision, of: task)))
        for target in decision.skipped { skip(target, by: task.index, choice: decision.choice, at: now) }
    }

    /// The decision as Airflow stores it: what a branch follows, what others skip.
    private func stored(_ decision: SkipDecision, of task: TaskSpec) -> EncodedOutput {
        let skipped = Set(decision.skipped)
        let isBranch = task.skipRule == .branch
        let named =
            isBranch ? spec.choices(of: task.index).all.filter { !skipped.contains($0) } : decision.skipped
        let list = JSONValue.array(named.map { .string(spec.tasks[$0].id.rawValue) })
        let value: JSONValue = isBranch ? ["followed": list] : ["skipped": list]
        return EncodedOutput(json: value.text, typeName: "SkipDecision", count: nil)
    }

    /// Takes a stored decision into account.
    mutating func restore(_ output: XCom) {
        guard let decider = spec.index(of: output.task.taskID), let rule = spec.tasks[decider].skipRule,
            let value = try? JSONValue(parsing: output.output.json)
        else { return }
        func indices(_ key: String) -> [Int] {
            (value[key]?.array ?? []).compactMap { $0.string.flatMap { spec.index(of: TaskID($0)) } }
        }
        let followed = Set(indices("followed"))
        let skipped =
            rule == .branch
            ? spec.choices(of: decider).all.filter { !followed.contains($0) } : indices("skipped")
        for target in skipped { skippedBy[target, default: []].insert(decider) }
    }

    /// A task decides anew: what it decided before no longer counts.
    mutating func forgetDecision(of decider: Int) {
        for target in skippedBy.keys where skippedBy[target]?.contains(decider) == true {
            skippedBy[target]?.remove(decider)
            if skippedBy[target]?.isEmpty == true { skippedBy[target] = nil }
        }
    }

    /// The task that decided that this one is skipped; `nil` if none did.
    func skipDecider(of index: Int) -> Int? {
        guard let deciders = skippedBy[index] else { return nil }
        return deciders.sorted().first { nodes[$0].instances.contains { $0.state == .success } }
    }

    /// Skips what has not begun of a task.
    mutating func skip(_ index: Int, by decider: Int, choice: String? = nil, at now: Date) {
        let id = spec.tasks[decider].id
        let reason =
            switch spec.tasks[decider].skipRule {
            case .branch: "\(id) chose \(choice ?? "another path")"
            case .latestOnly: "\(id): the run is not the latest"
            default: "\(id) ended the run here"
            }
        for position in nodes[index].instances.indices {
            let reference = InstanceRef(task: index, instance: position)
            guard self[reference].state == nil || self[reference].state == .scheduled else { continue }
            if self[reference].state == nil, asksBeforeSkipping(spec.tasks[index]) {
                askAboutPast(spec.tasks[index])
                continue
            }
            change(reference, .skipped, at: now, reason: reason)
        }
    }

    /// Whether no later scheduled run is due already.
    func isLatest(at now: Date) -> Bool {
        guard run.type != .manual, let interval = run.dataInterval else { return true }
        let next = spec.schedule.timetable.nextRun(
            after: interval, within: ScheduleBounds(catchup: .all), now: now)
        guard let next else { return true }
        return now <= next.runAfter
    }
}
