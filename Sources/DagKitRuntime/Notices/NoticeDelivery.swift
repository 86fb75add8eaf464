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
    private let bell = Mailbox<Bool>()

    /// How many notices are read at once, and how many are told at once.
    private static let (page, width) = (40, 4)

    /// How long what was delivered is kept, and how often the rest is removed, in seconds.
    private static let (retention, pruningInterval) = (30 * 86_400.0, 86_400.0)

    package init(
        store: any MetadataStore, courier: any NoticeCourier,
        clock: any SchedulerClock = SystemSchedulerClock(),
        log: SchedulerLog
    ) {
        self.store = store
        self.courier = courier
        self.clock = clock
        self.log = log
    }

    /// Says that there may be new notices.
    package func ring() { bell.post(true) }

    /// Delivers what is due, and lets ``run()`` end.
    package func finish() { bell.post(false) }

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
            do {
                alarm.set(try await store.nextNoticeAt())
            } catch {
                log.error("cannot read the notices: \(error)")
                alarm.set(clock.now + 60)
            }
            goesOn = await !bell.takeAll().contains(false)
            alarm.hasRung()
        }
        if !Task.isCancelled { await deliverAll() }
    }

    /// Removes what was delivered long ago.
    private func prune() async {
        do {
            try await store.pruneNotices(deliveredBefore: clock.now - Self.retention)
        } catch {
            log.error("the notices that were told long ago cannot be removed: \(error)")
        }
    }

    private func deliverAll() async {
        do {
            while try await deliverDue(), !Task.isCancelled {}
        } catch {
            log.error("the notices cannot be read or kept: \(error)")
        }
        await courier.rest()
    }

    /// Delivers some of what is due; false if nothing was.
    private func deliverDue() async throws -> Bool {
        let due = try await store.notices(dueBy: clock.now, limit: Self.page)
        let runs = Dictionary(grouping: due, by: \.run).values.sorted { $0[0].number < $1[0].number }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (place, notices) in runs.enumerated() {
                if place >= Self.width { try await group.next() }
                group.addTask {
                    for notice in notices {
                        guard let outcome = await deliver(notice) else { return }
                        try await store.settle(notice, outcome, at: clock.now)
                    }
                }
            }
            try await group.waitForAll()
        }
        return !due.isEmpty
    }

    /// What became of a notice; `nil` if its delivery was broken off.
    private func deliver(_ notice: Notice) async -> NoticeOutcome? {
        let name = notice.receiver.name
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
