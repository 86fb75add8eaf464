import DagKitCore
import FoundationEssentials

/// Watches a simulation: folds the events by itself, compares the fold with the store, and holds both to the promises.
///
/// It shares nothing with the planner but the types of the values: what it knows, it knows from the events, from the
/// executor and from what it was told of other writers.
final class SimulationAuditor {
    var history: SimulatedHistory
    private let store: any MetadataStore
    private let simulator: Simulator

    /// Every structure that a DAG has in the course of the simulation, the first one first.
    private let specs: [DAGID: [DAGSpec]]
    private var folds: [RunKey: RunFold] = [:]
    private var order: [RunKey] = []
    private var open: Set<RunKey> = []
    private var touched: Set<RunKey> = []
    private var cursor: Int64 = 0
    private var logicalDates: [DAGID: Set<Date>] = [:]
    private var outcomes: [AttemptID: AttemptOutcome] = [:]

    /// The attempts that reached the executor.
    private var begun: Set<AttemptID> = []
    private var seenAttempts: Set<AttemptID> = []
    private var limits: LimitCheck
    private var assets: AssetCheck
    private var waits = WaitCheck()
    private var paused: Set<DAGID> = []

    /// DAGs that the scheduler may start tasks of: those that were not paused at its last look, or are not now.
    private var pausedAtLook: Set<DAGID> = []
    private var triggered: Set<RunKey> = []
    private let past = PastCheck()
    private var backfills = BackfillCheck()

    /// The DAGs that somebody wrote to since the scheduler looked last: it cannot know yet what their runs allow.
    private var unseen: Set<DAGID> = []

    init(_ simulator: Simulator, store: any MetadataStore) {
        self.simulator = simulator
        self.store = store
        history = SimulatedHistory(store: store)
        specs = Dictionary(simulator.dags.map { ($0.id, simulator.structures(of: $0.id)) }) { $1 }
        limits = LimitCheck(simulator)
        assets = AssetCheck(simulator.dags)
    }

    func report(_ violation: String) { history.violations.append(violation) }

    // MARK: What the world tells

    func began(_ attempt: AttemptID) { begun.insert(attempt) }

    func ended(_ outcome: AttemptOutcome) { outcomes[outcome.attemptID] = outcome }

    /// Called once the executor may forget an outcome: the store must not wait for it any more.
    func acknowledged(_ attempt: AttemptID) {
        // What never reached the executor has no outcome that it could forget.
        guard let outcome = outcomes[attempt] else { return }
        if instance(outcome.key)?.attemptID == attempt {
            report("the outcome of \(outcome.key) is acknowledged and not stored")
        }
    }

    func acknowledgedTrigger(_ run: RunKey) { triggered.insert(run) }

    /// An update from outside was stored; the events before it have been read.
    func acknowledgedUpdate(_ uri: String, at instant: Date) {
        assets.take(uri, source: nil, paused: paused)
        waits.noteUpdate(of: uri, at: instant)
    }

    /// The DAGs are in the store from now on.
    func sawRegistered() { assets.isFollowed = true }

    func expectPaused(_ dag: DAGID, _ isPaused: Bool) {
        if isPaused { paused.insert(dag) } else { paused.remove(dag) }
    }

    func expectNothingPaused() { paused = [] }
    func sawPaused(_ dags: Set<DAGID>) { pausedAtLook = dags }
    func acknowledgedBackfill(_ id: Int64, maxActiveRuns: Int) {
        backfills.ids.insert(id)
        limits.sawBackfill(id, maxActiveRuns: maxActiveRuns)
    }

    func sawChanges() { unseen = [] }
    func sawPools(_ pools: [Pool]) { limits.sawPools(pools) }

    func isMappedOver(_ key: TaskInstanceKey) -> Bool {
        guard let spec = folds[key.run]?.spec, let index = spec.index(of: key.taskID) else { return false }
        return spec.tasks[index].downstream.contains { spec.tasks[$0].mapSources.contains(index) }
    }

    var openRuns: Int { open.count }

    /// Whether every run has ended, or waits with good reason for one that will not change by itself.
    var isAtRest: Bool {
        let runs = open.compactMap { folds[$0] }
        let isHeld = Dictionary(grouping: runs) { "\($0.run.dagID) \($0.run.backfillID ?? 0)" }.allSatisfy {
            _, group in
            let held = group.filter { $0.run.state == .running }
            let isFull = limits.isFull(group[0].run.dagID, group[0].run.backfillID, held.count)
            return held.allSatisfy { past.explains($0, among: folds.values) }
                && (isFull || held.count == group.count)
        }
        return isHeld
            && backfills.waiting.allSatisfy { id in
                runs.contains { $0.run.backfillID == id && $0.run.state == .running }
            }
    }

