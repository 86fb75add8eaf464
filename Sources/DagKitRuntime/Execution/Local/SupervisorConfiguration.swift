import DagKitCore
import DagKitSystem

/// How a supervisor works: what its scheduler hands to it at its start.
package struct SupervisorConfiguration: Codable, Sendable {
    package var folders: ExecutionFolders

    /// Names the supervisor among those of this home.
    package var generation: String

    /// What workers of this supervisor are: the program, its environment and this configuration. A scheduler orders attempts
    /// only from a supervisor that is as its own would be.
    package var identity = ""

    /// How many idle workers are kept at most.
    package var idleWorkers = 4

    /// How long an idle worker beyond the first is kept.
    package var idleTime: Duration = .seconds(60)

    /// How long an idle worker beyond ``idleWorkers`` is kept.
    package var surplusTime: Duration = .seconds(2)

    /// How many attempts a worker runs before it is replaced, should it leak too slowly to be seen between two of them.
    package var attemptsPerWorker = 10_000

    /// How long an attempt that is to end gets before it is killed.
    package var killGrace: Duration = AttemptEnd.grace

    /// How long a supervisor that is told to stop may take beyond all graces before its scheduler kills it.
    package var patience: Duration = .seconds(10)

    /// How long a supervisor that has nothing left waits for a scheduler.
    package var linger: Duration = .seconds(30)

    /// The most bytes that the log of an attempt takes on the disk.
    package var logLimit = 256 << 20

    /// How many bytes must be free on the disk of the logs for an attempt to start; of a small disk a sixteenth counts.
    package var logFloor: UInt64 = 16 << 20

    /// The file that counts the processes which the kernel killed for lack of memory; `nil` for that of each worker's
    /// control group.
    package var memoryEvents: String?

    package init(folders: ExecutionFolders, generation: String) {
        self.folders = folders
        self.generation = generation
    }

    /// The identity of a supervisor of this configuration that runs `program` in `environment`.
    ///
    /// - Throws: ``SystemError`` if there is no such program.
    func identity(program: String, environment: [String: String]) throws -> String {
        var template = self
        template.generation = ""
        template.identity = ""
        // What a shell or a service manager counts by itself makes no difference to a task.
        let variables = environment.filter {
            !["_", "SHLVL", "OLDPWD", "INVOCATION_ID", "JOURNAL_STREAM", "SYSTEMD_EXEC_PID"].contains($0.key)
        }
        let lines = variables.map { "\($0)=\($1)" }.sorted() + [try JSONCoding.encode(template)]
        let file = try CurrentProcess.executableIdentity(of: program)
        return file + "-" + SHA256.hex(lines.joined(separator: "\n")).prefix(16)
    }
}
