package import DagKitCore
package import FoundationEssentials

/// The rows by which schedulers are known in the store.
///
/// One that was killed leaves a row that calls itself running. Whether it is true is told by the lock of the home,
/// which the kernel drops with its holder, and not by the age of a heartbeat.
package struct SchedulerJobs: Sendable {
    private let store: any MetadataStore
    private let host: String

    /// The type of their rows, as Airflow calls it.
    package static let type = "SchedulerJob"

    /// How many of the newest rows are looked at.
    private static let depth = 1000

    /// How old the heartbeat of a scheduler on another host may be, in seconds; Airflow's `scheduler_health_check_threshold`.
    private static let patience = 30.0

    /// - Parameters:
    ///   - host: The name of this host: what runs on others cannot be judged by a lock.
    ///   - tell: Is told of rows that cannot be read; they are left alone.
    package init(
        in store: any MetadataStore, host: String,
        tell: @escaping @Sendable (UnreadableRow) -> Void = { _ in }
    ) {
        self.store = store.leavingOutUnreadable(tell)
        self.host = host
    }

    /// Marks the rows of this host's dead schedulers as failed, and gives the schedulers that live.
    ///
    /// - Parameter holder: Gives the process that has the lock of the home; `nil` for none. It is asked once the rows are
    ///   read, so that a scheduler which comes meanwhile is not taken for dead.
    package func settle(at now: Date, holder: () -> Int32?) async throws -> [JobRecord] {
        let running = try await store.jobs(type: Self.type, limit: Self.depth).filter {
            $0.state == "running"
        }
        let process = holder()
        var living: [JobRecord] = []
        for job in running {
            if job.hostname != host {
                if now.timeIntervalSince(job.heartbeat) <= Self.patience { living.append(job) }
            } else if let process, job.processID == Int(process) {
                // An older row of a process that had the same number stays behind the newest.
                guard living.contains(where: { $0.hostname == host }) else {
                    living.append(job)
                    continue
                }
                try await fail(job, at: now)
            } else {
                try await fail(job, at: now)
            }
        }
        return living
    }

    private func fail(_ job: JobRecord, at now: Date) async throws {
        try await store.updateJob(job.id, state: "failed", heartbeat: job.heartbeat, end: now)
    }
}
