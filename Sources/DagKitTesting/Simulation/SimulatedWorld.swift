import DagKitCore
import DagKitRuntime
import FoundationEssentials

/// The world of one simulation: its time, its store, its executor, and what is going to happen.
///
/// Unchecked, since everything in a simulation runs in the one task of ``Simulator/run()``: the scheduler loop starts no
/// task, and nobody else gets hold of the world.
final class SimulatedWorld: @unchecked Sendable {
    let simulator: Simulator
    let store: any MetadataStore
    let auditor: SimulationAuditor
    private var alarm = SimulatedAlarm()

    /// The time that passed, in microseconds since the epoch; it goes on whatever is done to the wall clock.
    private var time: Int64 { didSet { auditor.time = time } }
    /// How far the wall clock is off.
    private var offset: Int64 = 0
    private var queue = Heap<Happening>()
    private var ordinal = 0
    private var lastTime: Int64 = .min
    private var turnsAtLastTime = 0

    /// What the scheduler is told at its next turn.
    private var mailbox: [SchedulerLoop.Message] = []

    /// The number of the scheduler that lives; `nil` while there is none.
    var living: Int?
    private var process: SimulatedProcess?
    private var isStopping = false
    private var hasCalmed = false
    private var faultsByStep: [Int: [SimulatedFault]] = [:]
    private var faultsByAttempt: [Int: [SimulatedFault]] = [:]
    private var awayUntil: Int64 = .min
    private var attempts: [AttemptID: Attempt] = [:]
    private var live: [AttemptID] = []
    private var changedPools: Set<Int> = []

    /// The DAGs as the deployment has them now.
    private var deployed: [DAGSpec]

    /// An attempt as the executor knows it.
    private struct Attempt {
        let order: AttemptOrder
        let number: Int
        let startedAt: Date

        /// How far the wall clock was off then.
        let offset: Int64
        var outcome: AttemptOutcome?
        var isAcknowledged = false

        /// What it comes to, whatever it does itself, once it was told to end.
        var ending: AttemptOutcome.Verdict?
    }

    /// Something that is going to happen.
    private struct Happening: Comparable {
        enum What {
            case end(AttemptID, AttemptOutcome.Verdict)
            case delivery(AttemptID, isRepeated: Bool)
            case fault(SimulatedFault)
            case calm
        }

        let at: Int64
        let ordinal: Int
        let what: What

        static func < (left: Happening, right: Happening) -> Bool {
            (left.at, left.ordinal) < (right.at, right.ordinal)
        }

        static func == (left: Happening, right: Happening) -> Bool { left.ordinal == right.ordinal }
    }

    init(_ simulator: Simulator) {
        self.simulator = simulator
        deployed = simulator.dags
        store = simulator.wrapStore(InMemoryStore())
        auditor = SimulationAuditor(simulator, store: store)
        time = simulator.start.microsecondsSinceEpoch
        auditor.time = time
        for fault in simulator.faults {
            if let step = fault.step { faultsByStep[step, default: []].append(fault) }
            if let attempt = fault.attempt { faultsByAttempt[attempt, default: []].append(fault) }
            if let instant = fault.instant, instant < simulator.end {
                plan(.fault(fault), at: instant.microsecondsSinceEpoch)
            }
        }
        plan(.calm, at: simulator.end.microsecondsSinceEpoch)
    }

    // MARK: Time

    /// The wall clock.
    var now: Date { Date(microseconds: time + offset) }

    /// The wall clock and the time that passed.
    var reading: ClockReading { ClockReading(wall: now, elapsed: .microseconds(time)) }

    /// When the wall clock shows an instant, if nobody sets it until then.
    func time(of instant: Date) -> Int64 {
        if instant <= now { return time }
        if instant == .distantFuture { return .max }
        let microseconds = instant.microsecondsSinceEpoch
        // An instant between two microseconds has come with the second one.
        return (Date(microseconds: microseconds) < instant ? microseconds + 1 : microseconds) - offset
    }

    private func plan(_ what: Happening.What, at instant: Int64) {
        ordinal += 1
        queue.insert(Happening(at: instant, ordinal: ordinal, what: what))
    }

    /// Lets time pass, with all that happens in it.
    func advance(to target: Int64) async {
        while let next = queue.first, next.at <= target {
            queue.removeFirst()
            time = max(time, next.at)
            await happen(next.what)
        }
        time = max(time, target)
    }

