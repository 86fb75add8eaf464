public import DagKitCore
import DagKitSystem
package import FoundationEssentials
import Glibc

/// Runs attempts in warm worker processes of this same program, which a supervisor process owns.
///
/// The supervisor outlives the scheduler: attempts go on while there is none, and the next one takes them over with their
/// outcomes. The program must call ``DagKitWorker/runIfRequested(_:services:)`` first of all.
///
/// ```swift
/// let executor = LocalExecutor(home: home, capacity: 32)
/// let scheduler = Scheduler(store: store, executor: executor, deployment: deployment)
/// ```
public actor LocalExecutor: Executor {
    public nonisolated let capacity: Int
    let starter: SupervisorStart
    let clock = BootTimeClock()
    let now: @Sendable () -> Date
    let log: SchedulerLog
    private let events: AsyncStream<ExecutorEvent>
    private let continuation: AsyncStream<ExecutorEvent>.Continuation

    /// Takes new attempts; `nil` while none runs.
    var current: SupervisorLink?

    /// All supervisors that have attempts or outcomes of ours, and the tasks that read from them.
    var links: [ProcessIdentity: SupervisorLink] = [:]
    var readers: [ProcessIdentity: Task<Void, Never>] = [:]

    /// The attempts that were handed over and have not ended, with the supervisor that has them.
    var open: [AttemptID: (order: AttemptOrder, process: ProcessIdentity)] = [:]

    /// The outcomes that were reported and are not stored yet: the supervisor that keeps each, or `nil` for a file.
    var unstored: [AttemptID: ProcessIdentity?] = [:]

    /// Where outcomes are read; on the thread of who takes them, they come many at once while that one is busy.
    private var reading: (any TaskExecutor)?

    /// Supervisors of earlier schedulers that live and do not answer, the task that waits for them, and what they are to be
    /// told to end once they do.
    var silent: Set<ProcessIdentity> = []
    var waitForSilent: Task<Void, Never>?
    var unheardKills: [AttemptID: String] = [:]

    /// Why it is not known what dead supervisors left.
    var settleFailure: (any Error)?

    /// The attempts that may be theirs: those that had a lock file when they did not answer.
    var suspects: Set<AttemptID> = []
    private var starts: [BootTimeClock.Instant] = []

    /// Orders that wait for a supervisor, the task that starts one for them, and whether that was said.
    var held: [AttemptOrder] = []
    var holder: Task<Void, Never>?

    /// The pause before the next start of a supervisor, which a stop ends.
    var pausing: Task<Void, Never>?
    private var shortage = Complaint()

    /// The lock files of attempts whose outcomes nobody keeps, as far as they are known.
    var lockFiles: [AttemptID: String] = [:]
    var isStopping = false
    private(set) var stopGrace: Duration?
    var isAbandoned = false

    /// Creates the executor of a home folder.
    ///
    /// - Parameters:
    ///   - logs: The log folder; `nil` is `logs` in the home folder.
    ///   - capacity: How many attempts run at once.
    ///   - logLimit: The most bytes that an attempt may add to its log; `nil` for the usual limit.
    public init(
        home: String, logs: String? = nil, capacity: Int = 32,
        logLimit: Int? = nil, log: SchedulerLog = .none
    ) {
        var configuration = SupervisorConfiguration(
            folders: ExecutionFolders(home: home, logs: logs), generation: "")
        configuration.logLimit = logLimit ?? configuration.logLimit
        configuration.idleWorkers = 2 * max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        self.init(configuration, capacity: capacity, program: CurrentProcess.executable, log: log)
    }

    /// Creates an executor that starts another program than this one.
    package init(
        _ configuration: SupervisorConfiguration, capacity: Int, program: String,
        environment: [String: String]? = nil, log: SchedulerLog = .none,
        now: @escaping @Sendable () -> Date = { Date().roundedToMicroseconds }
    ) {
        self.capacity = capacity
        self.log = log
        self.now = now
        starter = SupervisorStart(configuration: configuration, program: program, environment: environment)
        (events, continuation) = AsyncStream.makeStream()
    }

    public func start() async throws -> AsyncStream<ExecutorEvent> { try await start(tellingOn: nil) }

    public func start(tellingOn thread: (any TaskExecutor)?) async throws -> AsyncStream<ExecutorEvent> {
        reading = thread
        try folders.create()
        DescriptorReserve.fill()
        let found = try await starter.findAll()
        for link in found.links { adopt(link) }
        try reportKeptOutcomes()
        let running = found.links.flatMap(\.welcome.running).map(\.attemptID)
        if found.silent.isEmpty {
            let isAll = try await settleAbandonedAttemptsSoon(except: Set(running))
            continuation.yield(isAll ? .adopted(running) : .adoptedInPart(running))
        } else {
            continuation.yield(.adoptedInPart(running))
            try wait(for: found.silent)
        }
        let identity = try starter.identity()
        current = found.links.first { $0.welcome.identity == identity }
        try Task.checkCancellation()
        if current == nil { try await startFirstSupervisor() }
        return events
    }

    public func dispatch(_ orders: [AttemptOrder]) async {
        if isStopping, current == nil {
            for order in orders { report(notStarted(order, "the scheduler was stopped")) }
            return
        }
        // A supervisor is started beside the scheduler's work: it hears a stop meanwhile.
        guard held.isEmpty, holder == nil, let current else { return hold(orders) }
        hand(orders, to: current)
    }

    func hand(_ orders: [AttemptOrder], to link: SupervisorLink) {
        for order in orders { open[order.attemptID] = (order, link.process) }
        for order in link.dispatch(orders) {
            let reason = "the order of the attempt is too large: what it is given must be below 16 MiB"
            report(outcome(of: order, .failed(reason: reason, isRetryable: false, retryDelay: nil)))
        }
    }

    public func kill(_ attempt: AttemptID, reason: String) async {
        if endHeld(attempt, reason: reason) { return }
        if !silent.isEmpty, open[attempt] == nil { unheardKills[attempt] = reason }
        for link in links.values { link.send(.kill(attempt, reason: reason)) }
    }

    public func acknowledge(_ attempts: [AttemptID]) async {
        var kept: [ProcessIdentity: [AttemptID]] = [:]
        var abandoned: Set<AttemptID> = []
        for attempt in attempts {
            guard let place = unstored.removeValue(forKey: attempt) else { continue }
            if let place, links[place] != nil {
                kept[place, default: []].append(attempt)
            } else {
                abandoned.insert(attempt)
            }
        }
        if !abandoned.isEmpty { removeFiles(of: abandoned) }
        for (process, attempts) in kept { links[process]?.send(.acknowledge(attempts)) }
    }

    public func stop(grace: Duration) async {
        let limit = endLimit(grace)
        if isStopping {
            let endsNow = grace == .zero || stopGrace == .zero
            for link in links.values { link.send(endsNow ? .endNow : .stop(grace: grace)) }
            return
        }
        isStopping = true
        stopGrace = grace
        pausing?.cancel()
        releaseHeld("the scheduler was stopped")
        for link in links.values { link.send(.stop(grace: grace)) }
        // One whose start is under way is told when it has started.
        await holder?.value
        await end(Array(links.keys), by: limit)
        continuation.finish()
    }

    public func abandon(grace: Duration) async {
        let limit = endLimit(grace)
        isStopping = true
        isAbandoned = true
        pausing?.cancel()
        held = []
        let supervisors = Array(links.keys)
        waitForSilent?.cancel()
        // A supervisor without a scheduler writes what nobody stores to files.
        for link in links.values {
            link.send(.stop(grace: grace))
            await link.finish(until: soon)
        }
        await end(supervisors, by: limit)
        continuation.finish()
    }

    /// When a supervisor that was told to stop has to have ended.
    private func endLimit(_ grace: Duration) -> BootTimeClock.Instant {
        clock.now.advanced(by: grace + starter.configuration.killGrace + starter.configuration.patience)
    }

    /// Waits for the end of supervisors that were told to stop, and of those that answer only now.
    private func end(_ supervisors: [ProcessIdentity], by limit: BootTimeClock.Instant) async {
        for process in supervisors { await end(process, by: limit) }
        for process in silent {
            if (try? await process.waitForEnd(until: limit)) != true { process.send(SIGKILL) }
        }
        await waitForSilent?.value
        for process in links.keys where !supervisors.contains(process) { await end(process, by: limit) }
    }

    private func end(_ process: ProcessIdentity, by limit: BootTimeClock.Instant) async {
        if (try? await process.waitForEnd(until: limit)) != true {
            log.error("supervisor \(process.id) does not end; killing it")
            process.send(SIGKILL)
        }
        await readers[process]?.value
    }

    public func handOver() async {
        isStopping = true
        isAbandoned = true
        pausing?.cancel()
        held = []
        waitForSilent?.cancel()
        for link in links.values { await link.finish(until: clock.now.advanced(by: .seconds(1))) }
        for reader in Array(readers.values) { await reader.value }
        continuation.finish()
    }

    // MARK: Supervisors

    /// Says what runs, now that it is known.
    func tellAdopted() { continuation.yield(.adopted(Array(open.keys).sorted())) }

    var folders: ExecutionFolders { starter.configuration.folders }

    var soon: BootTimeClock.Instant { clock.now.advanced(by: .seconds(10)) }

    func adopt(_ link: SupervisorLink) {
        links[link.process] = link
        for order in link.welcome.running { open[order.attemptID] = (order, link.process) }
        for outcome in link.welcome.outcomes { finish(outcome, keptBy: link.process) }
        // It lives as long as the connection, which stop() ends.
        readers[link.process] = Task(executorPreference: reading) { await self.read(link) }
    }

    /// Starts a supervisor, and another one if it dies at once: whatever killed it is no reason to end.
    private func startFirstSupervisor() async throws {
        for _ in 1..<Self.firstStarts {
            do {
                return try await startSupervisor()
            } catch let error as LocalExecutorError {
                guard case .deadSupervisor = error else { throw error }
                log.warning("\(error.problem); starting another")
            }
        }
        try await startSupervisor()
    }

    /// How many supervisors may die at once before the executor does not start.
    private static let firstStarts = 3

    private func startSupervisor() async throws {
        let (child, link) = try await starter.start(until: soon)
        log.info("supervisor \(child.id) started")
        adopt(link)
        // One that was connected again meanwhile finishes what it has and ends.
        current?.send(.hello(identity: ""))
        current = link
        if isStopping, !isAbandoned { link.send(.stop(grace: .zero)) }
        // It is this process's child, which somebody must wait for.
        Task { _ = try? await child.wait() }
    }

    /// The supervisor that takes new attempts, which is started if there is none; `nil` if it cannot be.
    func usableSupervisor() async -> SupervisorLink? {
        if let current { return current }
        guard !isStopping else { return nil }
        do {
            await pauseBetweenStarts()
            guard !isStopping else { return nil }
            if current == nil { try await startSupervisor() }
            if shortage.end() { log.info("a supervisor could be started again") }
        } catch {
            if !isStopping, shortage.begin(at: clock.now) {
                log.error("attempts wait until a supervisor can be started: \(error)")
            }
        }
        return current
    }

    /// A supervisor that keeps dying is started more and more slowly.
    private func pauseBetweenStarts() async {
        let start = clock.now
        starts = starts.filter { $0.duration(to: start) < .seconds(60) } + [start]
        if starts.count > 3 { await pause(for: .seconds(min(starts.count - 3, 10))) }
    }

    private func read(_ link: SupervisorLink) async {
        do {
            while let messages = try await link.receive() {
                for message in messages { take(message, from: link) }
            }
        } catch {
            log.warning("the connection to supervisor \(link.process.id) is lost: \(error)")
        }
        do {
            try await settle(link)
        } catch {
            log.error("what supervisor \(link.process.id) has left stays open: \(error)")
        }
    }

    private func take(_ message: SupervisorMessage, from link: SupervisorLink) {
        switch message {
        case .welcome, .welcomePart: break
        case .retiring:
            replace(link)
        case .finished(let outcome):
            finish(outcome, keptBy: link.process)
            // It refuses attempts, which are ordered anew: that must not go on in circles.
            if outcome.verdict.isNotStarted, current === link, !isStopping { replace(link) }
        case .warning(let text): log.warning(text)
        }
    }

    /// Lets another supervisor start what is new.
    private func replace(_ link: SupervisorLink) {
        log.warning("supervisor \(link.process.id) was told to end; another one starts what is new")
        if current === link { current = nil }
    }

    func finish(_ outcome: AttemptOutcome, keptBy process: ProcessIdentity?) {
        open[outcome.attemptID] = nil
        guard unstored.updateValue(process, forKey: outcome.attemptID) == nil else { return }
        continuation.yield(.finished(outcome))
    }

    /// Reports an outcome that nobody keeps.
    func report(_ outcome: AttemptOutcome) {
        open[outcome.attemptID] = nil
        continuation.yield(.finished(outcome))
    }

    func failed(_ order: AttemptOrder, _ reason: String) -> AttemptOutcome {
        outcome(of: order, .failed(reason: reason, isRetryable: true, retryDelay: nil))
    }

    func notStarted(_ order: AttemptOrder, _ reason: String) -> AttemptOutcome {
        outcome(of: order, .notStarted(reason: reason))
    }

    func outcome(of order: AttemptOrder, _ verdict: AttemptOutcome.Verdict) -> AttemptOutcome {
        AttemptOutcome(
            attemptID: order.attemptID, key: order.key, tryNumber: order.tryNumber, verdict: verdict,
            startedAt: now(), endedAt: now(), hostname: CurrentProcess.hostName)
    }
}
