public import DagKitCore
import DagKitSystem

/// Calls notifiers in worker processes of this same program, so that nothing they do reaches the scheduler.
///
/// The program must call ``DagKitWorker/runIfRequested(_:services:)`` first of all. A worker is started when a notice
/// is to be told, tells one at a time, and ends when there is none; it ends with the scheduler, too.
public actor WorkerCourier: NoticeCourier {
    private let settings: @Sendable (DAGID) -> [String: String]
    private let log: SchedulerLog
    private let program: String
    private var idle: [NoticeWorker] = []

    /// - Parameter settings: What the deployment sets for a DAG (`section.key`).
    public init(settings: @escaping @Sendable (DAGID) -> [String: String], log: SchedulerLog) {
        self.init(settings: settings, log: log, program: CurrentProcess.executable)
    }

    /// Creates a courier that starts another program than this one.
    package init(
        settings: @escaping @Sendable (DAGID) -> [String: String] = { _ in [:] }, log: SchedulerLog,
        program: String
    ) {
        self.settings = settings
        self.log = log
        self.program = program
    }

    public func deliver(_ notice: Notice) async throws {
        let worker = try idle.popLast() ?? NoticeWorker(program)
        let order = AttemptOrder(telling: notice, settings: settings(notice.run.dagID))
        do {
            let (outcome, isSpent) = try await worker.run(order, logger: log.logger(of: notice))
            if isSpent { await worker.end() } else { idle.append(worker) }
            try outcome.requireTold()
        } catch let refusal as NoticeRefusal {
            throw refusal
        } catch let failure as NoticeFailure {
            throw failure
        } catch {
            await end([worker])
            try Task.checkCancellation()
            throw error
        }
    }

    public func rest() async {
        let workers = idle
        idle = []
        if !workers.isEmpty { await end(workers) }
    }

    /// Ends workers with all that they have started, though the task that asks for it may be cancelled.
    private func end(_ workers: [NoticeWorker]) async {
        for worker in workers { await worker.end() }
        let dead = Set(workers.map(\.id))
        await Task { [log] in try? await OrphanEnd.come(of: dead, log: log) }.value
    }
}
