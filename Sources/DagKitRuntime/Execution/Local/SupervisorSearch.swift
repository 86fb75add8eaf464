import DagKitCore
import DagKitSystem
import Glibc

/// The search for the supervisors of a home that live.
///
/// They are found by their sockets, and those whose socket is lost by the lock files that they hold.
struct SupervisorSearch: Sendable {
    /// What was found.
    struct Found: Sendable {
        var links: [SupervisorLink] = []
        var silent: [SilentSupervisor] = []

        fileprivate var processes: Set<Int32> { Set(links.map(\.process.id) + silent.map(\.process.id)) }
    }

    let folders: ExecutionFolders

    /// What a supervisor that is started now would be.
    let identity: String
    private let clock = BootTimeClock()

    /// How long one that is not stopped has for its answer.
    private static let patience: Duration = .seconds(5)

    init(_ folders: ExecutionFolders, identity: String) {
        self.folders = folders
        self.identity = identity
    }

    /// Connects to every supervisor, and removes what dead ones left.
    ///
    /// One that was stopped, as the kernel says, gets half a second to answer, any other one five.
    ///
    /// - Throws: ``LocalExecutorError/unseenSupervisor(_:)``, `CancellationError`.
    func run() async throws -> Found {
        var found = Found()
        for path in try folders.sockets() { try await ask(path, &found) }
        for owner in try LockOwner.all(of: folders, except: found.processes) {
            try await look(for: owner, &found)
        }
        return found
    }

    private func ask(_ path: String, _ found: inout Found) async throws {
        let deadline = clock.now.advanced(by: Self.patience)
        while true {
            let call: SupervisorLink.Call
            do {
                call = try await .begin(path, identity: identity, until: deadline)
            } catch SystemError.failed(_, _, let code) where code == ECONNREFUSED || code == ENOENT {
                return try FileSystem.remove(path)
            } catch SystemError.failed(_, _, code: EAGAIN) {
                // Its queue is full of connections that it did not take: if it has attempts, its locks tell who it is.
                return
            } catch SystemError.failed(_, _, code: ECONNRESET) where clock.now < deadline {
                try await clock.sleep(for: .milliseconds(20))
                continue
            } catch SystemError.failed(_, _, code: ECONNRESET) {
                throw LocalExecutorError.unseenSupervisor(path)
            }
            do {
                return found.links.append(try await patientAnswer(to: call))
            } catch let error as CancellationError {
                throw error
            } catch SystemError.failed(_, _, code: ETIMEDOUT) {
                return found.silent.append(call.silent(call.process.isStopped ? .stopped : .unresponsive))
            } catch {
                // It may be ending just now.
                guard clock.now >= deadline else {
                    try await clock.sleep(for: .milliseconds(20))
                    continue
                }
                return found.silent.append(call.silent(.refusing("\(error)")))
            }
        }
    }

    private func patientAnswer(to call: SupervisorLink.Call) async throws -> SupervisorLink {
        let start = clock.now
        do {
            return try await call.answer(until: start.advanced(by: .milliseconds(500)))
        } catch SystemError.failed(_, _, code: ETIMEDOUT) where !call.process.isStopped {
            return try await call.answer(until: start.advanced(by: Self.patience))
        }
    }

    /// Asks a supervisor to see to its socket, and waits for it.
    private func look(for owner: LockOwner, _ found: inout Found) async throws {
        let path = folders.socket(of: owner.generation)
        let silence = SilentSupervisor(
            process: owner.process, state: owner.process.isStopped ? .stopped : .unreachable, path: path,
            call: nil)
        owner.process.send(SIGHUP)
        let deadline = clock.now.advanced(by: Self.patience)
        while clock.now < deadline, !owner.process.isStopped {
            if let link = try? await SupervisorLink.connect(path, identity: identity, until: deadline),
                link.process == owner.process
            {
                return found.links.append(link)
            }
            try await clock.sleep(for: .milliseconds(20))
            guard owner.process.isAlive else { return }
        }
        found.silent.append(silence)
    }
}

extension SupervisorLink.Call {
    fileprivate func silent(_ state: SilentSupervisor.State) -> SilentSupervisor {
        SilentSupervisor(process: process, state: state, path: path, call: self)
    }
}

/// A living supervisor that has lock files open in a home, whatever became of its socket.
struct LockOwner: Sendable {
    let process: ProcessIdentity

    /// ``SupervisorConfiguration/generation``.
    let generation: String

    /// The owners of the lock files of a home.
    ///
    /// - Parameter known: The ids of processes that are not looked at.
    static func all(of folders: ExecutionFolders, except known: Set<Int32>) throws -> [LockOwner] {
        var locks: [Int32: String] = [:]
        for path in try folders.locks() {
            if let id = ExecutionFolders.supervisor(ofLock: path) { locks[id] = path }
        }
        return try locks.filter { !known.contains($0.key) }.sorted { $0.key < $1.key }.compactMap {
            try LockOwner($0.key, of: $0.value)
        }
    }

    /// The supervisor with this process id, if it has the file open; `nil` if it is another process.
    private init?(_ id: Int32, of lock: String) throws {
        guard let process = try ProcessIdentity.find(id), try process.lives(),
            let words = ProcessTree.arguments(of: id), words.count == 3,
            words[1] == DagKitWorker.supervisorArgument,
            let configuration = try? JSONCoding.decode(SupervisorConfiguration.self, from: words[2]),
            try FileLock.isOpen(lock, in: process)
        else { return nil }
        self.process = process
        generation = configuration.generation
    }
}