    /// The instances of the newest runs, in a fixed order.
    var newestInstances: [TaskInstanceKey] {
        order.suffix(4).flatMap { folds[$0]?.snapshot.instances.map(\.key) ?? [] }
    }

    private func instance(_ key: TaskInstanceKey) -> TaskInstance? {
        folds[key.run]?.instances(of: key.taskID).first { $0.key == key }
    }

    // MARK: Events

    /// Takes the events that were stored since the last call, and checks each against what was so before it.
    func readEvents() async throws {
        while true {
            let events = try await store.changes(after: cursor, limit: 1000)
            for event in events {
                take(event)
                cursor = event.number
            }
            if events.count < 1000 { return }
        }
    }

    private func take(_ event: RunEvent) {
        history.events += 1
        mix(event)
        if simulator.recordsLines { history.lines.append(Self.line(of: event)) }
        touched.insert(event.run)
        checkAssets(event)
        if event.actor != RunEvent.scheduler { unseen.insert(event.run.dagID) }
        guard var fold = folds.removeValue(forKey: event.run) else { return takeCreation(event) }
        let before = fold.instance(of: event)
        if event.kind == .deadlineMissed, let problem = DeadlineCheck.problem(event, fold) {
            report("run \(event.run) \(problem)")
        }
        if event.actor == RunEvent.scheduler, let before { check(event, before, fold) }
        let state = fold.run.state
        fold.apply(event)
        let after = fold.instance(of: event)
        folds[event.run] = fold
        waits.note(fold.run, after)
        limits.count(event, of: fold.run, from: state, before, to: fold.run.state, after)
        if fold.run.state.isFinished, !state.isFinished {
            open.remove(event.run)
            if event.actor == RunEvent.scheduler { checkVerdict(fold) }
        } else if state.isFinished, !fold.run.state.isFinished {
            open.insert(event.run)
        }
    }

    private func checkAssets(_ event: RunEvent) {
        let before = folds[event.run]?.instance(of: event)
        let isMarked = event.actor != RunEvent.scheduler || before?.endRequest != nil
        let task = event.taskID.flatMap { folds[event.run]?.spec.task($0) }
        if let finding = assets.take(event, of: task, isMarked: isMarked, paused: paused) { report(finding) }
        for update in event.detail["asset_updates"]?.array ?? [] {
            if let uri = update["uri"]?.string { waits.noteUpdate(of: uri, at: event.at) }
        }
    }

    private func takeCreation(_ event: RunEvent) {
        guard let known = specs[event.run.dagID], let fold = RunFold(event, of: known[0], earlier: known)
        else {
            return report("run \(event.run) has an event before its creation: \(event.kind.rawValue)")
        }
        if let date = fold.run.logicalDate,
            !logicalDates[event.run.dagID, default: []].insert(date).inserted
        {
            report("dag \(event.run.dagID) has two runs for \(date.isoText)")
        }
        if fold.run.type == .scheduled, event.at < fold.run.runAfter {
            report("run \(event.run) was created before \(fold.run.runAfter.isoText)")
        }
        folds[event.run] = fold
        order.append(event.run)
        open.insert(event.run)
    }

    private func check(_ event: RunEvent, _ before: TaskInstance, _ fold: RunFold) {
        let place = "\(before.key) \(event.kind.rawValue)"
        switch event.kind {
        case .scheduled:
            if event.tryNumber != before.tryNumber + 1 { report("\(place): try \(event.tryNumber ?? 0)") }
            if before.tryNumber > before.maxTries { report("\(place): no try is left") }
            if let due = before.nextTryAt, event.at < due { report("\(place) before its retry is due") }
            if before.state == nil { checkRule(before, fold, place) }
            if before.state != nil, before.state != .upForRetry { report("\(place) from \(before.state!)") }
        case .running:
            if before.state != .scheduled { report("\(place) and was not scheduled") }
            let isHeld = pausedAtLook.contains(event.run.dagID) && paused.contains(event.run.dagID)
            if isHeld, fold.run.backfillID == nil {
                report("\(place) though its dag is paused")
            }
            checkPast(before, fold, place)
            guard let attempt = event.attemptID, seenAttempts.insert(attempt).inserted else {
                return report("\(place) under a token that was used before")
            }
        case .deferred, .resumed,
            .succeeded where before.state == .deferred,
            .failed where before.state == .deferred,
            .upForRetry where before.state == .deferred:
            if let problem = waits.problem(event, before, fold) { report("\(place) \(problem)") }
        case .succeeded, .failed, .upForRetry, .requeued, .upForReschedule:
            checkOutcome(event, before, fold, place)
        case .skipped where before.attemptID != nil, .removed where before.attemptID != nil, .cleared:
            checkOutcome(event, before, fold, place)
        default: break
        }
    }

