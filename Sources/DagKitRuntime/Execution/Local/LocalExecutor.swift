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
    private let starter: SupervisorStart
    private let clock = BootTimeClock()
    private let now: @Sendable () -> Date
    private let log: SchedulerLog
    private let events: AsyncStream<ExecutorEvent>
    private let continuation: AsyncStream<ExecutorEvent>.Continuation

    /// Takes new attempts; `nil` while none runs.
    private var current: SupervisorLink?

    /// All supervisors that have attempts or outcomes of ours, and the tasks that read from them.
    private var links: [ProcessIdentity: SupervisorLink] = [:]
    private var readers: [ProcessIdentity: Task<Void, Never>] = [:]

    /// The attempts that were handed over and have not ended, with the supervisor that has them.
    private var open: [AttemptID: (order: AttemptOrder, process: ProcessIdentity)] = [:]

    /// The outcomes that were reported and are not stored yet: the supervisor that keeps each, or `nil` for a file.
    private var unstored: [AttemptID: ProcessIdentity?] = [:]
    private var starts: [BootTimeClock.Instant] = []
    private var isStopping = false
    private var stopGrace: Duration?
    private var isAbandoned = false

    /// Creates the executor of a home folder.
    ///
    /// - Parameters:
    ///   - logs: The log folder; `nil` is `logs` in the home folder.
    ///   - capacity: How many attempts run at once.
    ///   - isDurable: Whether an outcome that is kept for the next scheduler survives a power cut.
    ///   - logLimit: The most bytes that an attempt may add to its log; `nil` for the usual limit.
    public init(
        home: String, logs: String? = nil, capacity: Int = 32, isDurable: Bool = false,
        logLimit: Int? = nil, log: SchedulerLog = SchedulerLog { _, _ in }
    ) {
        var configuration = SupervisorConfiguration(
            folders: ExecutionFolders(home: home, logs: logs), generation: "")
        configuration.isDurable = isDurable
        configuration.logLimit = logLimit ?? configuration.logLimit
        configuration.idleWorkers = 2 * max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        self.init(configuration, capacity: capacity, program: CurrentProcess.executable, log: log)
    }

    /// Creates an executor that starts another program than this one.
    package init(
        _ configuration: SupervisorConfiguration, capacity: Int, program: String,
        environment: [String: String]? = nil, log: SchedulerLog = SchedulerLog { _, _ in },
        now: @escaping @Sendable () -> Date = { Date().roundedToMicroseconds }
    ) {
        self.capacity = capacity
        self.log = log
        self.now = now
        starter = SupervisorStart(configuration: configuration, program: program, environment: environment)
        (events, continuation) = AsyncStream.makeStream()
    }

    public func start() async throws -> AsyncStream<ExecutorEvent> {
        try folders.create()
        let found = try await starter.findAll(log: log)
        for link in found { adopt(link) }
        try reportKeptOutcomes()
        let running = found.flatMap(\.welcome.running).map(\.attemptID)
        try await settleAbandonedAttempts(except: Set(running))
        continuation.yield(.adopted(running))
        let identity = try starter.identity()
        current = found.first { $0.welcome.identity == identity }
        if current == nil { try await startSupervisor() }
        return events
    }

    public func dispatch(_ orders: [AttemptOrder]) async {
        guard let link = await usableSupervisor() else {
            for order in orders { report(notStarted(order, "no supervisor runs")) }
            return
        }
        for order in orders { open[order.attemptID] = (order, link.process) }
        link.send(.dispatch(orders))
    }

    public func kill(_ attempt: AttemptID, reason: String) async {
        for link in links.values { link.send(.kill(attempt, reason: reason)) }
    }

    public func acknowledge(_ attempts: [AttemptID]) async {
        var kept: [ProcessIdentity: [AttemptID]] = [:]
        for attempt in attempts {
            guard let place = unstored.removeValue(forKey: attempt) else { continue }
            if let place, links[place] != nil {
                kept[place, default: []].append(attempt)
            } else {
                // Nobody else cleans up behind a supervisor that has ended.
                try? FileSystem.remove(folders.outcome(of: attempt))
                try? FileSystem.remove(folders.lock(of: attempt))
            }
        }
        for (process, attempts) in kept { links[process]?.send(.acknowledge(attempts)) }
    }

    public func stop(grace: Duration) async {
        let limit = clock.now.advanced(
            by: grace + starter.configuration.killGrace + starter.configuration.patience)
        if isStopping {
            let endsNow = grace == .zero || stopGrace == .zero
            for link in links.values { link.send(endsNow ? .endNow : .stop(grace: grace)) }
            return
        }
        isStopping = true
        stopGrace = grace
        for link in links.values { link.send(.stop(grace: grace)) }
        for process in Array(links.keys) {
            if (try? await process.waitForEnd(until: limit)) != true {
                log.error("supervisor \(process.id) does not end; killing it")
                process.send(SIGKILL)
            }
            await readers[process]?.value
        }
        continuation.finish()
    }

    public func handOver() async {
        isStopping = true
        isAbandoned = true
        for link in links.values { await link.finish(until: clock.now.advanced(by: .seconds(1))) }
        for reader in Array(readers.values) { await reader.value }
        continuation.finish()
    }

    // MARK: Supervisors

    private var folders: ExecutionFolders { starter.configuration.folders }

    private var soon: BootTimeClock.Instant { clock.now.advanced(by: .seconds(10)) }

    private func adopt(_ link: SupervisorLink) {
        links[link.process] = link
        for order in link.welcome.running { open[order.attemptID] = (order, link.process) }
        for outcome in link.welcome.outcomes { finish(outcome, keptBy: link.process) }
        // It lives as long as the connection, which stop() ends.
        readers[link.process] = Task { await self.read(link) }
    }

    private func startSupervisor() async throws {
        let (child, link) = try await starter.start(until: soon)
        log.info("supervisor \(child.id) started")
        adopt(link)
        current = link
        // It is this process's child, which somebody must wait for.
        Task { _ = try? await child.wait() }
    }

    private func usableSupervisor() async -> SupervisorLink? {
        if let current { return current }
        guard !isStopping else { return nil }
        do {
            try await pauseBetweenStarts()
            if current == nil { try await startSupervisor() }
        } catch {
            log.error("\(error)")
        }
        return current
    }

    /// A supervisor that keeps dying is started more and more slowly.
    private func pauseBetweenStarts() async throws {
        let start = clock.now
        starts = starts.filter { $0.duration(to: start) < .seconds(60) } + [start]
        if starts.count > 3 { try await clock.sleep(for: .seconds(min(starts.count - 3, 10))) }
    }

    private func read(_ link: SupervisorLink) async {
        do {
            while let message = try await link.receive() {
                switch message {
                case .welcome: break
                case .finished(let outcome): finish(outcome, keptBy: link.process)
                case .warning(let text): log.warning(text)
                }
            }
        } catch {
            log.warning("the connection to supervisor \(link.process.id) is lost: \(error)")
        }
        await settle(link)
    }

    private func finish(_ outcome: AttemptOutcome, keptBy process: ProcessIdentity?) {
        open[outcome.attemptID] = nil
        guard unstored.updateValue(process, forKey: outcome.attemptID) == nil else { return }
        continuation.yield(.finished(outcome))
    }

    /// Reports an outcome that nobody keeps.
    private func report(_ outcome: AttemptOutcome) {
        open[outcome.attemptID] = nil
        continuation.yield(.finished(outcome))
    }

    // MARK: Losses

    /// Decides what becomes of the attempts of a supervisor whose connection has ended.
    private func settle(_ link: SupervisorLink) async {
        link.close()
        if current === link { current = nil }
        if isAbandoned { return forget(link) }
        // Its attempts are its own for as long as it lives, and only the kernel can say that it does not.
        var hasComplained = false
        while (try? await link.process.waitForEnd(until: clock.now.advanced(by: .seconds(1)))) != true {
            if await connectAgain(link) { return forget(link) }
            if !hasComplained { log.warning("supervisor \(link.process.id) does not answer; waiting for it") }
            hasComplained = true
        }
        forget(link)
        try? reportKeptOutcomes()
        let lost = open.values.filter { $0.process == link.process }.map(\.order)
        defer { removeFiles(of: link.process) }
        if lost.isEmpty { return }
        log.error("supervisor \(link.process.id) is lost with \(lost.count) attempts")
        for order in lost {
            let hasBegun = FileSystem.exists(folders.lock(of: order.attemptID))
            await endProcesses(of: order.attemptID)
            guard open[order.attemptID] != nil else { continue }
            let reason = isStopping ? "the scheduler was stopped" : "the supervisor of its worker was lost"
            report(hasBegun ? failed(order, reason) : notStarted(order, reason))
            try? FileSystem.remove(folders.lock(of: order.attemptID))
        }
    }

    /// Removes what a dead supervisor left of attempts whose outcomes are stored: it may have died before it could.
    private func removeFiles(of supervisor: ProcessIdentity) {
        for attempt in (try? folders.attempts(endingWith: ".lock")) ?? []
        where open[attempt] == nil && unstored[attempt] == nil {
            try? FileSystem.remove(folders.lock(of: attempt))
        }
        for spare in (try? folders.spareLocks(of: supervisor.id)) ?? [] { try? FileSystem.remove(spare) }
    }

    private func forget(_ link: SupervisorLink) {
        if links[link.process] === link {
            links[link.process] = nil
            readers[link.process] = nil
        }
    }

    /// Asks a supervisor that lives what it has; what it did not get goes again.
    private func connectAgain(_ link: SupervisorLink) async -> Bool {
        guard let identity = try? starter.identity(),
            let again = try? await SupervisorLink.connect(link.path, identity: identity, until: soon),
            again.process == link.process
        else { return false }
        adopt(again)
        if current == nil, again.welcome.identity == identity, !isStopping { current = again }
        let known = Set(again.welcome.running.map(\.attemptID))
        for (attempt, entry) in open where entry.process == link.process && !known.contains(attempt) {
            report(notStarted(entry.order, "the supervisor did not get it"))
        }
        return true
    }

    /// Reports the outcomes that supervisors which have ended left in files.
    private func reportKeptOutcomes() throws {
        for attempt in try folders.attempts(endingWith: ".outcome") where unstored[attempt] == nil {
            do {
                finish(try OutcomeBox.read(folders.outcome(of: attempt)), keptBy: nil)
            } catch {
                log.error("the outcome of attempt \(attempt) cannot be read: \(error)")
            }
        }
    }

    /// Ends what is left of attempts that no supervisor owns, and reports those that had begun as failed.
    private func settleAbandonedAttempts(except owned: Set<AttemptID>) async throws {
        for attempt in try folders.attempts(endingWith: ".lock")
        where !owned.contains(attempt) && unstored[attempt] == nil {
            await endProcesses(of: attempt)
            let path = folders.lock(of: attempt)
            if let note = FileLock.note(in: path).flatMap(AttemptNote.init) {
                finish(note.lost(attempt, at: now()), keptBy: nil)
            } else {
                try FileSystem.remove(path)
            }
        }
        // A supervisor that lives makes new ones.
        for spare in try folders.spareLocks() { try FileSystem.remove(spare) }
    }

    /// Returns once no process of an attempt is left whose supervisor is dead.
    ///
    /// A worker without its supervisor ends by itself at once; one that cannot is killed, as is what a killed one left.
    private func endProcesses(of attempt: AttemptID) async {
        let path = folders.lock(of: attempt)
        let patience = clock.now.advanced(by: .seconds(1))
        while true {
            let isHeld = (try? FileLock.isHeld(path)) == true
            let left = isHeld ? [] : AttemptMark.processes(of: attempt, lock: path)
            if !isHeld, left.isEmpty { return }
            for process in left { process.send(SIGKILL) }
            if clock.now > patience { for holder in FileLock.holders(of: path) { holder.send(SIGKILL) } }
            try? await clock.sleep(for: .milliseconds(5))
        }
    }

    private func failed(_ order: AttemptOrder, _ reason: String) -> AttemptOutcome {
        outcome(of: order, .failed(reason: reason, isRetryable: true, retryDelay: nil))
    }

    private func notStarted(_ order: AttemptOrder, _ reason: String) -> AttemptOutcome {
        outcome(of: order, .notStarted(reason: reason))
    }

    private func outcome(of order: AttemptOrder, _ verdict: AttemptOutcome.Verdict) -> AttemptOutcome {
        AttemptOutcome(
            attemptID: order.attemptID, key: order.key, tryNumber: order.tryNumber, verdict: verdict,
            startedAt: now(), endedAt: now(), hostname: CurrentProcess.hostName)
    }
}
