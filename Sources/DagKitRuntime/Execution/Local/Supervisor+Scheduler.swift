import DagKitCore
import DagKitSystem
import FoundationEssentials

/// What a supervisor says to its scheduler and does at its word.
extension Supervisor {
    func readScheduler() throws {
        guard let channel = scheduler else { return }
        do {
            let (messages, isOpen) = try channel.receive()
            for message in messages {
                try obey(try MessageCoding.message(SchedulerMessage.self, from: message))
            }
            try channel.flush()
            if !isOpen { return dropScheduler() }
            if scheduler === channel { try updateWriting(channel) }
        } catch {
            log("the connection to the scheduler is lost: \(error)", level: .warning)
            dropScheduler()
        }
    }

    private func obey(_ message: SchedulerMessage) throws {
        let now = clock.now
        switch message {
        case .hello(let identity): welcome(identity)
        case .dispatch(let orders):
            for order in orders { start(order, at: now) }
        case .kill(let attempt, let reason): end(attempt, because: reason, at: now)
        case .acknowledge(let attempts): acknowledge(attempts)
        case .stop(let grace): beginStop(grace: grace, at: now)
        case .endNow:
            beginStop(grace: .zero, at: now)
            endAttempts(because: "the scheduler was stopped", at: now, grace: .zero)
        }
    }

    private func welcome(_ identity: String) {
        // A scheduler of another program file, environment or configuration may settle what runs here and order nothing new.
        if identity != configuration.identity { isRetiring = true }
        guard let process = try? ProcessIdentity.current() else { return }
        // An attempt whose worker has ended is open until what it left has ended too.
        let running = attempts.values.compactMap(\.attempt?.order) + waiting
        hasGreeted = true
        outcomes.tellAgain(at: clock.now)
        // Most answers fit into one message.
        if tellAtOnce(running, outcomes.all, process) { return }
        for order in running { tell(.welcomePart(running: [order], outcomes: [])) }
        for outcome in outcomes.all { tell(.welcomePart(running: [], outcomes: [outcome])) }
        _ = tellAtOnce([], [], process)
    }

    /// - Returns: `false` if it is too long for one message.
    private func tellAtOnce(
        _ running: [AttemptOrder], _ outcomes: [AttemptOutcome], _ process: ProcessIdentity
    ) -> Bool {
        // One that takes no attempts any more is nobody's: no scheduler has that identity.
        let identity = isRetiring ? "" : configuration.identity
        let welcome = SupervisorWelcome(
            identity: identity, process: process, running: running, outcomes: outcomes)
        guard let bytes = try? MessageCoding.bytes(of: SupervisorMessage.welcome(welcome)) else {
            return false
        }
        scheduler?.post(bytes)
        return true
    }

    /// Sends a message if a scheduler is there; what must not be lost is kept elsewhere.
    func tell(_ message: SupervisorMessage) {
        guard let channel = scheduler, hasGreeted else { return }
        do {
            channel.post(try MessageCoding.bytes(of: message))
        } catch {
            log("the scheduler cannot be told: \(error)", level: .error)
            dropScheduler()
        }
    }

    /// Sends what this turn of the loop had to tell, in one write.
    func flushWords() {
        guard let channel = scheduler, channel.hasOutgoing, !channel.isAwaited else { return }
        do {
            try channel.flush()
            try updateWriting(channel)
        } catch {
            dropScheduler()
        }
    }

    /// Tells those who look after the home, here and in the scheduler's log.
    func warn(_ text: String) {
        log(text, level: .warning)
        tell(.warning(text))
    }

    /// Keeps an outcome and reports it.
    func conclude(_ outcome: AttemptOutcome) {
        keep(outcome)
        FaultPoint.outcomeKept.pass()
        tell(.finished(outcome))
        noteIdle()
    }

    /// Ends as somebody wants who is not the scheduler, which is told so: its orders go to another supervisor from now on.
    func retire() {
        if !isRetiring { tell(.retiring) }
        beginStop(grace: .zero, at: clock.now)
    }

    /// Lets running attempts end within the grace; what has not begun does not begin.
    func beginStop(grace: Duration, at now: BootTimeClock.Instant) {
        isRetiring = true
        for order in waiting { conclude(notStarted(order, "the scheduler was stopped")) }
        waiting.removeAll()
        stopsBy = min(stopsBy ?? now.advanced(by: grace), now.advanced(by: grace))
    }

    /// The outcome of an attempt that never began: the same try goes again.
    func notStarted(_ order: AttemptOrder, _ reason: String) -> AttemptOutcome {
        outcome(of: order, .notStarted(reason: reason), startedAt: now())
    }

    func failed(_ order: AttemptOrder, _ reason: String, isRetryable: Bool, startedAt: Date) -> AttemptOutcome
    {
        outcome(
            of: order, .failed(reason: reason, isRetryable: isRetryable, retryDelay: nil),
            startedAt: startedAt)
    }

    private func outcome(
        of order: AttemptOrder, _ verdict: AttemptOutcome.Verdict, startedAt: Date
    ) -> AttemptOutcome {
        AttemptOutcome(
            attemptID: order.attemptID, key: order.key, tryNumber: order.tryNumber, verdict: verdict,
            startedAt: startedAt, endedAt: now(), hostname: CurrentProcess.hostName)
    }
}
