public import DagKitCore
import DagKitSystem
import FoundationEssentials

/// Runs the DAGs of a deployment: takes what happened, lets the ``Planner`` decide, commits, then acts.
///
/// ```swift
/// let scheduler = Scheduler(store: store, executor: executor, deployment: deployment)
/// try await scheduler.run()  // until stop() is called and the running attempts have ended
/// ```
///
/// One task turns the loop. Each turn takes everything that was queued since the last one and commits it together;
/// nothing leaves the process before the decision behind it is stored.
public final class Scheduler: Sendable {
    private let store: any MetadataStore
    private let executor: any Executor
    private let clock: any SchedulerClock
    private let configuration: Configuration
    private let log: SchedulerLog
    private let mailbox = Mailbox<Message>()
    private let initial: Deployment

    /// How a scheduler works.
    public struct Configuration: Sendable {
        /// How many attempts run at once.
        public var parallelism = 32

        /// How often the store is looked at for changes that nobody announced, and the heartbeat is written.
        public var pollInterval: Duration = .seconds(5)

        /// How long running attempts get when the scheduler is told to stop.
        public var stopGrace: Duration = .seconds(30)

        /// Whether the progress of tasks survives a power cut.
        public var durability: Durability = .process

        /// What the job row says of this process.
        public var job: JobRecord

        /// What is told when runs end and attempts fail, after that is stored.
        public var observer: (any SchedulerObserver)?

        /// Ends the scheduler once nothing is running and nothing is due, for tests and batch use.
        public var endsWhenIdle = false

        public init(job: JobRecord) { self.job = job }
    }

    /// What can be said to a running scheduler.
    private enum Message: Sendable {
        case executor(ExecutorEvent)
        case executorEnded
        case deployment(Deployment)
        /// Somebody wrote to the store.
        case poke
        case alarm
        case stop
    }

    public init(
        store: any MetadataStore, executor: any Executor, deployment: Deployment,
        configuration: Configuration,
        clock: any SchedulerClock = SystemSchedulerClock(), log: SchedulerLog = SchedulerLog { _, _ in }
    ) {
        self.store = store
        self.executor = executor
        self.initial = deployment
        self.configuration = configuration
        self.clock = clock
        self.log = log
    }

    /// Makes the scheduler look at the store now.
    public func poke() { mailbox.post(.poke) }

    /// Replaces the DAGs; open runs go on with the new ones.
    public func replace(with deployment: Deployment) { mailbox.post(.deployment(deployment)) }

    /// Starts nothing new, lets running attempts end within the grace, and then ends ``run()``.
    public func stop() { mailbox.post(.stop) }

    /// Runs until ``stop()`` was called and every attempt has ended.
    public func run() async throws {
        let job = try await store.startJob(configuration.job)
        var state = LoopState(
            planner: Planner(parallelism: min(configuration.parallelism, executor.capacity)), job: job)
        let mailbox = mailbox
        try await load(initial, into: &state)
        state.cursor = try await store.lastEventNumber()
        let events = try await executor.start()
        let pump = Task {
            for await event in events { mailbox.post(.executor(event)) }
            mailbox.post(.executorEnded)
        }
        defer { pump.cancel() }
        for snapshot in try await store.unfinishedRuns() { state.planner.adopt(snapshot, at: clock.now) }
        log.info("scheduler started: \(state.dagCount) dags, \(state.planner.openRuns) open runs")
        try await turn(&state)
        try await store.updateJob(job, state: "success", heartbeat: clock.now, end: clock.now)
        log.info("scheduler stopped")
    }

    // MARK: The loop

    /// What the loop keeps from turn to turn.
    private struct LoopState {
        var planner: Planner
        let job: Int64
        var dagCount = 0
        var cursor: Int64 = 0
        var lastPoll = Date.distantPast
        var isStopping = false
        var hasEnded = false
        var isReconciled = false
        var mustLook = false
        /// Outcomes that were taken and are not stored yet, by run.
        var unstored: [RunKey: [AttemptOutcome]] = [:]
    }

