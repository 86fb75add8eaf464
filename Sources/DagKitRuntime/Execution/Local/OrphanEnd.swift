import DagKitCore
import DagKitSystem

/// The end of what dead supervisors and workers have left to a scheduler that adopts orphans.
enum OrphanEnd {
    /// Returns once no process is left that descends from dead processes of this one, by the kernel's own word.
    ///
    /// Where orphans of strangers may fall to this process too, it ends only those that are still in a session of the dead:
    /// what left that is found by the marks of its attempt, or not at all. It does nothing in a program that does not adopt
    /// orphans: a scheduler within another program.
    ///
    /// - Parameter dead: The ids of the processes, each of which led a session of its own.
    /// - Throws: `CancellationError`.
    static func come(of dead: Set<Int32>, log: SchedulerLog) async throws {
        guard ProcessTree.adoptsOrphans else { return }
        let clock = BootTimeClock()
        var sweep = DescendantSweep(sessions: ProcessTree.mayAdoptStrangers ? dead : nil)
        while true {
            let now = clock.now
            let step = try await KernelAnswer.to("which processes have been left", log: log) {
                () throws(SystemError) in
                try sweep.step(sparing: ChildProcess.running, at: now)
            }
            for survivor in step.survivors { log.error("\(survivor): end it as its owner, or as root") }
            if step.isOver { return }
            try await clock.sleep(for: .milliseconds(5))
        }
    }
}
