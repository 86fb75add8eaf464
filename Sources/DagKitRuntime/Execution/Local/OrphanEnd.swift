import DagKitCore
import DagKitSystem

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
            let step = await KernelAnswer.to("which processes have been left", log: log) {
                () throws(SystemError) in
                try sweep.step(sparing: ChildProcess.running, at: now)
            }
            for survivor in step.survivors { log.error("\(survivor): end it as its owner, or as root") }
            if step.isOver { return }
            try? await clock.sleep(for: .milliseconds(5))
        }
    }
}
