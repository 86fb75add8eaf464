import DagKitSystem
import Glibc

/// The commands of a scheduler that runs its tasks in its own process: when that is killed, they go on, and nobody waits for
/// them.
///
/// All of them carry an entry of the environment that names their home, by which the next scheduler finds and ends them before
/// it runs their tasks again.
package enum SequentialLeftovers {
    static let variable = "DAGKIT_SEQUENTIAL"

    /// Ends what an earlier scheduler of a home left, and marks what this process starts from now on.
    ///
    /// The lock of the home is held, so that no scheduler lives whose commands these are.
    ///
    /// - Throws: ``SystemError`` if the home cannot be looked at, or the system does not show all processes.
    package static func end(home: String, log: SchedulerLog) async throws {
        var status = stat()
        guard stat(home, &status) == 0 else { throw SystemError.last("look at", home) }
        let mark = "\(status.st_dev)-\(status.st_ino)"
        let found = try ProcessTree.processes(withEnvironment: "\(variable)=\(mark)")
        if !found.isEmpty {
            log.warning("ending \(found.count) processes that the scheduler before this one has left")
        }
        let clock = BootTimeClock()
        let patience = clock.now.advanced(by: .seconds(5))
        var left = found
        while !left.isEmpty, clock.now < patience {
            for process in left { _ = process.send(SIGKILL) }
            try await clock.sleep(for: .milliseconds(5))
            left = try ProcessTree.processes(withEnvironment: "\(variable)=\(mark)")
        }
        for process in left {
            log.error("process \(process.id) cannot be ended: end it as its owner, or as root")
        }
        setenv(variable, mark, 1)
    }
}
