import DagKitCore
import FoundationEssentials

extension Simulator {
    /// A simulation of which a seed decides everything: the DAGs, the limits, what the tasks do, and the faults.
    public static func random(seed: UInt64) -> Simulator {
        var draw = SimulationDraw(seed: seed)
        return draw.simulator()
    }
}

/// Draws a simulation.
private struct SimulationDraw {
    private let seed: UInt64
    private var random: SeededGenerator

    /// What the waits are drawn from: whatever they are, all else is the same.
    private var waits: SeededGenerator
    /// Draws what tasks ask of the run before, so that all else of a seed stays as it is.
    private var past: SeededGenerator
    private var assets: SeededGenerator

    /// Draws deadlines and waits for assets.
    private var moments: SeededGenerator

    /// Draws when DAGs lose tasks and get them back.
    private var shapes: SeededGenerator

    /// Draws how the wall clock is set.
    private var clocks: SeededGenerator

    init(seed: UInt64) {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        waits = SeededGenerator(seed: ~seed)
        past = SeededGenerator(seed: seed ^ 0x7061_7374)
        assets = SeededGenerator(seed: seed ^ 0x6173_7365)
        moments = SeededGenerator(seed: seed ^ 0x6d6f_6d65)
        shapes = SeededGenerator(seed: seed ^ 0x7368_6170)
        clocks = SeededGenerator(seed: seed ^ 0x636c_6f63)
    }

    mutating func simulator() -> Simulator {
        let start = Date(microseconds: 1_772_323_200_000_000)
        let hours = Int.random(in: 2...6, using: &random)
        let end = start + Double(hours) * 3600
        let count = Int.random(in: 1...3, using: &random)
        let specs = (0..<count).compactMap { try? DAGSpec(dag($0, start: start), zones: TimeZones()) }
        var simulator = Simulator(specs, from: start, to: end, work: Self.work(seed: seed))
        simulator.pools = ["narrow", "wide"].enumerated().compactMap { place, name in
            try? Pool(name, slots: place == 0 ? 1 : 3, includesDeferred: Bool.random(using: &waits))
        }
        simulator.parallelism = [1, 2, 4, 32].randomElement(using: &random) ?? 4
        simulator.pollInterval = .seconds([60, 300, 1800].randomElement(using: &random) ?? 60)
        simulator.restartDelay = .seconds(Int.random(in: 0...120, using: &random))
        let faults = Int.random(in: 0...25, using: &random)
        simulator.faults = SimulatedFault.random(
            faults, seed: random.next(), steps: 40 + 60 * count * hours, attempts: 10 * count * hours,
            span: start...end, dags: count, pools: 2)
        simulator.faults += redeployments(of: simulator.dags, steps: 40 + 60 * count * hours)
        simulator.faults += clockJumps(from: start, hours: hours)
        return simulator
    }

    /// Changes of structure, in a third of the histories.
    private mutating func redeployments(of dags: [DAGSpec], steps: Int) -> [SimulatedFault] {
        guard Int.random(in: 0..<3, using: &shapes) == 0 else { return [] }
        return (0..<Int.random(in: 1...6, using: &shapes)).map { _ in
            let dag = Int.random(in: 0..<dags.count, using: &shapes)
            // Not the first, which takes its time.
            let task = dags[dag].tasks.indices.dropFirst().randomElement(using: &shapes)
            // A run that waits for a task which the run before lost would wait for ever.
            let isRow = dags[dag].tasks.contains { $0.pastRule != nil }
            return .redeploy(
                step: Int.random(in: 1...steps, using: &shapes), dag: dag,
                without: isRow || Bool.random(using: &shapes) ? nil : task)
        }
    }

    /// A clock that is ahead, by up to ten years, or behind, and is set right after a while: in a third of the histories.
    private mutating func clockJumps(from start: Date, hours: Int) -> [SimulatedFault] {
        guard Int.random(in: 0..<3, using: &clocks) == 0 else { return [] }
        return (0..<Int.random(in: 1...3, using: &clocks)).map { _ in
            let began = start + Double(Int.random(in: 0..<(hours - 1) * 3_600, using: &clocks))
            let longest = [60, 3_600, 86_400, 315_360_000].randomElement(using: &clocks) ?? 60
            let jump = Int.random(in: 3...longest, using: &clocks) * (Bool.random(using: &clocks) ? 1 : -1)
            return .clockWrong(
                at: began, by: .seconds(jump), lasting: .seconds(Int.random(in: 1..<3_600, using: &clocks)))
        }
    }