    private func checkRule(_ instance: TaskInstance, _ fold: RunFold, _ place: String) {
        guard let task = fold.spec.task(instance.taskID) else { return report("\(place) and has no task") }
        if !RuleCheck(task, in: fold.spec).allows(fold) {
            report("\(place) though \(task.triggerRule.rawValue) does not allow it")
        }
    }

    private func checkPast(_ instance: TaskInstance, _ fold: RunFold, _ place: String) {
        guard let task = fold.spec.task(instance.taskID), task.pastRule != nil,
            !unseen.contains(fold.run.dagID),
            let obstacle = past.obstacle(to: task, of: fold, among: folds.values)
        else { return }
        report("\(place) though \(obstacle)")
    }

    /// An outcome is what the attempt that has the right to report one really came to.
    private func checkOutcome(
        _ event: RunEvent, _ before: TaskInstance, _ fold: RunFold, _ place: String
    ) {
        guard let attempt = before.attemptID else {
            // A task that is back starts anew.
            if event.kind == .cleared, before.state == .removed { return }
            if event.kind == .cleared { return report("\(place) by itself") }
            let isEmpty = fold.spec.task(before.taskID)?.isEmpty == true
            if event.kind == .succeeded, isEmpty { return checkRule(before, fold, place) }
            return report("\(place) and has no attempt")
        }
        guard let outcome = outcomes[attempt] else {
            // What never reached the executor goes again, or is ended at once if somebody asked for it.
            if event.kind == .requeued { return }
            if before.endRequest?.agrees(with: event.kind) == true, !begun.contains(attempt) { return }
            return report("\(place) and its attempt \(attempt) has not ended")
        }
        // Whatever an attempt came to that was being ended: what was asked for is done.
        if let request = before.endRequest {
            if !request.agrees(with: event.kind) {
                report("\(place) though \(request.rawValue) was asked for")
            }
        } else if !outcome.verdict.agrees(with: event.kind) {
            report("\(place) but its attempt \(attempt) came to \(outcome.verdict)")
        }
    }

    private func checkVerdict(_ fold: RunFold) {
        let snapshot = fold.snapshot
        if fold.run.reason == RunMachine.deadlocked { return }
        for instance in snapshot.instances where !instance.isFinished {
            report("run \(fold.run.key) ended and \(instance.taskID) has not")
        }
        let leaves = fold.spec.tasks.filter { $0.downstream.isEmpty }.flatMap { fold.instances(of: $0.index) }
        let hasFailure = leaves.contains { $0.state == .failed || $0.state == .upstreamFailed }
        if hasFailure, fold.run.state == .success {
            report("run \(fold.run.key) succeeded with a failed leaf")
        }
    }

    // MARK: Between the turns

    /// Checks what must hold after every turn.
    ///
    /// - Parameter planner: That of the scheduler; `nil` if there is none.
    /// - Parameter isStopping: Whether the scheduler was told to stop, so that it starts and explains nothing more.
    func check(_ planner: Planner?, isStopping: Bool, now: Date) async {
        do {
            try await readEvents()
            for run in touched.sorted() { try await compare(run, planner, isStopping: isStopping, now) }
            touched.removeAll(keepingCapacity: true)
            try await backfills.look(store)
            // Where a scheduler died in the middle of it, what ended may be stored only by the next one.
            let excess = limits.excess()
            if planner != nil, let excess { report(excess) }
            if let finding = try await assets.check(store) { report(finding) }
            let stored = try await store.pausedDAGs()
            let pausesItself = simulator.dags.contains { $0.configuration.maxConsecutiveFailedRuns != nil }
            if stored != paused, !pausesItself { report("\(stored) are paused, not \(paused)") }
        } catch {
            report("the store cannot be read: \(error)")
        }
    }

