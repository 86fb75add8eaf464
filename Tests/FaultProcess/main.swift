await FaultProcess.run(Array(CommandLine.arguments.dropFirst()))