    private mutating func dag(_ number: Int, start: Date) -> GraphDraft {
        let schedules: [Schedule] = [
            .every(.minutes(20)), .cron("*/30 * * * *"), .cron("@hourly"), .once, .continuous, .none,
        ]
        var configuration = DAGConfiguration(
            // The first has a schedule, so that something happens.
            DAGID("dag\(number)"),
            schedule: schedules.dropLast(number == 0 ? 1 : 0).randomElement(using: &random) ?? .none,
            startDate: InstantLiteral(start - Double(Int.random(in: 0...4, using: &random)) * 3600),
            catchup: [.all, .latest, .skip].randomElement(using: &random) ?? .all,
            maxActiveRuns: Int.random(in: 1...4, using: &random),
            maxActiveTasks: Int.random(in: 1...5, using: &random),
            runTimeout: Int.random(in: 0..<5, using: &random) == 0 ? .minutes(25) : nil)
        configuration.defaults = TaskDefaults(retryDelay: .seconds(Int.random(in: 5...400, using: &random)))
        var draft = GraphDraft(configuration: configuration)
        for index in 0..<Int.random(in: 1...7, using: &random) {
            draft.tasks.append(task(index, of: number, before: draft.tasks))
        }
        if Int.random(in: 0..<4, using: &past) == 0 { askAboutPast(&draft) }
        nameAssets(of: number, &draft)
        setDeadlines(&draft)
        awaitAssets(upTo: number, &draft)
        return draft
    }

    /// Lets a third of the DAGs have deadlines, which their runs meet or miss.
    private mutating func setDeadlines(_ draft: inout GraphDraft) {
        guard Int.random(in: 0..<3, using: &moments) == 0 else { return }
        let references: [DeadlineAlert.Reference] = [.queuedAt, .logicalDate, .dataIntervalEnd]
        draft.configuration.deadlines = (1...Int.random(in: 1...2, using: &moments)).map { number in
            DeadlineAlert(
                "deadline\(number)", references.randomElement(using: &moments) ?? .queuedAt,
                within: .minutes(Int.random(in: 1...60, using: &moments)))
        }
    }

    /// Lets some tasks wait for an asset of their DAG or of one before it.
    private mutating func awaitAssets(upTo number: Int, _ draft: inout GraphDraft) {
        for place in draft.tasks.indices.dropFirst() where Int.random(in: 0..<10, using: &moments) == 0 {
            let task = draft.tasks[place]
            let dag = Int.random(in: 0...number, using: &moments)
            let uri = "x-simulated:\(dag).\(Int.random(in: 0...1, using: &moments))"
            let timeout = Duration.minutes(Int.random(in: 1...90, using: &moments))
            guard task.mapping == nil, !task.work.isEmpty, task.work.deferral == nil else { continue }
            draft.tasks[place].work = TaskWork(
                deferral: Deferral(timeout: timeout, softFail: Bool.random(using: &moments)) { run, _ in
                    .asset(AssetWait(uri: uri, since: run.dataInterval?.start ?? run.runAfter))
                }
            ) { _ in nil }
        }
    }

    /// Lets tasks update two assets of their DAG, and half of the DAGs but the first run on assets of those before them.
    private mutating func nameAssets(of number: Int, _ draft: inout GraphDraft) {
        for place in draft.tasks.indices {
            draft.tasks[place].options.outlets = (0..<2).filter { _ in
                Int.random(in: 0..<3, using: &assets) == 0
            }
            .map { _ in asset(of: number) }
        }
        guard number > 0, Bool.random(using: &assets) else { return }
        let condition = assetCondition(before: number, depth: 2)
        draft.configuration.schedule =
            Int.random(in: 0..<4, using: &assets) == 0
            ? .assetsOrTime(condition, .every(.minutes(45))) : .assets(condition)
    }

    private mutating func assetCondition(before number: Int, depth: Int) -> AssetCondition {
        guard depth > 0, Bool.random(using: &assets) else {
            return .updated(asset(of: Int.random(in: 0..<number, using: &assets)))
        }
        let parts = (0..<2).map { _ in assetCondition(before: number, depth: depth - 1) }
        return Bool.random(using: &assets) ? .allOf(parts) : .anyOf(parts)
    }

    private mutating func asset(of number: Int) -> Asset {
        Asset("x-simulated:\(number).\(Int.random(in: 0...1, using: &assets))")
    }

    private mutating func askAboutPast(_ draft: inout GraphDraft) {
        for place in draft.tasks.indices {
            draft.tasks[place].options.dependsOnPast = Int.random(in: 0..<3, using: &past) == 0
            draft.tasks[place].options.waitsForDownstream = Int.random(in: 0..<5, using: &past) == 0
        }
    }

