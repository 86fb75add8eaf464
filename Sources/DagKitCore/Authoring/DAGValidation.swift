/// One thing that is wrong with a DAG as it was written.
public struct DAGProblem: DagKitError, Hashable {
    public let place: SourceLocation
    public let problem: String
    public let remedy: String

    public init(at place: SourceLocation, _ problem: String, remedy: String) {
        self.place = place
        self.problem = problem
        self.remedy = remedy
    }

    public var location: String? { "\(place): error" }
}

/// All that is wrong with a DAG, a line each.
public struct DAGValidationError: Error, Hashable, CustomStringConvertible {
    public let dagID: DAGID
    public let problems: [DAGProblem]

    public init(dagID: DAGID, problems: [DAGProblem]) {
        self.dagID = dagID
        self.problems = problems
    }

    public var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// Checks a ``GraphDraft`` and collects what is wrong with it.
struct GraphValidator {
    private let draft: GraphDraft
    private(set) var problems: [DAGProblem]

    init(_ draft: GraphDraft) {
        self.draft = draft
        problems = draft.problems
    }

    private mutating func report(_ place: SourceLocation, _ problem: String, _ remedy: String) {
        problems.append(DAGProblem(at: place, problem, remedy: remedy))
    }

    // MARK: The schedule

    /// The timetable that the schedule means; `nil` if it means none, which is then reported.
    mutating func timetable(zones: TimeZones) -> (any Timetable)? {
        let configuration = draft.configuration
        let place = configuration.location
        for text in configuration.malformedDates {
            report(
                place, "date \"\(text)\" is no instant",
                "write it as \"2026-01-31\" or \"2026-01-31T12:00:00+00:00\"")
        }
        checkLimits()
        checkAssets(of: configuration)
        do {
            let timetable = try configuration.schedule.timetable(zones: zones)
            if configuration.schedule.goesByTime, configuration.startDate == nil,
                configuration.malformedDates.isEmpty
            {
                report(
                    place, "dag \"\(configuration.id)\" has a schedule and no start date",
                    "give it a startDate, or schedule: .none to run it by hand")
            }
            return timetable
        } catch {
            report(place, error.problem, error.remedy)
            return nil
        }
    }

    private mutating func checkLimits() {
        let configuration = draft.configuration
        let place = configuration.location
        if configuration.maxActiveRuns < 1 {
            report(
                place, "maxActiveRuns is \"\(configuration.maxActiveRuns)\", below one",
                "write 1 or more, or pause the dag")
        }
        if configuration.maxActiveTasks < 1 {
            report(
                place, "maxActiveTasks is \"\(configuration.maxActiveTasks)\", below one",
                "write 1 or more, or pause the dag")
        }
        if configuration.maxMapLength < 1 {
            report(
                place, "maxMapLength is \"\(configuration.maxMapLength)\", below one", "write 1 or more")
        }
        if let limit = configuration.maxConsecutiveFailedRuns, limit < 1 {
            report(
                place, "maxConsecutiveFailedRuns is \"\(limit)\", below one",
                "write 1 or more, or leave it out")
        }
        checkRetries(configuration.defaults.retries, of: "the default of tasks is", place)
        if let start = configuration.startDate, let end = configuration.endDate, end < start {
            report(place, "the end date lies before the start date", "swap them")
        }
        let names = configuration.deadlines.map(\.name)
        for name in Set(names).sorted() where names.count(where: { $0 == name }) > 1 {
            report(place, "deadline \"\(name)\" is there twice", "rename one of the two")
        }
        guard case .object = configuration.params else {
            return report(place, "params are no JSON object", "write them as [\"name\": value]")
        }
        checkParams()
    }

    /// The schema must be one, and the defaults must be what it asks for.
    private mutating func checkParams() {
        let configuration = draft.configuration
        for problem in configuration.paramProblems {
            report(configuration.location, problem.problem, problem.remedy)
        }
        guard let document = configuration.paramSchema else { return }
        do throws(JSONSchemaError) {
            let schema = try JSONSchema(document)
            for problem in schema.problems(with: configuration.params, at: "") {
                report(configuration.location, "the default of param \(problem.problem)", problem.remedy)
            }
        } catch {
            report(configuration.location, "the params' \(error.problem)", error.remedy)
        }
    }

    // MARK: Assets