    private func turn(_ state: inout LoopState) async throws {
        let mailbox = mailbox
        var alarm = Alarm(clock: clock) { mailbox.post(.alarm) }
        while !state.hasEnded {
            let nextPoll = state.lastPoll + configuration.pollInterval.seconds
            alarm.set(min(nextPoll, state.isStopping ? nextPoll : state.planner.nextDeadline ?? nextPoll))
            for message in await mailbox.takeAll() {
                if case .alarm = message { alarm.hasRung() }
                try await take(message, &state)
            }
            if clock.now >= state.lastPoll + configuration.pollInterval.seconds || state.mustLook {
                await look(&state)
            }
            await decide(&state)
            if configuration.endsWhenIdle, state.isReconciled, !state.isStopping, isIdle(state) { stop() }
        }
    }

    private func isIdle(_ state: LoopState) -> Bool {
        state.planner.openRuns == 0 && !state.planner.hasMoreToDo
            && (state.planner.nextDeadline.map { $0 > clock.now } ?? true)
    }

    private func take(_ message: Message, _ state: inout LoopState) async throws {
        switch message {
        case .executor(.finished(let outcome)):
            state.unstored[outcome.key.run, default: []].append(outcome)
            state.planner.take(outcome, at: clock.now)
        case .executor(.started): break
        case .executor(.adopted(let alive)):
            state.planner.reconcile(alive: Set(alive), at: clock.now)
            state.isReconciled = true
        case .executorEnded: state.hasEnded = true
        case .deployment(let deployment): try await load(deployment, into: &state)
        case .poke: state.mustLook = true
        case .alarm: break
        case .stop:
            if state.isStopping { break }
            state.isStopping = true
            log.info(
                "stopping: \(state.planner.running.count) running attempts get \(configuration.stopGrace)")
            let (executor, grace) = (executor, configuration.stopGrace)
            Task { await executor.stop(grace: grace) }
        }
    }

    /// Decides until nothing follows any more, each time committing first and acting then.
    private func decide(_ state: inout LoopState) async {
        repeat {
            if !state.isStopping { await refillTokens(&state) }
            let startsWork = !state.isStopping && state.isReconciled
            let step = state.planner.step(at: clock.now, startsWork: startsWork)
            await carryOut(step, &state)
        } while state.planner.hasMoreToDo && !state.isStopping && state.isReconciled
    }

    private func refillTokens(_ state: inout LoopState) async {
        let missing = state.planner.missingTokens
        guard missing > 0 else { return }
        let range = await persisted("cannot issue attempt tokens") {
            try await store.reserveAttempts(max(missing, 256))
        }
        state.planner.addTokens(range)
    }

    private func carryOut(_ step: Planner.Step, _ state: inout LoopState) async {
        var conflicts: Set<RunKey> = []
        if !step.batches.isEmpty {
            let durability = configuration.durability
            step.passFaultPoints(isStored: false)
            let result = await persisted("cannot store what was decided") {
                try await store.commit(step.batches, durability: durability)
            }
            step.passFaultPoints(isStored: true)
            conflicts = result.conflicts
            let written = Int64(
                step.batches.lazy.filter { !conflicts.contains($0.run) }.map(\.events.count).reduce(0, +))
            if let last = result.lastEvent, state.cursor + written == last { state.cursor = last }
        }
        await act(step.effects, except: conflicts, &state)
        for run in conflicts { await reload(run, &state) }
    }

