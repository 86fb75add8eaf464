import DagKitCore

/// `scheduler`: runs what is due.
enum SchedulerCommand {
    private static let onceIdle = CommandOption<Bool>.flag(
        "once", "Ends once nothing runs and nothing is due.")
    private static let runs = CommandOption<Int>.integer(
        "num-runs", short: "n", default: -1, in: -1...Int.max,
        "Airflow's count of loops: from 1 on it means --once.")

    static let scheduler = CLICommand(
        "scheduler", "Runs what is due, until Ctrl-C or SIGTERM.",
        discussion:
            "The first signal stops it: nothing new starts, and running tasks get scheduler.stop_grace to end. A second one "
            + "ends it at once. SIGHUP reads dags.json again. One home has one scheduler at a time.",
        examples: [
            .init("scheduler", "in the foreground"),
            .init("scheduler --once", "works off what is due and ends"),
        ],
        options: [onceIdle, runs], exitCodes: [.unreachable, .configuration, .temporary]
    ) { call in
        let isOnce = call[onceIdle] || call[runs] > 0
        try await SchedulerRun(call.workspace).run(endsWhenIdle: isOnce)
        return .success
    }
}
