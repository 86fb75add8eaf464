import DagKitCore
import DagKitRuntime
import DagKitSystem
import FoundationEssentials
import Glibc

extension CommandLineTool {
    /// Runs the command that this process was started with, and ends the process.
    public func main() async -> Never {
        CurrentProcess.fillStandardStreams()
        CurrentProcess.ignoreBrokenPipes()
        CurrentProcess.heedChildren()
        let environment = Self.processEnvironment()
        await runWorkerIfRequested(environment)
        let code = await run(
            program: Self.fileName(CommandLine.arguments.first ?? "dagctl"),
            arguments: Array(CommandLine.arguments.dropFirst()),
            system: .current(environment: environment), console: .standard(environment: environment))
        exit(code.rawValue)
    }

    /// Runs attempts, and never returns, if a scheduler started this process for that.
    private func runWorkerIfRequested(_ environment: [String: String]) async {
        let workspace = Workspace(
            tool: self, system: .current(environment: environment),
            console: .standard(environment: environment))
        await DagKitWorker.runIfRequested(taskLibrary) { order in
            try workspace.adopt(order.settings)
            return try await workspace.leasedServices()
        }
    }

    /// All that a process of this executable can run, or tell.
    var taskLibrary: TaskLibrary {
        let operators = operators
        return TaskLibrary(dags) {
            try operators.work(of: $0)
        } declaredNotifier: {
            try operators.notifier(of: $0)
        }
    }

    private static func processEnvironment() -> [String: String] {
        var values: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let mark = text.firstIndex(of: "=") {
                values[String(text[..<mark])] = String(text[text.index(after: mark)...])
            }
            next += 1
        }
        return values
    }
}

extension HostView {
    /// This machine.
    static func current(environment: [String: String]) -> HostView {
        var view = HostView(
            environment: environment, files: .system(), now: { Date().roundedToMicroseconds },
            userName: { CurrentProcess.userName }, hostName: { CurrentProcess.hostName },
            databases: SQLDatabaseKeeper(),
            occupation: { SchedulerDoor.isOccupied(home: $0) },
            schedulerProcess: { SchedulerDoor.process(of: $0) },
            occupy: { try SchedulerDoor.keepShut(home: $0, now: Date()) },
            timeZoneData: { ZoneInfo.system(directory: environment["TZDIR"]).version },
            knock: { _ = await SchedulerDoor.knock(home: $0) })
        view.adoptOrphans = { try ProcessTree.adoptOrphans() }
        return view
    }
}