    private func happen(_ what: Happening.What) async {
        switch what {
        case .end(let attempt, let verdict): end(attempt, verdict)
        case .delivery(let attempt, let isRepeated): deliver(attempt, isRepeated: isRepeated)
        case .fault(.clockJump(_, let by)):
            note("the clock is set by \(by)")
            offset += by.microseconds
            alarm.clockWasSet(at: time)
        case .fault(.clockWrong(let instant, let by, let span)):
            await happen(.fault(.clockJump(at: instant, by: by)))
            plan(.fault(.clockJump(at: instant, by: .zero - by)), at: time + span.microseconds)
        case .fault(.executorLost):
            note("the executor dies with its attempts")
            for attempt in live {
                end(attempt, .failed(reason: "the supervisor was lost", isRetryable: true, retryDelay: nil))
            }
        case .fault(.stop):
            note("the scheduler is told to stop")
            if living != nil { mailbox.append(.stop) }
        case .fault: break
        case .calm: await calm()
        }
    }

    /// Ends the faults and takes back what others did, so that every run can end.
    private func calm() async {
        note("the faults end")
        hasCalmed = true
        do {
            _ = try await store.setPaused(false, simulator.dags.map(\.id), by: "operator", at: now)
            for backfill in try await store.openBackfills() {
                _ = try await store.setBackfillPaused(false, backfill.id, by: "operator", at: now)
            }
            for place in changedPools.sorted() {
                try await store.setPool(simulator.pools[place], by: "operator", at: now)
            }
        } catch {
            auditor.report("the store refused a write: \(error)")
        }
        auditor.expectNothingPaused()
        mailbox.append(.poke)
    }

    // MARK: Steps

    /// Counts a step of the scheduler and lets happen what is to happen before it; gives what is left.
    func takeStep() async -> [SimulatedFault] {
        auditor.history.steps += 1
        guard !hasCalmed, let faults = faultsByStep[auditor.history.steps] else { return [] }
        for fault in faults {
            switch fault {
            case .slowStore(_, let duration):
                note("an operation takes \(duration)")
                await advance(to: time + duration.microseconds)
            case .storeOutage(_, let duration):
                note("the store is away for \(duration)")
                awayUntil = max(awayUntil, time + duration.microseconds)
            case .foreignWrite(let step, let write):
                await carryOut(write)
                // Half of the writers knock, the others are found at the next look.
                if step % 2 == 0 { mailbox.append(.poke) }
            case .redeploy(_, let dag, let task): redeploy(dag, without: task)
            default: break
            }
        }
        return faults
    }

    private func redeploy(_ dag: Int, without task: Int?) {
        guard let spec = simulator.spec(dag, without: task) else { return }
        note("dag \(spec.id) has the tasks \(spec.tasks.map(\.id.rawValue).joined(separator: ", ")) now")
        deployed[dag] = spec
        if living != nil { mailbox.append(.deployment(deployment)) }
    }

    private var deployment: Deployment {
        Deployment(bundle: "simulated", specs: deployed, arePausedAtCreation: false)
    }

    var isStoreAway: Bool { time < awayUntil && !hasCalmed }

    private func carryOut(_ write: SimulatedFault.ForeignWrite) async {
        do {
            try await auditor.readEvents()
            var current = simulator
            current.dags = deployed
            var writer = ForeignWriter(store: store, auditor: auditor, simulator: current, now: now)
            let deed = try await writer.carryOut(write)
            if case .resize(let pool, _) = write { changedPools.insert(pool) }
            if let deed { note("somebody else: \(deed)") }
        } catch {
            auditor.report("the store refused a write: \(error)")
        }
    }

    func note(_ line: @autoclosure () -> String) {
        guard simulator.recordsLines else { return }
        auditor.history.lines.append("\(now.isoText)  \(line())")
    }

    // MARK: The executor

    func begin(_ order: AttemptOrder) {
        auditor.history.attempts += 1
        auditor.began(order.attemptID)
        let number = auditor.history.attempts
        let twin = live.first { attempts[$0]?.order.key == order.key }
        if twin != nil || attempts[order.attemptID] != nil {
            auditor.report("two attempts of \(order.key) live at once")
        }
        let faults = hasCalmed ? [] : faultsByAttempt[number] ?? []
        attempts[order.attemptID] = Attempt(order: order, number: number, startedAt: now, offset: offset)
        live.append(order.attemptID)
        if faults.contains(where: { if case .attemptRefused = $0 { true } else { false } }) {
            return end(order.attemptID, .notStarted(reason: "no worker could be started"))
        }
        let attempt = SimulatedAttempt(
            order: order, number: number, startedAt: now, isMappedOver: auditor.isMappedOver(order.key))
        var work = simulator.work(attempt)
        if faults.contains(where: { if case .attemptDies = $0 { true } else { false } }) {
            work.verdict = .failed(reason: "signal 9", isRetryable: true, retryDelay: nil)
        }
        plan(.end(order.attemptID, work.verdict), at: time + max(0, work.duration.microseconds))
        if simulator.defects.contains(.doubleDispatch) { live.append(order.attemptID) }
    }