    private func compare(_ key: RunKey, _ planner: Planner?, isStopping: Bool, _ now: Date) async throws {
        guard let stored = try await store.snapshot(of: key), let fold = folds[key] else {
            return report("run \(key) is gone")
        }
        var run = fold.run
        run.revision = stored.run.revision
        if run != stored.run { report("run \(key) is stored as \(stored.run), its events say \(run)") }
        let folded = fold.snapshot.instances
        if folded != stored.instances {
            let wrong = zip(folded, stored.instances).first { $0 != $1 }
            report("\(key): \(wrong.map { "stored \($1), its events say \($0)" } ?? "instances differ")")
        }
        // What the scheduler has not read yet, it cannot explain.
        guard planner?.machine(of: key)?.run.revision == run.revision, !run.state.isFinished else { return }
        if !isStopping { checkReasons(run, folded) }
        // A scheduler that is told to stop, or has just come, does not see to deadlines.
        guard let next = planner?.nextDeadline, next > now else { return }
        if let problem = DeadlineCheck.silence(of: fold, at: now) { report("run \(key) \(problem)") }
        for instance in folded {
            if let problem = WaitCheck.lateness(of: instance, fold, at: now) {
                report("\(instance.key) \(problem)")
            }
        }
    }

    private func checkReasons(_ run: DAGRun, _ instances: [TaskInstance]) {
        for instance in instances
        where instance.reason == nil && (instance.state == .scheduled || instance.state?.isWaiting == true) {
            report("\(instance.key) waits without a reason")
        }
        if run.state == .queued, run.reason == nil { report("run \(run.key) waits without a reason") }
    }

    /// Takes the end of the simulation.
    func finish() async {
        do {
            try await readEvents()
            for key in order {
                if let snapshot = try await store.snapshot(of: key) {
                    history.runs.append(snapshot)
                } else if triggered.contains(key) {
                    report("the trigger of \(key) was acknowledged and is lost")
                }
            }
            if history.violations.isEmpty,
                let finding = try await assets.checkEnd(store, open: Set(open.map(\.dagID)))
            {
                report(finding)
            }
            for finding in try await backfills.findings(store, logicalDates) { report(finding) }
            for key in triggered.sorted() where folds[key] == nil {
                report("the trigger of \(key) was acknowledged and is lost")
            }
        } catch {
            report("the store cannot be read: \(error)")
        }
    }

    /// Reports the runs that do not end.
    func reportOpenRuns() {
        if open.isEmpty { return report("the scheduler does not come to rest") }
        for key in open.sorted() {
            let waiting = (folds[key]?.snapshot.instances ?? []).filter { !$0.isFinished }.map {
                "\($0.taskID) \($0.state?.rawValue ?? "none")" + ($0.reason.map { " (\($0))" } ?? "")
            }
            let state = folds[key]?.run.state.rawValue ?? ""
            report("run \(key) never ends: it is \(state), \(waiting.joined(separator: ", "))")
        }
    }

    private func mix(_ event: RunEvent) {
        history.mix(UInt64(bitPattern: event.number))
        history.mix(UInt64(bitPattern: event.at.microsecondsSinceEpoch))
        history.mix(event.run.dagID.rawValue)
        history.mix(event.run.runID.rawValue)
        history.mix(event.kind.rawValue)
        history.mix(event.taskID?.rawValue ?? "")
        history.mix(UInt64(bitPattern: Int64(event.mapIndex)))
        history.mix(UInt64(bitPattern: event.attemptID?.rawValue ?? -1))
        history.mix(event.reason ?? "")
    }

    private static func line(of event: RunEvent) -> String {
        let place = event.task.map(\.description) ?? event.run.description
        let by = event.actor == RunEvent.scheduler ? "" : " by \(event.actor)"
        let attempt = event.attemptID.map { " attempt \($0)" } ?? ""
        let number = event.tryNumber.map { " try \($0)" } ?? ""
        let reason = event.reason.map { " (\($0))" } ?? ""
        return
            "\(event.at.isoText)  #\(event.number) \(place) \(event.kind.rawValue)\(number)\(attempt)\(by)\(reason)"
    }
}

extension AttemptOutcome.Verdict {
    /// Whether an event tells of this end.
    func agrees(with kind: RunEvent.Kind) -> Bool {
        switch self {
        case .success: kind == .succeeded
        case .skipped: kind == .skipped
        case .failed: kind == .failed || kind == .upForRetry
        case .notStarted: kind == .requeued
        // A run that is being ended waits for nothing.
        case .waiting: kind == .upForReschedule || kind == .skipped
        }
    }
}

extension EndRequest {
    /// Whether an event tells that the request was carried out.
    func agrees(with kind: RunEvent.Kind) -> Bool {
        switch self {
        case .clear: kind == .cleared
        case .success: kind == .succeeded
        case .failed, .failFast: kind == .failed
        // A task that is part of the DAG again by then starts anew.
        case .remove: kind == .removed || kind == .cleared
        }
    }
}