    private mutating func task(_ index: Int, of dag: Int, before: [TaskDraft]) -> TaskDraft {
        var upstream = before.filter { _ in Int.random(in: 0..<5, using: &random) < 2 }.map(\.id)
        if upstream.isEmpty, let last = before.last, Bool.random(using: &random) { upstream = [last.id] }
        let source = upstream.first { id in before.contains { $0.id == id && !$0.work.isEmpty } }
        let isMapped = Int.random(in: 0..<5, using: &random) == 0
        let rule =
            Int.random(in: 0..<5, using: &random) == 0
            ? TriggerRule.allCases.randomElement(using: &random) ?? .allSuccess : .allSuccess
        let deferral = index > 0 && Int.random(in: 0..<6, using: &waits) == 0 ? deferral() : nil
        return TaskDraft(
            id: TaskID("task\(index)"), edges: upstream.map { TaskEdge(to: $0) },
            options: TaskOptions(
                retries: Int.random(in: 0...2, using: &random),
                exponentialBackoff: Int.random(in: 0..<4, using: &random) == 0, triggerRule: rule,
                pool: ["narrow", "wide", nil, nil, nil].randomElement(using: &random) ?? nil,
                priorityWeight: Int.random(in: 1...3, using: &random)),
            operatorName: "Simulated", mappedOver: isMapped ? source : nil,
            // The first task takes its time: one run after the other of no length would fill the history.
            work: index > 0 && !isMapped && Int.random(in: 0..<8, using: &random) == 0
                ? .nothing : TaskWork(deferral: deferral) { _ in nil },
            location: SourceLocation(file: "simulated", line: 1 + index))
    }

    /// A wait that the scheduler keeps: for an instant of the run's or the task's own, or for a run or task of any of the
    /// DAGs, that may never come.
    private mutating func deferral() -> Deferral {
        let timeout: Duration? = .minutes(Int.random(in: 1...90, using: &waits))
        let softFail = Bool.random(using: &waits)
        let minutes = Double(Int.random(in: -10...60, using: &waits))
        switch Int.random(in: 0..<4, using: &waits) {
        case 0:
            return Deferral(timeout: timeout, softFail: softFail) { run, _ in
                .instant((run.runAfter + minutes * 60).roundedToMicroseconds)
            }
        case 1:
            return Deferral(timeout: Bool.random(using: &waits) ? timeout : nil, softFail: softFail) {
                _, start in
                .instant((start + minutes * 60).roundedToMicroseconds)
            }
        default:
            let dag = DAGID("dag\(Int.random(in: 0..<3, using: &waits))")
            let tasks: [TaskID] = Bool.random(using: &waits) ? ["task0"] : []
            let earlier = Double(Int.random(in: 0...3, using: &waits)) * 600
            let allowed: Set<String> = Bool.random(using: &waits) ? ["success"] : ["success", "failed"]
            let failed: Set<String> =
                Bool.random(using: &waits) ? [] : Set(["failed", "upstream_failed"]).subtracting(allowed)
            let skipped: Set<String> = Bool.random(using: &waits) ? [] : ["skipped"]
            return Deferral(timeout: timeout, softFail: softFail) { run, _ in
                .runs(
                    ExternalWait(
                        dag, tasks: tasks, logicalDates: [(run.logicalDate ?? run.runAfter) - earlier],
                        allowed: allowed, failed: failed, skipped: skipped))
            }
        }
    }

    /// What an attempt does, from the seed and its identity alone: it stays the same when others are left out.
    private static func work(seed: UInt64) -> @Sendable (SimulatedAttempt) -> SimulatedWork {
        { attempt in
            var key = seed
            for byte in "\(attempt.order.key)#\(attempt.tryNumber)#\(attempt.pokeCount)".utf8 {
                key = (key ^ UInt64(byte)) &* 0x100_0000_01b3
            }
            var random = SeededGenerator(seed: key)
            let duration: Duration = .milliseconds(Int.random(in: 1...400_000, using: &random))
            switch Int.random(in: 0..<10, using: &random) {
            case 0: return .fails("exit 1", after: duration)
            case 1: return .skips("nothing to do", after: duration)
            case 3 where attempt.pokeCount < 3:
                let until = attempt.startedAt + Double(Int.random(in: 0...1800, using: &random))
                return .waits(until: until, after: duration)
            case 2 where Bool.random(using: &random): return .failsForGood("no use", after: duration)
            default:
                return Simulator.list(Int.random(in: 0...4, using: &random), after: duration)
            }
        }
    }
}
