extension CommandLineTool {
    /// All commands of the executable, those of its extensions included.
    func commandTree(program: String) -> CLICommand {
        let own = [
            DagsCommands.group, TasksCommands.group, RunsCommands.group, BackfillCommands.group,
            AssetsCommands.group, NoticesCommands.group, VariablesCommands.group, ConnectionsCommands.group,
            DatabaseCommands.group,
            ConfigCommands.group, SchedulerCommand.scheduler, JobsCommands.group, InfoCommands.version,
            InfoCommands.info,
        ]
        return CLICommand(
            group: program, "Schedules, runs and inspects workflows.",
            examples: [
                .init("dags list", "lists the DAGs"),
                .init(
                    "dags test crypto_data_pipeline", "runs a DAG once, here and now, without recording it"),
                .init(
                    "dags trigger crypto_data_pipeline --wait", "asks the scheduler for a run and follows it"),
                .init("scheduler", "runs what is due, until Ctrl-C"),
            ],
            subcommands: own + extensions.flatMap(\.commands))
    }
}
