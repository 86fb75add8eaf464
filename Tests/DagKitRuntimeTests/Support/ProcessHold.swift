import DagKitSystem
import Glibc

/// Keeps a process that is killed from ending, as a call within the kernel that does not return would.
///
/// It traces the process, and stops it at its exit.
struct ProcessHold {
    private typealias Trace = @convention(c) (Int, Int32, Int, Int) -> Int

    private let tracing: Task<Void, any Error>
    private let end: Int32

    /// Whether this machine lets a process trace its descendants.
    static let isPermitted: Bool = {
        guard let child = try? ChildProcess.start(Command("/bin/sleep", ["600"])) else { return false }
        defer {
            child.send(SIGKILL)
            while (try? child.poll()) == nil { usleep(1000) }
        }
        return seize(child.id)
    }()

    init(of process: ProcessIdentity) async throws {
        var (beginning, ending): ([Int32], [Int32]) = ([-1, -1], [-1, -1])
        guard pipe(&beginning) == 0, pipe(&ending) == 0 else {
            throw SystemError.last("make a pipe")
        }
        let (begun, wait) = (beginning[1], ending[0])
        end = ending[1]
        tracing = Task {
            // Who traces is a thread, for as long as it lives.
            try await Blocking.run {
                let isHeld = Self.seize(process.id)
                close(begun)
                guard isHeld else { throw SystemError.last("trace process", "\(process.id)") }
                var byte: UInt8 = 0
                _ = read(wait, &byte, 1)
                close(wait)
                _ = Self.trace?(17, process.id, 0, 0)
            }
        }
        _ = try await Reactor.shared.wait(for: .readable, on: beginning[0])
        close(beginning[0])
    }

    /// Lets the process end.
    func release() async {
        close(end)
        _ = try? await tracing.value
    }

    private static func seize(_ process: Int32) -> Bool {
        let (seize, stopAtExit) = (0x4206, 0x40)
        return trace?(seize, process, 0, stopAtExit) == 0
    }

    private static var trace: Trace? {
        dlsym(nil, "ptrace").map { unsafeBitCast($0, to: Trace.self) }
    }
}
