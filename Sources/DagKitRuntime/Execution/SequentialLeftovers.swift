import DagKitSystem
import Glibc

/// The commands of a scheduler that runs its tasks in its own process: when that is killed, they go on, and nobody waits for
/// them.
///
/// All of them carry an entry of the environment that names their home, by which the next scheduler finds and ends them before
/// it runs their tasks again.
package enum SequentialLeftovers {
    static let variable = "DAGKIT_SEQUENTIAL"

    /// Ends what an earlier scheduler of a home left.
    ///
    /// The lock of the home is held, so that no scheduler lives whose commands these are.
    ///
    /// - Throws: ``SystemError`` if the home cannot be looked at, or the system does not show all processes.
    package static func end(home: String, log: SchedulerLog) async throws {
        guard FileSystem.exists(note(of: home)) else { return }
        let mark = try mark(of: home)
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
        if left.isEmpty { try FileSystem.remove(note(of: home)) }
    }

    /// Marks the commands that this process starts from now on.
    ///
    /// - Throws: ``SystemError`` if the home cannot be looked at.
    package static func mark(home: String) throws {
        try FileSystem.write([], to: note(of: home), durable: false)
        setenv(variable, try mark(of: home), 1)
    }

    /// A file that says that there may be such commands.
    private static func note(of home: String) -> String { "\(home)/\(SchedulerDoor.folder)/sequential" }

    private static func mark(of home: String) throws(SystemError) -> String {
        var status = stat()
        guard stat(home, &status) == 0 else { throw .last("look at", home) }
        return "\(status.st_dev)-\(status.st_ino)"
    }
}
