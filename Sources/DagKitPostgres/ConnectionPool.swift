import DagKitSQL
import DagKitSystem
import Glibc
import Synchronization

/// The connections of a database: a few, opened on demand, lent to one job at a time, replaced when they broke.
final class ConnectionPool: Sendable {
    private struct Waiter {
        let id: UInt64
        let continuation: CheckedContinuation<Lease, any Error>
    }

    private struct State {
        var idle: [PostgresConnection] = []
        var lent = 0
        var waiters: [Waiter] = []
        var nextID: UInt64 = 1
        var isClosed = false
        var hasConnected = false
        var whenEnded: [CheckedContinuation<Void, Never>] = []
    }

    let parameters: ConnectionParameters
    private let state = Mutex(State())

    init(_ parameters: ConnectionParameters) { self.parameters = parameters }

    /// Runs `body` with a connection, on a thread that may block.
    ///
    /// - Parameter isFirst: Whether this is the attempt that tells whether the server can be reached at all.
    /// - Throws: What `body` throws, `CancellationError`, or ``SQLError``.
    func run<Value: Sendable>(
        isFirst: Bool = false, _ body: @escaping @Sendable (PostgresConnection) throws -> Value
    ) async throws -> Value {
        let interruption = Interruption()
        let lease = try await lease()
        return try await withTaskCancellationHandler {
            try await Blocking.run {
                try withExtendedLifetime(lease) {
                    let connection = try self.connection(lease, interruption, isFirst: isFirst)
                    interruption.attach(connection.link.bell)
                    connection.link.interruption = interruption
                    defer {
                        connection.link.interruption = nil
                        interruption.detach()
                    }
                    if interruption.isRequested { throw CancellationError() }
                    return try body(connection)
                }
            }
        } onCancel: {
            interruption.request()
        }
    }

    /// Lets the jobs that run end, fails those that wait, and closes the connections.
    func close() async {
        let (waiters, idle) = state.withLock { state in
            defer {
                state.waiters = []
                state.idle = []
                state.isClosed = true
            }
            return (state.waiters, state.idle)
        }
        for waiter in waiters { waiter.continuation.resume(throwing: closedError) }
        _ = try? await Blocking.run { withExtendedLifetime(idle) {} }
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                if state.lent > 0 { state.whenEnded.append(continuation) }
                return state.lent == 0
            }
            if hasEnded { continuation.resume() }
        }
    }

    private var closedError: SQLError {
        SQLError(.interrupted, message: "the database is closed", database: parameters.name)
    }
}

// MARK: - Lending

extension ConnectionPool {
    /// The right to use a connection; its end gives the connection back.
    fileprivate final class Lease: @unchecked Sendable {
        // Unchecked: only the thread of the job that it was given to touches it.
        let pool: ConnectionPool
        var connection: PostgresConnection?

        init(pool: ConnectionPool, connection: PostgresConnection?) {
            self.pool = pool
            self.connection = connection
        }

        deinit { pool.takeBack(connection) }
    }

    private func lease() async throws -> Lease {
        let id = state.withLock { state in
            defer { state.nextID += 1 }
            return state.nextID
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let answer: Result<Lease, any Error>? = state.withLock { state in
                    if state.isClosed { return .failure(closedError) }
                    // Asked within the lock: a cancellation that comes later finds the waiter.
                    if Task.isCancelled { return .failure(CancellationError()) }
                    guard state.lent < parameters.configuration.poolSize else {
                        state.waiters.append(Waiter(id: id, continuation: continuation))
                        return nil
                    }
                    state.lent += 1
                    return .success(Lease(pool: self, connection: state.idle.popLast()))
                }
                if let answer { continuation.resume(with: answer) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0) }
            }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }

    private func takeBack(_ connection: PostgresConnection?) {
        let usable = connection.flatMap { $0.isReusable ? $0 : nil }
        let (next, endings) = state.withLock {
            state -> (Waiter?, [CheckedContinuation<Void, Never>]) in
            if !state.waiters.isEmpty { return (state.waiters.removeFirst(), []) }
            state.lent -= 1
            if let usable, !state.isClosed { state.idle.append(usable) }
            guard state.isClosed, state.lent == 0 else { return (nil, []) }
            defer { state.whenEnded = [] }
            return (nil, state.whenEnded)
        }
        next?.continuation.resume(returning: Lease(pool: self, connection: usable))
        for ending in endings { ending.resume() }
    }
}

// MARK: - Connecting

extension ConnectionPool {
    /// The connection of the lease if its server is still there, else a new one.
    private func connection(
        _ lease: Lease, _ interruption: Interruption, isFirst: Bool
    ) throws -> PostgresConnection {
        if let known = lease.connection, known.link.isAlive() { return known }
        lease.connection = nil
        let fresh = try connect(interruption, patience: isFirst ? .zero : reconnectTimeout)
        lease.connection = fresh
        return fresh
    }

    private var reconnectTimeout: Duration {
        state.withLock(\.hasConnected) ? parameters.configuration.reconnectTimeout : .zero
    }

    /// Connects; a server that is away for a moment is tried again after longer and longer pauses.
    private func connect(_ interruption: Interruption, patience: Duration) throws -> PostgresConnection {
        let deadline = ContinuousClock.now + patience
        var attempt = 0
        while true {
            do {
                let connection = try PostgresConnection(parameters, interruption: interruption)
                state.withLock { $0.hasConnected = true }
                return connection
            } catch let error as SQLError where error.isOutage {
                let pause = Self.pause(attempt)
                guard ContinuousClock.now + pause < deadline else { throw error }
                try Self.wait(pause, interruption)
                attempt += 1
            }
        }
    }

    /// 50 ms, doubled up to 2 s, and spread so that many processes do not knock at once.
    private static func pause(_ attempt: Int) -> Duration {
        let base = min(50 << min(attempt, 6), 2_000)
        let spread = Int(((UInt32(bitPattern: getpid()) &+ UInt32(attempt)) &* 2_654_435_761) >> 24)
        return .milliseconds(base + base * spread / 1_024)
    }

    private static func wait(_ pause: Duration, _ interruption: Interruption) throws {
        guard let bell = try? Bell() else { return }
        interruption.attach(bell)
        defer { interruption.detach() }
        var descriptor = pollfd(fd: bell.descriptor, events: Int16(POLLIN), revents: 0)
        _ = poll(&descriptor, 1, Int32(pause.milliseconds))
        if interruption.isRequested { throw CancellationError() }
    }
}

extension PostgresConnection {
    /// Whether another job may use it.
    fileprivate var isReusable: Bool { !link.isBroken && link.isIdle }
}

extension SQLError {
    /// Whether the server is away, starting, or full: it may be back in a moment.
    fileprivate var isOutage: Bool {
        switch kind {
        case .cannotOpen, .connectionLost, .tooManyConnections: true
        default: false
        }
    }
}