    private func act(_ effects: Planner.Effects, except conflicts: Set<RunKey>, _ state: inout LoopState)
        async
    {
        var refused: Set<AttemptID> = []
        for run in conflicts {
            for outcome in state.unstored[run] ?? [] { refused.insert(outcome.attemptID) }
        }
        state.unstored = state.unstored.filter { conflicts.contains($0.key) }
        let orders = effects.orders.filter { !conflicts.contains($0.key.run) }
        if !orders.isEmpty {
            FaultPoint.ordering.pass()
            await executor.dispatch(orders)
            FaultPoint.ordered.pass()
        }
        for attempt in effects.kills { await executor.kill(attempt, reason: "the run was ended") }
        let acknowledged = effects.acknowledged.filter { !refused.contains($0) }
        if !acknowledged.isEmpty {
            FaultPoint.acknowledging.pass()
            await executor.acknowledge(acknowledged)
            FaultPoint.acknowledged.pass()
        }
        if !effects.nextRuns.isEmpty {
            await persisted("cannot store the next runs") { try await store.setNextRuns(effects.nextRuns) }
        }
        for run in effects.finishedRuns where !conflicts.contains(run.key) {
            log.info("run \(run.key) \(run.state.rawValue)" + (run.reason.map { " (\($0))" } ?? ""))
            await configuration.observer?.runFinished(run)
        }
        for failure in effects.failures where !conflicts.contains(failure.key.run) {
            await configuration.observer?.taskFailed(failure)
        }
    }

    /// Takes a run anew from the store, since somebody else changed it, and tells it again what is not stored.
    private func reload(_ run: RunKey, _ state: inout LoopState) async {
        state.planner.forget(run)
        let snapshot = await persisted("cannot read run \(run)") { try await store.snapshot(of: run) }
        if let snapshot { state.planner.adopt(snapshot, at: clock.now) }
        for outcome in state.unstored.removeValue(forKey: run) ?? [] {
            state.unstored[run, default: []].append(outcome)
            state.planner.take(outcome, at: clock.now)
        }
    }

    // MARK: What others wrote

    /// Reads what others changed since the last look, and writes the heartbeat.
    private func look(_ state: inout LoopState) async {
        state.mustLook = false
        let now = clock.now
        do {
            state.planner.setPaused(try await store.pausedDAGs(), at: now)
            state.planner.setPools(try await store.pools())
            var changed: Set<RunKey> = []
            while true {
                let events = try await store.changes(after: state.cursor, limit: 1000)
                for event in events where event.actor != "scheduler" { changed.insert(event.run) }
                state.cursor = events.last?.number ?? state.cursor
                if events.count < 1000 { break }
            }
            for run in changed { await reload(run, &state) }
            if now >= state.lastPoll + configuration.pollInterval.seconds {
                try await store.updateJob(state.job, state: "running", heartbeat: now, end: nil)
                state.lastPoll = now
            }
        } catch {
            log.error("cannot read the store: \(error)")
            state.lastPoll = now
        }
    }

    private func load(_ deployment: Deployment, into state: inout LoopState) async throws {
        let now = clock.now
        try await store.register(deployment.records, bundle: deployment.bundle, at: now)
        for (source, errors) in deployment.importErrors {
            try await store.setImportErrors(errors, of: source, at: now)
        }
        state.planner.setPools(try await store.pools())
        state.planner.setDAGs(
            deployment.specs, settings: deployment.settings, paused: try await store.pausedDAGs(),
            lastIntervals: try await store.lastScheduledIntervals(), at: now)
        state.dagCount = deployment.specs.count
    }

    /// Does something with the store until it succeeds: scheduling pauses while the store cannot be written, and
    /// nothing is lost.
    private func persisted<Result: Sendable>(
        _ complaint: String, _ body: () async throws -> Result
    ) async -> Result {
        var wait = 0.05
        var hasComplained = false
        while true {
            do {
                let result = try await body()
                if hasComplained { log.info("the store answers again, scheduling goes on") }
                return result
            } catch {
                if !hasComplained { log.error("scheduling pauses: \(complaint): \(error)") }
                hasComplained = true
                try? await clock.sleep(until: clock.now + wait)
                wait = min(wait * 2, 5)
            }
        }
    }
}
