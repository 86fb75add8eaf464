public import DagKitCore
import DagKitSystem
import FoundationEssentials
import Glibc

/// The doors through which an executable becomes a supervisor or a worker of the local executor.
///
/// ```swift
/// await DagKitWorker.runIfRequested(TaskLibrary([Hello()])) { order in TaskServices(metadata: …) }
/// // the program as its user knows it
/// ```
/// An executable that uses the local executor calls it before anything else: the executor starts the same file again,
/// with a first argument that nobody else uses.
public enum DagKitWorker {
    static let supervisorArgument = "__dagkit-supervisor"
    static let workerArgument = "__dagkit-worker"

    /// The exit status of a process that could not get what it needs from the system (EX_TEMPFAIL).
    static let shortageStatus: Int32 = 75

    /// Runs as supervisor or worker and never returns, if this process was started as one; else returns at once.
    ///
    /// - Parameters:
    ///   - library: The tasks that the executable can run.
    ///   - services: Opens what a task may use, once for each attempt.
    public static func runIfRequested(
        _ library: @autoclosure () -> TaskLibrary,
        services: @escaping @Sendable (AttemptOrder) async throws -> TaskServices
    ) async {
        let arguments = CommandLine.arguments
        guard arguments.count > 1 else { return }
        switch arguments[1] {
        case supervisorArgument where arguments.count == 3: runSupervisor(arguments[2])
        case workerArgument where arguments.count == 3:
            await runWorker(library(), services, mark: OutputLines.mark(of: arguments[2]))
        default: return
        }
    }

    private static func runSupervisor(_ configuration: String) -> Never {
        do {
            let configuration = try JSONCoding.decode(SupervisorConfiguration.self, from: configuration)
            try Supervisor(configuration) { Date().roundedToMicroseconds }.run()
            exit(0)
        } catch {
            end(because: error)
        }
    }

    private static func runWorker(
        _ library: TaskLibrary, _ services: @escaping @Sendable (AttemptOrder) async throws -> TaskServices,
        mark: [UInt8]
    ) async -> Never {
        do {
            let thread = try ThreadExecutor()
            let worker = try WorkerProcess(library, services: services, mark: mark, thread: thread) {
                Date().roundedToMicroseconds
            }
            try await withTaskExecutorPreference(thread) { try await worker.run() }
            exit(0)
        } catch {
            end(because: error)
        }
    }

    private static func end(because error: any Error) -> Never {
        let line = LogLine.render(
            "\(error)", level: .error, at: Date(), from: SourceLocation(file: #fileID, line: #line))
        _ = Array("\(line)\n".utf8).withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
        exit((error as? SystemError)?.isShortage == true ? shortageStatus : 1)
    }
}
