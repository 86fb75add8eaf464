package import DagKitCore
package import FoundationEssentials

/// The body of a scheduler: takes messages, looks at the store, decides, commits and acts, in turns.
///
/// A loop starts no task and waits for nothing but its store, its executor and its clock. Whoever owns it hands it the
/// messages: a ``Scheduler`` those of the real world, a simulator those of a virtual one, so that both go through
/// the same code.
package struct SchedulerLoop: Sendable {
    let store: any MetadataStore
    let executor: any Executor
    let clock: any SchedulerClock
    let configuration: Scheduler.Configuration
    let log: SchedulerLog

    /// What was decided and what is known of the runs.
    package internal(set) var planner: Planner

    /// Whether the loop was told to stop: nothing new starts, and the owner ends the executor.
    package internal(set) var isStopping = false

    /// Whether running attempts are left to the next scheduler.
    package internal(set) var isHandingOver = false

    /// Whether the executor has ended, so that nothing is left to do.
    package internal(set) var hasEnded = false
    var job: Int64 = 0
    var dagCount = 0
    var cursor: Int64 = 0
    var lastPoll = Date.distantPast

    /// What the clocks showed when the loop last looked at them.
    var lastReading: ClockReading

    /// Whether schedules may have been run ahead of the clock.
    var mustCheckSchedules = false
    var isReconciled = false
    var mustLook = false

    /// Whether updates of assets may wait that the planner does not know of.
    var mustReadAssets = false

    /// The newest update of an asset of which those who wait for one were told.
    var newestAssetEvent: Int64 = 0

    /// Whether the store could not be read when it was last looked at, which is told once.
    var isBlind = false

    /// The attempts that the store called running when the loop began: what runs besides is wanted by nobody.
    var storedAttempts: Set<AttemptID> = []

    /// Runs that somebody else changed and that were not taken anew yet.
    var foreignRuns: Set<RunKey> = []

    /// Whether the owner wants the loop to end, though it may not have taken the message yet.
    var isEndWanted: @Sendable () -> Bool = { false }

    /// Whether notices were stored since somebody asked.
    var hasNotices = false

    /// Runs that have not ended, of DAGs that this scheduler does not know: what their attempts report is kept until it does.
    var strangers: Set<RunKey> = []

    /// Those of them of which attempts are to be ended, and whether something is new of that.
    var endingStrangers: Set<RunKey> = []
    var mustEndStrangers = false

    /// Whether every attempt that was found alive has been told of, so that another one is known to be dead.
    var knowsWhatLives = false

    /// Runs of which something in the store is damaged.
    var parked: [RunKey: ParkedRun] = [:]

    /// The rows that the store left out since they were last told of.
    let leftOut = LeftOutRows()

    /// What was said of rows that are no run's, so that nothing is said twice.
    var complaints: Set<String> = []

    /// Whether there are open runs of which not even the id can be read.
    var hasNamelessRuns = false

    /// The pools as they were last read.
    var lastPools: [Pool] = []

    /// Backfills whose dates cannot be read, until the store is looked at again.
    var waitingBackfills: Set<Int64> = []

    /// Waits of which the store could not say how it stands with them.
    var unanswered: [Planner.Look] = []

    /// The attempts that were found alive when the loop began.
    var aliveAtStart: Set<AttemptID> = []

    /// Those of them that may be of a run which cannot be read.
    var unclaimed: Set<AttemptID> = []

    /// The first attempt token that the loop was given: what it orders itself has a higher one.
    var firstToken: Int64?

    /// What the loop goes by.
    private var deployment: Deployment?

    /// Outcomes that were taken and are not stored yet, by run.
    var unstored: [RunKey: [AttemptOutcome]] = [:]

    /// What can be said to a running scheduler.
    package enum Message: Sendable {
        case executor(ExecutorEvent)
        case executorEnded
        case deployment(Deployment)
        /// Which executable this is is known by now.
        case executable(String)
        /// Somebody wrote to the store.
        case poke
        case alarm
        case stop
        case handOver

        /// Whether somebody wrote to the store.
        package var isPoke: Bool {
            if case .poke = self { return true }
            return false
        }

        /// Whether it is the alarm that ``SchedulerLoop/nextWake`` asked for.
        package var isAlarm: Bool {
            if case .alarm = self { return true }
            return false
        }

        /// Whether it asks for the end.
        var isEnd: Bool {
            if case .stop = self { return true }
            return isHandOver
        }

        var isHandOver: Bool {
            if case .handOver = self { return true }
            return false
        }

        var isExecutorEnd: Bool {
            if case .executorEnded = self { return true }
            return false
        }
    }

    package init(
        store: any MetadataStore, executor: any Executor, clock: any SchedulerClock,
        configuration: Scheduler.Configuration, log: SchedulerLog
    ) {
        let leftOut = leftOut
        self.store = store.leavingOutUnreadable { leftOut.add($0) }
        self.executor = executor
        self.clock = clock
        self.configuration = configuration
        self.log = log
        lastReading = clock.reading
        planner = Planner(parallelism: min(configuration.parallelism, executor.capacity))
    }

    // MARK: Life

    /// Records that the scheduler starts, and registers its DAGs.
    package mutating func open(_ deployment: Deployment) async throws {
        job = try await store.startJob(configuration.job)
        self.deployment = deployment
        follow(deployment, try await register(deployment))
        cursor = try await store.lastEventNumber()
        planner.setBackfills(try await store.openBackfills())
        tellOfLeftOut()
    }

    /// Takes over the runs that have not ended.
    package mutating func adoptRuns() async throws {
        let snapshots = try await store.unfinishedRuns()
        for row in leftOut.takeAll() {
            if let run = row.run {
                park(run, row)
            } else {
                hasNamelessRuns = true
                tell(of: row)
            }
        }
        for snapshot in snapshots {
            adopt(snapshot)
            storedAttempts.formUnion(
                snapshot.instances.filter { $0.state?.isActive == true }.compactMap(\.attemptID))
        }
        tellOfBroughtBack()
        log.info("scheduler started: \(dagCount) dags, \(planner.openRuns) open runs")
        tellOfStrangers()
    }

    /// Records that the scheduler ended.
    package func close() async throws {
        try await store.updateJob(job, state: "success", heartbeat: clock.now, end: clock.now)
        log.info("scheduler stopped")
    }

    /// Whether notices were stored since the last call.
    package mutating func takeNotice() -> Bool {
        defer { hasNotices = false }
        return hasNotices
    }

    // MARK: Turns

    /// When the loop wants a turn even if nothing happens.
    package var nextWake: Date {
        let nextPoll = lastPoll + configuration.pollInterval.seconds
        return isStopping ? nextPoll : min(nextPoll, planner.nextDeadline ?? nextPoll)
    }

    /// Takes what happened since the last turn, decides all that follows, commits it and acts on it.
    ///
    /// - Throws: What the clock throws while the store cannot be reached: the loop is given up, and what it did not
    ///   store is lost with it.
    package mutating func turn(_ messages: [Message]) async throws {
        // A clock that was set back must not put off the next look.
        if moment() < lastPoll { lastPoll = .distantPast }
        for message in messages { try await take(message) }
        if mustLook || isPollDue { try await look() }
        if mustEndStrangers { try await endStrangers() }
        try await decide()
        releaseParked()
        if configuration.endsWhenIdle, isReconciled, !isStopping, isIdle {
            tellOfHeldRuns()
            stop()
        }
    }

    /// Whether the store is to be looked at though nobody knocked; also when the clock was set back behind the last look.
    var isPollDue: Bool {
        let elapsed = clock.now.timeIntervalSince(lastPoll)
        return elapsed < 0 || elapsed >= configuration.pollInterval.seconds
    }

    private var isIdle: Bool {
        planner.isAtRest && (planner.nextDeadline.map { $0 > clock.now } ?? true)
    }

    private mutating func take(_ message: Message) async throws {
        switch message {
        case .executor(.finished(let outcome)):
            unstored[outcome.key.run, default: []].append(outcome)
            if endingStrangers.contains(outcome.key.run) { mustEndStrangers = true }
            let now = moment()
            planner.take(outcome, at: now)
        case .executor(.adopted(let alive)):
            if !alive.isEmpty, !isReconciled { log.info("took over \(alive.count) running attempts") }
            // Once work goes on, what was ordered since then is no matter of before.
            let own = isReconciled ? Set(planner.running.keys).subtracting(storedAttempts) : []
            let now = moment()
            for lost in planner.reconcile(alive: own.union(alive), at: now) {
                unstored[lost.key.run, default: []].append(lost)
            }
            isReconciled = true
            knowsWhatLives = true
            mustEndStrangers = !endingStrangers.isEmpty
            aliveAtStart = Set(alive)
            await endUnwanted(among: alive)
            storedAttempts = []
        case .executor(.adoptedInPart(let alive)):
            log.info("took over \(alive.count) running attempts; others may run")
            isReconciled = true
            aliveAtStart = Set(alive)
            await endUnwanted(among: alive)
        case .executorEnded: hasEnded = true
        case .deployment(var deployment):
            deployment.executableHash = deployment.executableHash ?? self.deployment?.executableHash
            self.deployment = deployment
            let found = try await persisted("cannot register the dags") { try await register(deployment) }
            follow(deployment, found)
            try await meetStrangers()
        case .executable(let hash):
            guard deployment?.executableHash != hash else { return }
            deployment?.executableHash = hash
            guard let deployment else { return }
            _ = try await persisted("cannot register the dags") { try await register(deployment) }
        case .poke: mustLook = true
        case .alarm: break
        case .stop: stop()
        case .handOver: handOver()
        }
    }

    /// Ends what runs though the store does not call it running, and though it was not ordered since.
    private mutating func endUnwanted(among alive: [AttemptID]) async {
        let mayBeWanted = !parked.isEmpty || hasNamelessRuns
        for attempt in alive where !storedAttempts.contains(attempt) && planner.running[attempt] == nil {
            if mayBeWanted {
                unclaimed.insert(attempt)
                continue
            }
            await executor.kill(attempt, reason: "its task was ended while no scheduler ran")
        }
    }

    private mutating func stop() {
        if isStopping { return }
        isStopping = true
        log.info("stopping: \(planner.running.count) running attempts get \(configuration.stopGrace)")
    }

    private mutating func handOver() {
        if isStopping { return }
        isStopping = true
        isHandingOver = true
        log.info("handing over: \(planner.running.count) running attempts go on")
    }

    /// Decides until nothing follows any more, each time committing first and acting then.
    private mutating func decide() async throws {
        repeat {
            if !isStopping { try await refillTokens() }
            let startsWork = !isStopping && isReconciled
            if startsWork { try await readAssetUpdates() }
            if startsWork { try await checkSchedules() }
            let now = moment()
            let step = planner.step(at: now, startsWork: startsWork)
            try await carryOut(step)
            if !isStopping, isReconciled { try await workOffBackfills(step.effects) }
            if !isStopping { try await answerPast() }
        } while (planner.hasMoreToDo || mustReadAssets || mustCheckSchedules) && !isStopping && isReconciled
    }

    private mutating func refillTokens() async throws {
        let missing = planner.missingTokens
        guard missing > 0 else { return }
        let range = try await persisted("cannot issue attempt tokens") {
            try await store.reserveAttempts(max(missing, 256))
        }
        firstToken = firstToken ?? range.lowerBound
        planner.addTokens(range)
    }
}
