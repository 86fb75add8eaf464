import DagKitSystem
import FoundationEssentials
import Glibc

/// What a worker finds at its start and gives back to itself after each attempt: its environment and working folder.
struct WorkerState: ~Copyable {
    private let environment: [String: String]
    private let folder: FileDescriptor

    init() throws {
        environment = ProcessInfo.processInfo.environment
        folder = try FileDescriptor.open(".", O_RDONLY | O_DIRECTORY)
    }

    /// Undoes what the last task changed.
    func restore() throws {
        guard fchdir(folder.raw) == 0 else { throw SystemError.last("return to the working folder") }
        let current = ProcessInfo.processInfo.environment
        guard current != environment else { return }
        for name in current.keys where environment[name] == nil { unsetenv(name) }
        for (name, value) in environment where current[name] != value { setenv(name, value, 1) }
    }

    /// How many descriptors this process has.
    static var openDescriptors: Int { (try? FileSystem.names(in: "/proc/self/fd").count) ?? 0 }
}
