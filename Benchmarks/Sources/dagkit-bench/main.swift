import DagKit

await DagKitWorker.runIfRequested(TaskLibrary(BenchmarkDAGs.all)) { _ in
    TaskServices(metadata: StoreTaskMetadata(InMemoryStore()))
}
await BenchmarkCommand.run(CommandLine.arguments)
