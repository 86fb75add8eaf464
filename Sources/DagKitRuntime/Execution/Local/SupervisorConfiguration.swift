/// How a supervisor works: what its scheduler hands to it at its start.
package struct SupervisorConfiguration: Codable, Sendable {
    package var folders: ExecutionFolders

    /// Names the supervisor among those of this home.
    package var generation: String

    /// How many idle workers are kept at most.
    package var idleWorkers = 4

    /// How long an idle worker beyond the first is kept.
    package var idleTime: Duration = .seconds(60)

    /// How long an idle worker beyond ``idleWorkers`` is kept.
    package var surplusTime: Duration = .seconds(2)

    /// How many attempts a worker runs before it is replaced.
    package var attemptsPerWorker = 500

    /// How long an attempt that is to end gets before it is killed.
    package var killGrace: Duration = .seconds(10)

    /// How long a supervisor that has nothing left waits for a scheduler.
    package var linger: Duration = .seconds(30)

    /// The most bytes that an attempt may add to its log.
    package var logLimit = 256 << 20

    /// Whether a kept outcome survives a power cut.
    package var isDurable = false

    package init(folders: ExecutionFolders, generation: String) {
        self.folders = folders
        self.generation = generation
    }
}
