import DagKit

await DagKitWorker.runIfRequested(TaskLibrary(BenchmarkDAGs.all)) { order in
    try await WorkerServices.make(for: order)
}
await Report.run(arguments: CommandLine.arguments)
