package import DagKitCore
import FoundationEssentials

/// Delivers what the store keeps to be told, beside the scheduler's loop: a slow receiver holds nothing up.
///
/// The notices of one run are told one after the other, oldest first, those of different runs at once.
package struct NoticeDelivery: Sendable {
    private let store: any MetadataStore
    private let courier: any NoticeCourier
    private let clock: any SchedulerClock
    private let log: SchedulerLog
    private let tellsOfLoss: Bool
    private let bell = Mailbox<Bool>()
    private let leftOut = LeftOutRows()
    private let memory = NoticeMemory()

    /// How many notices are read at once, and how many are told at once.
    private static let (page, width) = (40, 8)

    /// How long it takes until the store is looked at again for what is due and cannot be told, in seconds.
    private static let patience = 5.0

    /// How long what was delivered is kept, and how often the rest is removed, in seconds.
    private static let (retention, pruningInterval) = (30 * 86_400.0, 86_400.0)

    /// - Parameter tellsOfLoss: Whether it says that the store is lost for good; a scheduler says that itself.
    package init(
        store: any MetadataStore, courier: any NoticeCourier,
        clock: any SchedulerClock = SystemSchedulerClock(),
        log: SchedulerLog, tellsOfLoss: Bool = true
    ) {
        let leftOut = leftOut
        self.store = store.leavingOutUnreadable { leftOut.add($0) }
        self.courier = courier
        self.clock = clock
        self.log = log
        self.tellsOfLoss = tellsOfLoss
    }

    /// Says that there may be new notices.
    package func ring() { bell.post(true) }

    /// Delivers what is due, and lets ``run()`` end.
    package func finish() { bell.post(false) }

    /// What is being told: `1 notice that is being told (dag/run, command)`; `nil` if nothing is.
    package var underWay: String? {
        let notices = memory.underWay
        guard !notices.isEmpty else { return nil }
        let list = notices.map { "\($0.run), \($0.receiver.name)" }.joined(separator: "; ")
        return (notices.count == 1 ? "1 notice that is" : "\(notices.count) notices that are")
            + " being told (\(list))"
    }

    /// Delivers until ``finish()`` is called; what is not due by then is left to the next scheduler.
    package func run() async {
        var alarm = Alarm(clock: clock) { [bell] in bell.post(true) }
        var goesOn = true
        var nextPruning = Date.distantPast
        while goesOn, !Task.isCancelled {
            await deliverAll()
            if clock.now >= nextPruning {
                await prune()
                nextPruning = clock.now + Self.pruningInterval
            }
            let (wake, reading) = await nextWake()
            alarm.set(wake, asOf: reading)
            goesOn = await !bell.takeAll().contains(false)
            alarm.hasRung()
        }
        if !Task.isCancelled { await deliverAll() }
    }

    // MARK: Errors

    /// Does something with the store; says once, until it succeeds, why it cannot be done, and not at all if the delivery was
    /// broken off.
    private func attempt<Answer>(_ complaint: String, _ body: () async throws -> Answer) async -> Answer? {
        do {
            let answer = try await body()
            memory.forget(complaint)
            return answer
        } catch let error as any StoreFailure where error.isFinal && !tellsOfLoss {
            return nil
        } catch {
            if !(error is CancellationError), !Task.isCancelled, memory.isNew(complaint) {
                log.error("\(complaint): \(error)")
            }
            return nil
        }
    }

    private func tellOfLeftOut() {
        for row in leftOut.takeAll() where memory.isNew("\(row)") {
            log.error("a notice is left out, all others are told: \(row)")
        }
    }

    // MARK: What is due

    /// When to look again, `nil` if nothing waits, and what the clocks showed when that was decided.
    private func nextWake() async -> (instant: Date?, reading: ClockReading) {
        let next = await attempt("cannot read the notices") { try await store.nextNoticeAt() }
        let reading = clock.reading
        guard let next else { return (reading.wall + 60, reading) }
        // What is due by the clock and still there waits for its retry, or cannot be read.
        let stored = next.map { $0 <= reading.wall ? reading.wall + Self.patience : $0 }
        let retry = memory.nextDue.map { reading.wall + max(.zero, $0 - reading.elapsed).seconds }
        return ([stored, retry].compactMap(\.self).min(), reading)
    }

    /// Removes what was delivered long ago.
    private func prune() async {
        await attempt("the notices that were told long ago cannot be removed") {
            try await store.pruneNotices(deliveredBefore: clock.now - Self.retention)
        }
    }

    private func deliverAll() async {
        await attempt("the notices cannot be read or kept") {
            try await bringBack()
            while try await deliverDue(), !Task.isCancelled {}
        }
        await courier.rest()
    }

    /// Lets notices keep the length of their wait that were stored while the clock was ahead.
    private func bringBack() async throws {
        let reading = clock.reading
        guard memory.mayBeSetBack(reading) else { return }
        let waiting = try await store.notices(NoticeQuery(states: [.pending], limit: 1000))
        for record in waiting where record.updatedAt > reading.wall + Planner.clockTolerance.seconds {
            guard !memory.knows(record.notice) else { continue }
            let wait = record.dueAt.timeIntervalSince(record.updatedAt)
            memory.set(
                record.notice, due: reading.elapsed + .seconds(wait), storedDue: record.dueAt)
        }
    }

    /// Some of the notices that are due, those of different callbacks in turn: those that the store calls due by the clock,
    /// but for retries that are not due by the time that passed, and retries that are.
    private func findDue() async throws -> [Notice] {
        let reading = clock.reading
        var due = try await store.notices(
            dueBy: reading.wall, limit: Self.page + memory.countHeld(at: reading)
        )
        .filter { !memory.holds($0, at: reading.elapsed) }
        tellOfLeftOut()
        let found = Set(due.map(\.number))
        for notice in memory.due(at: reading.elapsed) where !found.contains(notice.number) {
            if try await isWaiting(notice) { due.append(notice) } else { memory.forget(notice) }
        }
        return Array(due.prefix(Self.page))
    }

    private func isWaiting(_ notice: Notice) async throws -> Bool {
        let query = NoticeQuery(
            dagID: notice.run.dagID, runID: notice.run.runID, states: [.pending], limit: 10_000)
        return try await store.notices(query).contains { $0.notice == notice }
    }

    /// Delivers some of what is due; false if nothing was.
    ///
    /// A callback that fails gets no more of it, so that a receiver which does not answer holds up the others for no longer
    /// than one delivery may take: they come first next time.
    private func deliverDue() async throws -> Bool {
        let due = try await findDue()
        memory.beginRound()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (place, notices) in Self.byRun(due).enumerated() {
                if place >= Self.width { try await group.next() }
                group.addTask {
                    for notice in notices where !memory.isFailing(notice.caller) {
                        guard let outcome = await deliver(notice) else { return }
                        if outcome.isPostponed { memory.noteFailure(of: notice.caller) }
                        try await settle(notice, outcome)
                    }
                }
            }
            try await group.waitForAll()
        }
        return !due.isEmpty
    }

    /// The notices of each run, oldest first; the runs in the order in which the first of their notices stand.
    private static func byRun(_ due: [Notice]) -> [[Notice]] {
        let places = Dictionary(due.enumerated().map { ($1.run, $0) }) { first, _ in first }
        return Dictionary(grouping: due, by: \.run).sorted {
            places[$0.key, default: 0] < places[$1.key, default: 0]
        }
        .map { $0.value.sorted { $0.number < $1.number } }
    }

    private func settle(_ notice: Notice, _ outcome: NoticeOutcome) async throws {
        let reading = clock.reading
        try await store.settle(notice, outcome, at: reading.wall)
        guard case .postponed(let until, _) = outcome else { return memory.forget(notice) }
        var next = notice
        next.failures += 1
        memory.set(
            next, due: reading.elapsed + .seconds(until.timeIntervalSince(reading.wall)), storedDue: until)
    }

    /// What became of a notice; `nil` if its delivery was broken off.
    private func deliver(_ notice: Notice) async -> NoticeOutcome? {
        let name = notice.receiver.name
        memory.note(notice, isUnderWay: true)
        defer { memory.note(notice, isUnderWay: false) }
        do {
            try await courier.deliver(notice)
            log.info("\(name) was told: \(notice.title)")
            return .delivered
        } catch is CancellationError {
            return nil
        } catch let refusal as NoticeRefusal {
            log.error("\(name) is not told any more: \(notice.title): \(refusal.reason)")
            return .failed(error: refusal.reason)
        } catch {
            let retries = notice.receiver.retries ?? Notice.Receiver.usualRetries
            guard notice.failures < retries else {
                log.error("\(name) is not told any more: \(notice.title): \(error)")
                return .failed(error: "\(error)")
            }
            let delay = (error as? NoticeFailure)?.delay?.seconds ?? Self.wait(after: notice.failures)
            let next = (clock.now + delay).roundedToMicroseconds
            log.warning(
                "\(name) cannot be told yet, retry \(notice.failures + 1) of \(retries) at \(next.isoText): "
                    + "\(notice.title): \(error)")
            return .postponed(until: next, error: "\(error)")
        }
    }

    /// Half a minute, doubled up to an hour, in seconds.
    static func wait(after failures: Int) -> Double {
        min(30 * Double(1 << min(failures, 7)), 3600)
    }
}
