import DagKitCore
import DagKitSystem
package import FoundationEssentials
import Glibc
import Synchronization

/// How other processes of a home reach its scheduler: a lock that only one scheduler holds, and a socket that wakes it.
///
/// Who writes to the store knocks at the socket, so that the scheduler looks at once and not at its next poll. Who wants
/// to take over asks there for it.
package final class SchedulerDoor: Sendable {
    /// What a visitor wants of the scheduler.
    package enum Visit: Sendable, Equatable {
        /// The store has changed.
        case knock
        /// Another scheduler, of this process id, takes over.
        case takeover(Int32)
    }

    private let home: String
    private let lock: LockHolder
    private let listener: Mutex<LocalListener>

    /// One element for each listener that takes the place of another.
    private let moves: AsyncStream<Void>
    private let move: AsyncStream<Void>.Continuation

    /// The folder of locks and sockets within a home.
    package static let folder = "run"
    private static let takeoverRequest = "take over"
    private static let patience: Duration = .seconds(10)

    /// Takes the lock of a home and opens its socket.
    ///
    /// - Throws: ``SchedulerDoorError/occupied(by:)``, which names the scheduler that has the lock already.
    package convenience init(home: String, now: Date) throws {
        do {
            try FileSystem.createFolder("\(home)/\(Self.folder)")
            try self.init(
                home: home, lock: LockHolder(lock: FileLock.acquire(Self.lockPath(of: home), now: now)))
        } catch FileLockError.held(_, let holder) {
            throw SchedulerDoorError.occupied(by: holder)
        }
    }

    private init(home: String, lock: LockHolder) throws {
        self.home = home
        self.lock = lock
        listener = Mutex(try LocalListener(Self.socketPath(of: home)))
        (moves, move) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    // The next scheduler listens at the same place as soon as the lock is free.
    deinit { listener.withLock { $0.removeFile() } }

    /// Takes the lock of a home as soon as its scheduler ends, however that comes about; who takes over goes first.
    package static func whenFree(home: String, now: @escaping @Sendable () -> Date) async throws
        -> SchedulerDoor
    {
        try FileSystem.createFolder("\(home)/\(folder)")
        while true {
            if let door = try await nextDoor(home, now) { return door }
            _ = try await wait(for: takeoverPath(of: home), now)
        }
    }

    /// The door once the lock is free; `nil` if somebody takes over, to whom the lock is left.
    private static func nextDoor(
        _ home: String, _ now: @escaping @Sendable () -> Date
    ) async throws -> SchedulerDoor? {
        let lock = try await wait(for: lockPath(of: home), now)
        return try FileLock.isHeld(takeoverPath(of: home)) ? nil : SchedulerDoor(home: home, lock: lock)
    }

    private static func wait(
        for path: String, _ now: @escaping @Sendable () -> Date
    ) async throws -> LockHolder {
        try await Blocking.run { LockHolder(lock: try FileLock.wait(for: path, now: now)) }
    }

    /// Asks the scheduler of a home to leave its attempts to this process, and takes its place.
    ///
    /// - Returns: The door, and what the other one's service manager is to be told by this process from now on.
    /// - Throws: ``SchedulerDoorError/silent(_:)`` if it does not answer.
    package static func takeOver(
        home: String, now: @escaping @Sendable () -> Date
    ) async throws -> (door: SchedulerDoor, service: [String: String]) {
        do {
            return (try SchedulerDoor(home: home, now: now()), [:])
        } catch SchedulerDoorError.occupied(let holder) {
            // Who stands by for the scheduler's end leaves the home to this process.
            let turn = try await wait(for: takeoverPath(of: home), now)
            defer { withExtendedLifetime(turn) {} }
            let service = try await ask(home, holder)
            return (
                try SchedulerDoor(home: home, lock: try await wait(for: lockPath(of: home), now)), service
            )
        }
    }

    /// Calls `receive` for each visitor, until the task is cancelled.
    ///
    /// - Parameter service: The entries of the environment by which this process talks to its service manager.
    package func serve(service: [String: String] = [:], _ receive: @escaping @Sendable (Visit) -> Void) async
    {
        while !Task.isCancelled {
            let listener = listener.withLock { $0 }
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await Self.serve(listener, service, receive) }
                group.addTask { [moves] in for await _ in moves { break } }
                await group.next()
                group.cancelAll()
            }
        }
    }

    private static func serve(
        _ listener: LocalListener, _ service: [String: String], _ receive: @escaping @Sendable (Visit) -> Void
    ) async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                do {
                    let visitor = try await listener.accept()
                    guard try visitor.isPeerTrusted() else { continue }
                    receive(.knock)
                    group.addTask { await Self.hear(visitor, service, receive) }
                } catch {
                    if error is CancellationError { return }
                    // A visitor that left early is no reason to close the door; without descriptors nobody can be let in.
                    let isShort = (error as? SystemError)?.isShortage == true
                    try? await BootTimeClock().sleep(for: isShort ? .seconds(1) : .milliseconds(1))
                }
            }
        }
    }

    /// Listens anew if somebody removed the socket's file, so that others find this scheduler.
    ///
    /// - Returns: Whether it was so.
    /// - Throws: Why there is no new one yet.
    package func keepSocket() throws -> Bool {
        guard loss == nil else { return false }
        let hasMoved = try listener.withLock { listener in
            if listener.isReachable { return false }
            listener = try LocalListener(listener.path)
            return true
        }
        if hasMoved { move.yield() }
        return hasMoved
    }

    /// Why this process is not the scheduler of its home any more; `nil` while it is.
    ///
    /// Who removes the lock file, as one that seems to be left over, opens the home to another scheduler.
    package var loss: SchedulerDoorError? {
        lock.lock.isAt(Self.lockPath(of: home)) ? nil : .removed(Self.lockPath(of: home))
    }

    /// Wakes the scheduler of a home; false if none is there.
    package static func knock(home: String) async -> Bool {
        guard let socket = try? await LocalSocket.connect(socketPath(of: home)) else { return false }
        socket.shutDown()
        return true
    }

    /// Whether a scheduler of the home lives.
    package static func isOccupied(home: String) -> Bool {
        (try? FileLock.isHeld(lockPath(of: home))) ?? false
    }

    /// Keeps schedulers out of a home for as long as what it gives lives.
    ///
    /// - Returns: `nil` if a scheduler works there.
    package static func keepShut(home: String, now: Date) throws -> (any Sendable)? {
        try FileSystem.createFolder("\(home)/\(folder)")
        do {
            return LockHolder(lock: try FileLock.acquire(lockPath(of: home), now: now))
        } catch FileLockError.held {
            return nil
        }
    }

    /// Who is the scheduler of the home: `pid 12 since 2026-01-02T03:04:05Z`.
    package static func occupant(of home: String) -> String? { FileLock.holder(of: lockPath(of: home)) }

    /// The process of the scheduler that works on the home; `nil` if none does.
    package static func process(of home: String) -> Int32? {
        guard isOccupied(home: home), let holder = occupant(of: home), holder.hasPrefix("pid ") else {
            return nil
        }
        return Int32(holder.dropFirst(4).prefix { $0 != " " })
    }

    // MARK: Taking over

    private static func ask(_ home: String, _ holder: String) async throws -> [String: String] {
        let deadline = BootTimeClock().now.advanced(by: patience)
        do {
            let socket = try await LocalSocket.connect(socketPath(of: home))
            try await socket.writeFrame(Array(takeoverRequest.utf8), until: deadline)
            guard let answer = try await socket.readFrame(until: deadline) else {
                throw SchedulerDoorError.silent(holder)
            }
            return try JSONCoding.decode([String: String].self, from: String(decoding: answer, as: UTF8.self))
        } catch is SystemError {
            throw SchedulerDoorError.silent(holder)
        }
    }

    private static func hear(
        _ visitor: LocalSocket, _ service: [String: String], _ receive: @Sendable (Visit) -> Void
    ) async {
        defer { visitor.shutDown() }
        let deadline = BootTimeClock().now.advanced(by: patience)
        do {
            guard let request = try await visitor.readFrame(until: deadline),
                request == Array(takeoverRequest.utf8)
            else { return }
            let answer = try JSONCoding.encode(service)
            try await visitor.writeFrame(Array(answer.utf8), until: deadline)
            receive(.takeover(try visitor.peer().process))
        } catch {
            // It left, or said nothing that is understood here.
        }
    }

    private static func lockPath(of home: String) -> String { "\(home)/\(folder)/scheduler.lock" }
    private static func takeoverPath(of home: String) -> String { "\(home)/\(folder)/takeover.lock" }
    private static func socketPath(of home: String) -> String { "\(home)/\(folder)/scheduler.sock" }

    /// Holds a lock as long as it lives.
    private final class LockHolder: Sendable {
        let lock: FileLock

        init(lock: consuming FileLock) { self.lock = lock }
    }
}

/// Why a process cannot be the scheduler of a home.
package enum SchedulerDoorError: DagKitError, Equatable {
    case occupied(by: String)
    case silent(String)
    /// The lock file of this process was removed.
    case removed(String)

    package var problem: String {
        switch self {
        case .occupied(let holder): "a scheduler works on this home already: \(holder)"
        case .silent(let holder): "the scheduler of this home does not answer: \(holder)"
        case .removed(let path): "\"\(path)\" was removed, so that another scheduler may work on this home"
        }
    }

    package var remedy: String {
        switch self {
        case .occupied:
            "stop it, wait for its end with --standby, or take its place with --hand-over"
        case .removed: "leave the files in that folder alone, and start the scheduler again"
        case .silent:
            "end it with SIGTERM; a process that was stopped goes on, and hears that, with kill -CONT"
        }
    }
}
