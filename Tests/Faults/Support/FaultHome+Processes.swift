import DagKitCore
import DagKitStore
import DagKitSystem
import FoundationEssentials
import Glibc

extension FaultHome {
    /// What a process of a home is.
    enum Role: String, CaseIterable, Sendable {
        case scheduler, supervisor, worker, task
    }

    /// Every living process that works on this home, the oldest first: its environment names the folder, or its name is ``mark``.
    func processes() -> [ProcessIdentity] {
        ((try? FileSystem.names(in: "/proc")) ?? []).compactMap { name in
            guard let id = Int32(name), id != getpid(), let process = ProcessIdentity.of(id),
                Self.words(of: id, "environ").contains("DAGKIT_HOME=\(path)")
                    || Self.words(of: id, "cmdline").first == mark,
                process.isAlive
            else { return nil }
            return process
        }.sorted { ($0.startTime, $0.id) < ($1.startTime, $1.id) }
    }

    /// The name of processes that have dropped their environment, by which they are found all the same.
    var mark: String { "escaped-from-\(path)" }

    /// A command of a task that starts a process which drops environment, session and group, has ``mark`` for its name, and
    /// sleeps.
    static let escape =
        "env -i setsid bash -c 'exec -a \"$0\" sleep 600' \"escaped-from-$DAGKIT_HOME\" &"

    private static func words(of process: Int32, _ file: String) -> [String] {
        let text = (try? FileSystem.readText("/proc/\(process)/\(file)")) ?? ""
        return text.split(separator: "\0").map(String.init)
    }

    /// The living processes of one kind.
    func processes(_ role: Role) -> [ProcessIdentity] {
        processes().filter { Self.role(of: $0) == role }
    }

    /// The living processes whose last argument is this one.
    func processes(asking argument: String) -> [ProcessIdentity] {
        processes().filter { Self.words(of: $0.id, "cmdline").last == argument }
    }

    /// The living processes of a command.
    func processes(running command: [String]) -> [ProcessIdentity] {
        processes().filter { Self.words(of: $0.id, "cmdline") == command }
    }

    /// Waits until a process that was started has become the program of this name.
    func becomes(_ name: String, _ process: ProcessIdentity) async throws -> Bool {
        try await holds { (try? FileSystem.readText("/proc/\(process.id)/comm")) == "\(name)\n" }
    }

    static func role(of process: ProcessIdentity) -> Role? {
        let words = words(of: process.id, "cmdline")
        if words.isEmpty { return nil }
        if words.contains("__dagkit-supervisor") { return .supervisor }
        if words.contains("__dagkit-worker") { return .worker }
        return words.contains("scheduler") ? .scheduler : .task
    }

    /// Waits until no process of this home is left but those of the roles in `except`.
    ///
    /// - Returns: What was still there at the deadline.
    func leftovers(
        except: Set<Role> = [], within limit: Duration = .seconds(120)
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

    /// Waits until that many schedulers of this home have said that they work: before that one hears no signal.
    func schedulersStart(_ count: Int = 1) async throws -> Bool {
        try await holds { schedulerLines().count { $0.contains("scheduler started") } == count }
    }

    /// Waits until the newest scheduler has looked around that often.
    func schedulerLooks(_ count: Int) async throws -> Bool {
        try await withStore { store in
            var looks: Set<Date> = []
            return try await holds {
                let job = try await store.jobs(type: "SchedulerJob", limit: 1).first
                if let job { looks.insert(job.heartbeat) }
                return looks.count > count
            }
        }
    }

    /// Kills the supervisor and the workers, of which none sees the end of another.
    ///
    /// - Parameter meanwhile: What happens while none of them does anything any more.
    func killOwners(_ meanwhile: () async throws -> Void = {}) async throws {
        let owners = processes(.supervisor) + processes(.worker)
        for process in owners { kill(process.id, SIGSTOP) }
        try await meanwhile()
        for process in owners { kill(process.id, SIGKILL) }
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
