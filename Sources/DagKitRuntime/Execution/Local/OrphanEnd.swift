import DagKitCore
import DagKitSystem
import Glibc

/// The end of what dead supervisors and workers have left to a scheduler that adopts orphans.
enum OrphanEnd {
    /// Returns once no process is left that this one did not start itself, by the kernel's own word.
    ///
    /// It does nothing in a program that does not adopt orphans: a scheduler within another program.
    static func come(log: SchedulerLog) async {
        guard ProcessTree.adoptsOrphans else { return }
        let clock = BootTimeClock()
        var sweep = DescendantSweep()
        while true {
            let now = clock.now
            let step = await KernelAnswer.await("which processes have been left", log: log) {
                () throws(SystemError) in
                try sweep.step(sparing: ChildProcess.running, at: now)
            }
            for survivor in step.survivors { log.error("\(survivor): end it as its owner, or as root") }
            if step.isOver { return }
            try? await clock.sleep(for: .milliseconds(5))
        }
    }
}

/// The answer to a question on which lives depend.
enum KernelAnswer {
    /// Asks until the system answers, and says once that it does not.
    static func await<Value>(
        _ question: String, log: SchedulerLog, isolation: isolated (any Actor)? = #isolation,
        _ ask: () throws -> Value
    ) async -> Value {
        var hasComplained = false
        while true {
            do {
                return try ask()
            } catch {
                if !hasComplained {
                    log.error("cannot say \(question), and waits until the system does: \(error)")
                }
                hasComplained = true
                try? await BootTimeClock().sleep(for: .milliseconds(200))
            }
        }
    }
}
