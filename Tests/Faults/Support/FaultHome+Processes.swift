import DagKitSystem
import Glibc

extension FaultHome {
    /// What a process of a home is.
    enum Role: String, CaseIterable, Sendable {
        case scheduler, supervisor, worker, task
    }

    /// Every living process that works on this home: its environment names the folder.
    func processes() -> [ProcessIdentity] {
        let mark = "DAGKIT_HOME=\(path)"
        return ((try? FileSystem.names(in: "/proc")) ?? []).compactMap { name in
            guard let id = Int32(name), id != getpid(), let process = ProcessIdentity.of(id),
                let variables = try? FileSystem.readText("/proc/\(id)/environ"),
                variables.split(separator: "\0").contains(Substring(mark)), process.isAlive
            else { return nil }
            return process
        }
    }

    /// The living processes of one kind.
    func processes(_ role: Role) -> [ProcessIdentity] {
        processes().filter { Self.role(of: $0) == role }
    }

    private static func role(of process: ProcessIdentity) -> Role? {
        guard let line = try? FileSystem.readText("/proc/\(process.id)/cmdline") else { return nil }
        let words = line.split(separator: "\0")
        if words.contains("__dagkit-supervisor") { return .supervisor }
        if words.contains("__dagkit-worker") { return .worker }
        return words.contains("scheduler") ? .scheduler : .task
    }

    /// Waits until no process of this home is left but those of the roles in `except`.
    ///
    /// - Returns: What was still there at the deadline.
    func leftovers(
        except: Set<Role> = [], within limit: Duration = .seconds(60)
    ) async throws -> [ProcessIdentity] {
        var left: [ProcessIdentity] = []
        _ = try await holds(within: limit) {
            left = processes().filter { process in
                Self.role(of: process).map { !except.contains($0) } ?? false
            }
            return left.isEmpty
        }
        return left
    }

    /// Kills everything that works on this home, as the end of a test does.
    func killAll() async throws {
        repeat {
            for process in processes() { kill(process.id, SIGKILL) }
            try await BootTimeClock().sleep(for: .milliseconds(5))
        } while !processes().isEmpty
    }
}

/// Waits until something is so, with a patience that a loaded machine cannot exhaust.
///
/// - Returns: Whether it came to be so.
func holds(
    within limit: Duration = .seconds(120), _ condition: () async throws -> Bool
) async throws -> Bool {
    let deadline = BootTimeClock().now.advanced(by: limit)
    while try await !condition() {
        if BootTimeClock().now > deadline { return false }
        try await BootTimeClock().sleep(for: .milliseconds(10))
    }
    return true
}
