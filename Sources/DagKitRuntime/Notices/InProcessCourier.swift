public import DagKitCore
import FoundationEssentials

/// Calls notifiers in this process: for programs whose tasks run there, too.
public struct InProcessCourier: NoticeCourier {
    private let library: TaskLibrary
    private let services: @Sendable (AttemptOrder) async throws -> TaskServices
    private let settings: @Sendable (DAGID) -> [String: String]
    private let clock: any SchedulerClock
    private let log: SchedulerLog

    /// - Parameters:
    ///   - services: Opens what a notifier may use.
    ///   - settings: What the deployment sets for a DAG (`section.key`).
    public init(
        _ library: TaskLibrary, settings: @escaping @Sendable (DAGID) -> [String: String] = { _ in [:] },
        clock: any SchedulerClock = SystemSchedulerClock(), log: SchedulerLog = SchedulerLog { _, _ in },
        services: @escaping @Sendable (AttemptOrder) async throws -> TaskServices
    ) {
        self.library = library
        self.services = services
        self.settings = settings
        self.clock = clock
        self.log = log
    }

    public func deliver(_ notice: Notice) async throws {
        let order = AttemptOrder(telling: notice, settings: settings(notice.run.dagID))
        let work: TaskWork
        do {
            work = try library.work(for: order)
        } catch {
            throw NoticeRefusal("\(error)")
        }
        let clock = clock
        let runner = AttemptRunner(
            services: try await services(order).offeringOutputFiles(), logger: log.logger(of: notice)
        ) { clock.now }
        let outcome = await runner.run(order, work: work)
        try Task.checkCancellation()
        try outcome.requireTold()
    }
}
