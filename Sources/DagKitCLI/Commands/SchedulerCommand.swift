import DagKitCore

/// `scheduler`: runs what is due.
enum SchedulerCommand {
    private static let onceIdle = CommandOption<Bool>.flag(
        "once", "Ends once nothing runs and nothing is due.")
    private static let runs = CommandOption<Int>.integer(
        "num-runs", short: "n", default: -1, in: -1...Int.max,
        "Airflow's count of loops: from 1 on it means --once.")
    private static let standby = CommandOption<Bool>.flag(
        "standby", "Waits for the end of the home's scheduler and takes its place at once.")
    private static let handOver = CommandOption<Bool>.flag(
        "hand-over", "Takes the place of the home's scheduler, whose running tasks go on.")

    static let scheduler = CLICommand(
        "scheduler", "Runs what is due, until Ctrl-C or SIGTERM.",
        discussion:
            "The first signal stops it: nothing new starts, and running tasks get scheduler.stop_grace to end. A second one "
            + "ends them at once. SIGUSR2 ends the scheduler and leaves its tasks to the next one. SIGHUP reads dags.json "
            + "again. One home has one scheduler at a time.",
        examples: [
            .init("scheduler", "in the foreground"),
            .init("scheduler --once", "works off what is due and ends"),
            .init("scheduler --hand-over", "a new version takes over from the one that runs"),
        ],
        options: [onceIdle, runs, standby, handOver],
        exitCodes: [.unreachable, .configuration, .temporary, .interrupted, .terminated]
    ) { call in
        if call[standby], call[handOver] {
            throw UsageError.contradiction(
                "--standby waits for the other scheduler and --hand-over ends it",
                remedy: "leave one of them out")
        }
        let entry: SchedulerRun.Entry = call[handOver] ? .handOver : call[standby] ? .standby : .alone
        let isOnce = call[onceIdle] || call[runs] > 0
        return try await SchedulerRun(call.workspace).run(endsWhenIdle: isOnce, entry: entry)
    }
}