    private mutating func checkAssets(of configuration: DAGConfiguration) {
        guard let condition = configuration.schedule.assetCondition else { return }
        if !condition.isComplete {
            report(
                configuration.location, "the schedule names no asset where one is wanted",
                "name one at least in each all and any")
        }
        check(condition.assets, at: configuration.location)
    }

    private mutating func check(_ assets: [Asset], at place: SourceLocation) {
        for asset in assets {
            if let error = asset.problem { report(place, error.problem, error.remedy) }
        }
    }

    // MARK: The graph

    /// The indices of the drafts in an order in which each task follows its upstream tasks, the declared order
    /// where it is one.
    mutating func checkedOrder() -> [Int] {
        if let error = DAGID.problem(with: draft.configuration.id.rawValue) {
            report(draft.configuration.location, error.problem, error.remedy)
        }
        if draft.tasks.isEmpty {
            report(
                draft.configuration.location, "dag \"\(draft.configuration.id)\" has no task",
                "declare one in build")
        }
        let places = checkedIDs()
        for task in draft.tasks { check(task, places) }
        guard problems.isEmpty else { return [] }
        return sorted(places)
    }

    private mutating func checkedIDs() -> [TaskID: Int] {
        var places: [TaskID: Int] = [:]
        for (index, task) in draft.tasks.enumerated() {
            if let error = TaskID.problem(with: task.id.rawValue) {
                report(task.location, error.problem, error.remedy)
            }
            if let first = places[task.id] {
                report(
                    task.location,
                    "task id \"\(task.id)\" is already used at line \(draft.tasks[first].location.line)",
                    "rename one of the two")
            } else {
                places[task.id] = index
            }
        }
        return places
    }

    private mutating func check(_ task: TaskDraft, _ places: [TaskID: Int]) {
        for edge in task.edges where places[edge.upstream] == nil {
            let near = NearMiss.nearest(to: edge.upstream.rawValue, among: places.keys.map(\.rawValue))
            report(
                task.location,
                "task \"\(task.id)\" names an upstream task \"\(edge.upstream)\" that does not exist",
                near.map { "did you mean \"\($0)\"?" } ?? "name a task of this dag")
        }
        if task.edges.contains(where: { $0.upstream == task.id }) {
            report(task.location, "task \"\(task.id)\" is its own upstream task", "remove that edge")
        }
        if !task.options.triggerRule.needsEverySuccess {
            for edge in task.edges
            where edge.carriesData && !edge.isOptional && !task.isMapped(over: edge.upstream)
                && task.undoes != [edge.upstream]
            {
                report(
                    task.location,
                    "task \"\(task.id)\" reads \"\(edge.upstream)\" and can start without its success "
                        + "(\(task.options.triggerRule.rawValue))",
                    "read the handle's ifSuccessful")
            }
        }
        checkRoles(task, places)
        checkLimits(of: task)
        check(task.options.outlets + task.options.inlets, at: task.location)
        check(task.work.outlets + task.work.inlets, at: task.location)
        if task.options.poolSlots < 1 {
            report(
                task.location, "task \"\(task.id)\" takes \"\(task.options.poolSlots)\" pool slots",
                "write 1 or more")
        }
        checkRetries(task.options.retries, of: "task \"\(task.id)\" has", task.location)
        if let timeout = task.options.timeout, timeout <= .zero {
            report(
                task.location, "task \"\(task.id)\" has a timeout that is not positive",
                "write a longer one, or none")
        }
    }

    private mutating func checkRetries(_ retries: Int?, of whom: String, _ place: SourceLocation) {
        guard let retries else { return }
        if retries < 0 {
            report(place, "\(whom) \"\(retries)\" retries, below zero", "write 0 for none")
        } else if retries > RetryPolicy.mostRetries {
            report(place, "\(whom) \"\(retries)\" retries", "write \(RetryPolicy.mostRetries) at most")
        }
    }

    private mutating func checkLimits(of task: TaskDraft) {
        let limits = [
            ("maxActiveInstances", task.options.maxActiveInstances),
            ("maxActiveInstancesPerRun", task.options.maxActiveInstancesPerRun),
        ]
        for case (let name, let limit?) in limits where limit < 1 {
            report(
                task.location, "task \"\(task.id)\" has \(name) \"\(limit)\", below one", "write 1 or more")
        }
        let rule = task.options.triggerRule
        if draft.configuration.failsFast, task.kind != .teardown, rule != .allSuccess {
            report(
                task.location,
                "task \"\(task.id)\" has trigger rule \(rule.rawValue) in a dag that fails fast",
                "use all_success, or let the dag not fail fast")
        }
    }

