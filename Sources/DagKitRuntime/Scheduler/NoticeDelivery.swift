public import DagKitCore
import FoundationEssentials

/// Brings notices to people.
public protocol NoticeCourier: Sendable {
    /// Delivers a notice.
    ///
    /// - Throws: ``NoticeRefusal`` if it will never be taken; anything else means that it is tried again.
    func deliver(_ notice: Notice) async throws
}

/// Thrown by a courier for a notice that will never be taken.
public struct NoticeRefusal: Error, Hashable, Sendable {
    public let reason: String

    public init(_ reason: String) { self.reason = reason }
}

/// Delivers what the store keeps to be told, beside the scheduler's loop: a slow mail server holds nothing up.
struct NoticeDelivery: Sendable {
    let store: any MetadataStore
    let courier: any NoticeCourier
    let clock: any SchedulerClock
    let log: SchedulerLog
    private let bell = Mailbox<Bool>()

    /// How many times a notice is tried before it is given up: about two days with the waits of ``wait(after:)``.
    private static let mostFailures = 60

    init(
        store: any MetadataStore, courier: any NoticeCourier, clock: any SchedulerClock, log: SchedulerLog
    ) {
        self.store = store
        self.courier = courier
        self.clock = clock
        self.log = log
    }

    /// Says that there may be new notices.
    func ring() { bell.post(true) }

    /// Delivers what is due, and lets ``run()`` end.
    func finish() { bell.post(false) }

    /// Delivers until ``finish()`` is called; what is not due by then is left to the next scheduler.
    func run() async {
        var alarm = Alarm(clock: clock) { [bell] in bell.post(true) }
        var goesOn = true
        while goesOn, !Task.isCancelled {
            do {
                while try await deliverDue() {}
                alarm.set(try await store.nextNoticeAt())
            } catch {
                log.error("cannot read the notices: \(error)")
                alarm.set(clock.now + 60)
            }
            goesOn = await !bell.takeAll().contains(false)
            alarm.hasRung()
        }
        do { while try await deliverDue() {} } catch { log.error("cannot read the notices: \(error)") }
    }

    /// Delivers some of what is due; false if nothing was.
    private func deliverDue() async throws -> Bool {
        let due = try await store.notices(dueBy: clock.now, limit: 20)
        for notice in due { try await store.settle(notice, await deliver(notice), at: clock.now) }
        return !due.isEmpty
    }

    private func deliver(_ notice: Notice) async -> NoticeOutcome {
        do {
            try await courier.deliver(notice)
            log.info("told \(notice.recipients.count) recipients: \(notice.kind.rawValue) \(notice.task)")
            return .delivered
        } catch let refusal as NoticeRefusal {
            log.error("a notice about \(notice.task) is given up: \(refusal.reason)")
            return .failed(error: refusal.reason)
        } catch {
            if notice.failures == 0 { log.warning("a notice about \(notice.task) has to wait: \(error)") }
            guard notice.failures < Self.mostFailures else {
                log.error("a notice about \(notice.task) is given up: \(error)")
                return .failed(error: "\(error)")
            }
            return .postponed(until: clock.now + Self.wait(after: notice.failures), error: "\(error)")
        }
    }

    /// Half a minute, doubled up to an hour, in seconds.
    static func wait(after failures: Int) -> Double {
        min(30 * Double(1 << min(failures, 7)), 3600)
    }
}