    /// Tells an attempt to end; it dies in its own time, within ``Simulator/killGrace``.
    func kill(_ id: AttemptID, reason: String) {
        guard let attempt = attempts[id], attempt.outcome == nil, attempt.ending == nil else { return }
        let verdict = AttemptOutcome.Verdict.failed(reason: reason, isRetryable: false, retryDelay: nil)
        attempts[id]?.ending = verdict
        var random = SeededGenerator(seed: UInt64(attempt.number))
        let delay = Int64.random(in: 0...max(0, simulator.killGrace.microseconds), using: &random)
        plan(.end(id, verdict), at: time + delay)
    }

    func acknowledge(_ ids: [AttemptID]) async {
        do { try await auditor.readEvents() } catch { auditor.report("events cannot be read: \(error)") }
        for id in ids {
            auditor.acknowledged(id)
            attempts[id]?.isAcknowledged = true
        }
    }

    /// Ends what has not ended by itself within the grace.
    func endAttempts(after grace: Duration) {
        for attempt in live {
            plan(
                .end(
                    attempt,
                    .failed(reason: "the scheduler was stopped", isRetryable: true, retryDelay: nil)),
                at: time + grace.microseconds)
        }
        endExecutorIfIdle()
    }

    private func endExecutorIfIdle() {
        if isStopping, live.isEmpty { mailbox.append(.executorEnded) }
    }

    private func end(_ id: AttemptID, _ verdict: AttemptOutcome.Verdict) {
        guard let place = live.firstIndex(of: id), let attempt = attempts[id] else { return }
        live.remove(at: place)
        var outcome = AttemptOutcome(
            attemptID: id, key: attempt.order.key, tryNumber: attempt.order.tryNumber,
            verdict: attempt.ending ?? verdict,
            startedAt: attempt.startedAt, endedAt: now, processID: 1,
            hostname: "simulated")
        if case .waiting(let until, let reason) = outcome.verdict {
            // A sensor says at its end when it looks again, by the clock as it stands then.
            outcome.verdict = .waiting(until: until + Double(offset - attempt.offset) / 1e6, reason: reason)
            outcome.pokeCount = attempt.order.pokeCount + 1
        }
        attempts[id]?.outcome = outcome
        auditor.ended(outcome)
        var delay: Int64? = 0
        for fault in hasCalmed ? [] : faultsByAttempt[attempt.number] ?? [] {
            switch fault {
            case .outcomeLost: delay = nil
            case .outcomeLate(_, let by): delay = by.microseconds
            case .outcomeRepeated(_, let after):
                plan(.delivery(id, isRepeated: true), at: time + after.microseconds)
            default: break
            }
        }
        if delay == 0 {
            deliver(id, isRepeated: false)
        } else if let delay {
            note("the outcome of \(attempt.order.key) is late")
            plan(.delivery(id, isRepeated: false), at: time + delay)
        } else {
            note("the outcome of \(attempt.order.key) is lost until the next connection")
            // An executor whose connection was lost connects again.
            plan(.delivery(id, isRepeated: false), at: time + 60_000_000)
        }
        endExecutorIfIdle()
    }

    private func deliver(_ id: AttemptID, isRepeated: Bool) {
        guard living != nil, let attempt = attempts[id], let outcome = attempt.outcome,
            isRepeated || !attempt.isAcknowledged
        else { return }
        mailbox.append(.executor(.finished(outcome)))
    }

    /// What an executor says at its start: the outcomes that nobody acknowledged, and what still runs.
    private func welcome() -> [SchedulerLoop.Message] {
        let kept = attempts.filter { $0.value.outcome != nil && !$0.value.isAcknowledged }.keys.sorted()
        var messages: [SchedulerLoop.Message] = []
        if !simulator.defects.contains(.forgetsOutcomes) {
            messages = kept.compactMap { attempts[$0]?.outcome }.map { .executor(.finished($0)) }
        }
        return messages + [.executor(.adopted(live.sorted()))]
    }

