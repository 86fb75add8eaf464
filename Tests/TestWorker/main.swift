import DagKitCore
import DagKitRuntime

await DagKitWorker.runIfRequested(TaskLibrary([WorkerDAG()])) { _ in TaskServices(metadata: WorkerMetadata())
}
print("this program is started by the tests of the local executor")