    /// What a task says of others must be what they are: a teardown undoes setups, paths belong to branches.
    private mutating func checkRoles(_ task: TaskDraft, _ places: [TaskID: Int]) {
        for setup in task.undoes {
            guard let place = places[setup], draft.tasks[place].kind != .setup else { continue }
            report(
                task.location, "teardown \"\(task.id)\" is of \"\(setup)\", which is no setup",
                "declare \"\(setup)\" as a setup")
        }
        for edge in task.edges {
            guard let path = edge.path, let place = places[edge.upstream],
                draft.tasks[place].skipRule != .branch
            else { continue }
            report(
                task.location,
                "task \"\(task.id)\" lies on path \"\(path)\" of \"\(edge.upstream)\", which is no branch",
                "make \"\(edge.upstream)\" a branch, or name the task alone")
        }
        checkIndices(task, places)
        if task.skipRule != nil, task.mapping != nil {
            report(
                task.location, "task \"\(task.id)\" decides about others and is mapped",
                "let one task decide, and map what follows")
        }
    }

    /// What is read by index is read in the mapped group; what is gathered, outside it.
    private mutating func checkIndices(_ task: TaskDraft, _ places: [TaskID: Int]) {
        for edge in task.edges {
            guard let shape = edge.shape, let place = places[edge.upstream] else { continue }
            let group = draft.tasks[place].mapGroup
            let isItem = shape == .element || shape == .gatheredElement
            if shape.needsIndex, isItem ? task.mapGroup == nil : group != task.mapGroup {
                report(
                    task.location,
                    "task \"\(task.id)\" reads \"\(edge.upstream)\" by index, outside its mapped group",
                    "let the group's closure return dag.gathered(handle), and read that")
            }
            if shape == .gathered || shape == .gatheredIfSuccessful, let group, group == task.mapGroup {
                report(
                    task.location,
                    "task \"\(task.id)\" reads all of \"\(edge.upstream)\" within their mapped group",
                    "read the handle itself, or gather it outside the group")
            }
        }
    }

    /// Kahn's algorithm; the smallest declared index first, so that a valid declared order stays as it is.
    private mutating func sorted(_ places: [TaskID: Int]) -> [Int] {
        let isOrdered = draft.tasks.indices.allSatisfy { index in
            draft.tasks[index].edges.allSatisfy { edge in places[edge.upstream].map { $0 < index } ?? true }
        }
        if isOrdered { return Array(draft.tasks.indices) }
        let upstream = draft.tasks.map { Set($0.edges.compactMap { places[$0.upstream] }) }
        var downstream = [[Int]](repeating: [], count: upstream.count)
        for (index, sources) in upstream.enumerated() {
            for source in sources.sorted() { downstream[source].append(index) }
        }
        var missing = upstream.map(\.count)
        var ready = missing.indices.filter { missing[$0] == 0 }
        var order: [Int] = []
        var done = 0
        while done < ready.count {
            let next = ready[done]
            done += 1
            order.append(next)
            for index in downstream[next] {
                missing[index] -= 1
                if missing[index] == 0 { ready.append(index) }
            }
        }
        if order.count < upstream.count {
            reportCycle(upstream, left: Set(upstream.indices).subtracting(order))
        }
        return order
    }

    private mutating func reportCycle(_ upstream: [Set<Int>], left: Set<Int>) {
        var path: [Int] = []
        var index = left.min()!  // reached only while tasks are left, each with an upstream task among them
        while !path.contains(index) {
            path.append(index)
            index = upstream[index].filter(left.contains).min()!
        }
        let cycle = Array(path[path.firstIndex(of: index)!...].reversed())
        let names = (cycle + [cycle[0]]).map { draft.tasks[$0].id.rawValue }.joined(separator: " -> ")
        report(draft.tasks[cycle[0]].location, "the tasks form a cycle: \(names)", "remove one of its edges")
    }
}

extension TaskDraft {
    /// Whether the output of a task is mapped over.
    fileprivate func isMapped(over source: TaskID) -> Bool { mapping?.sources.contains(source) ?? false }
}