    /// Whether a scheduler has seen how the clock is set now.
    private func isClockKnown(to loop: SchedulerLoop?) -> Bool {
        process.flatMap { loop?.knows($0.reading) } ?? false
    }

    // MARK: The driver

    /// Runs to the end of every run, or to the first broken promise.
    func run() async -> SimulatedHistory {
        var loop: SchedulerLoop?
        var restart = time
        while auditor.history.violations.isEmpty, !isTooLong() {
            if loop == nil {
                await advance(to: max(restart, time))
                loop = await start()
                // Time passes between two starts that fail, or it would stand still while the store is away.
                if loop == nil { restart = time + max(simulator.restartDelay, .seconds(1)).microseconds }
                continue
            }
            if mailbox.isEmpty, let running = loop {
                if isQuiet(running) { break }
                await waitForNext(running)
                if mailbox.isEmpty { continue }
            }
            if await turn(&loop) == false {
                loop = nil
                living = nil
                restart = time + simulator.restartDelay.microseconds
            }
            if auditor.history.violations.isEmpty {
                await auditor.check(
                    loop?.planner, isStopping: isStopping, knowsClock: isClockKnown(to: loop),
                    now: now)
            }
        }
        await auditor.finish()
        return auditor.history
    }

    private func start() async -> SchedulerLoop? {
        auditor.history.schedulers += 1
        let number = auditor.history.schedulers
        note("scheduler \(number) starts")
        living = number
        isStopping = false
        alarm = SimulatedAlarm()
        let process = SimulatedProcess(self, number: number)
        self.process = process
        var configuration = Scheduler.Configuration(
            job: JobRecord(
                type: "SchedulerJob", state: "running", hostname: "simulated", user: "simulated",
                processID: number, executor: "simulated", start: now, heartbeat: now))
        configuration.parallelism = simulator.parallelism
        configuration.pollInterval = simulator.pollInterval
        var loop = SchedulerLoop(
            store: process, executor: process, clock: process, configuration: configuration,
            log: .none)
        do {
            for pool in simulator.pools where number == 1 {
                try await store.setPool(pool, by: "operator", at: now)
            }
            mailbox = []
            try await loop.open(deployment)
            // A deployment that changed meanwhile.
            mailbox += welcome()
            try await loop.adoptRuns()
            try await auditor.readEvents()
            auditor.sawStart()
            return loop
        } catch {
            note("scheduler \(number) does not come up: \(error)")
            living = nil
            return nil
        }
    }

    /// One turn of the loop; false if the scheduler is gone after it.
    private func turn(_ loop: inout SchedulerLoop?) async -> Bool {
        auditor.history.turns += 1
        let messages = mailbox
        mailbox = []
        do {
            try await loop?.turn(messages)
            guard let current = loop else { return false }
            if current.isStopping, !isStopping {
                isStopping = true
                await process?.stop(grace: .seconds(30))
            }
            if current.hasEnded {
                try await current.close()
                note("the scheduler stops")
                return false
            }
            return living != nil
        } catch {
            return false
        }
    }

    /// Lets time pass until something happens that the scheduler is told of, or that it wants to wake for.
    private func waitForNext(_ loop: SchedulerLoop) async {
        alarm.set(loop.nextWake, ringing: time(of: loop.nextWake))
        await advance(to: max(time, min(alarm.time, queue.first?.at ?? alarm.time)))
        if mailbox.isEmpty, alarm.rings(at: time) { mailbox = [.alarm] }
    }

    /// Whether all is done: the faults have ended, every run has, and nothing is due.
    private func isQuiet(_ loop: SchedulerLoop) -> Bool {
        hasCalmed && now >= simulator.end && loop.planner.openRuns == auditor.openRuns
            && !loop.planner.hasMoreToDo && (loop.planner.nextDeadline.map { $0 > now } ?? true)
            && auditor.isAtRest
    }

    /// Whether the runs that are left had all the time there is, or the time stands still.
    private func isTooLong() -> Bool {
        if time > lastTime { (lastTime, turnsAtLastTime) = (time, auditor.history.turns) }
        let isOver = time > simulator.end.microsecondsSinceEpoch + simulator.patience.microseconds
        guard isOver || auditor.history.turns > turnsAtLastTime + 10_000 else { return false }
        auditor.reportOpenRuns()
        return true
    }
}
