import Glibc
import Synchronization

/// The connections that are open, and by when each must have sent its request.
///
/// The C library knows only an inactivity timeout, which a client that sends a byte now and then never meets. Here the
/// whole request has a deadline. A connection is ended by shutting its socket down, which the library then notices; it
/// tells of every end before it closes the socket, so a descriptor in this table is never one that was reused.
final class ConnectionTable: Sendable {
    private struct Entry {
        let socket: Int32
        var target = ""
        var deadline: ContinuousClock.Instant?
        var exchange: Exchange?
        var isAnswering = false
    }

    private struct State {
        var entries: [Int: Entry] = [:]
        var isStopping = false

        var isDrained: Bool { isStopping && !entries.values.contains(where: \.isAnswering) }
    }

    /// How long a client may take for one request.
    private let receiveTimeout: Duration
    /// How long a connection may stay without a request.
    private let idleTimeout: Duration
    private let state = Mutex(State())
    private let clock = ContinuousClock()

    /// Tells that a connection was opened while there was none.
    let arrivals: AsyncStream<Void>
    private let arrival: AsyncStream<Void>.Continuation
    /// Tells, once stopping, that no request is being answered any more.
    let drained: AsyncStream<Void>
    private let drain: AsyncStream<Void>.Continuation

    init(receiveTimeout: Duration, idleTimeout: Duration) {
        self.receiveTimeout = receiveTimeout
        self.idleTimeout = idleTimeout
        (arrivals, arrival) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        (drained, drain) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    // MARK: The life of a connection

    func opened(_ key: Int, socket: Int32) {
        let isFirst = state.withLock { state in
            if state.isStopping { shutdown(socket, Int32(SHUT_RDWR)) }
            state.entries[key] = Entry(socket: socket, deadline: clock.now + receiveTimeout)
            return state.entries.count == 1
        }
        if isFirst { arrival.yield() }
    }

    func targetArrived(_ key: Int, _ target: String) {
        state.withLock { $0.entries[key]?.target = target }
    }

    /// The target of the request whose header has just arrived; its body now has its own deadline.
    func headerArrived(_ key: Int) -> String {
        state.withLock { state in
            state.entries[key]?.deadline = clock.now + receiveTimeout
            return state.entries[key]?.target ?? ""
        }
    }

    /// Notes that a request is whole; returns false if it must not be answered any more.
    func requestArrived(_ key: Int, _ exchange: Exchange) -> Bool {
        state.withLock { state in
            guard !state.isStopping else { return false }
            state.entries[key]?.deadline = nil
            state.entries[key]?.exchange = exchange
            state.entries[key]?.isAnswering = true
            return true
        }
    }

    func answered(_ key: Int) {
        let isDrained = state.withLock { state in
            state.entries[key]?.deadline = clock.now + idleTimeout
            state.entries[key]?.exchange = nil
            state.entries[key]?.isAnswering = false
            return state.isDrained
        }
        if isDrained { drain.yield() }
    }

    func closed(_ key: Int) {
        let isDrained = state.withLock { state in
            state.entries[key] = nil
            return state.isDrained
        }
        if isDrained { drain.yield() }
    }

    // MARK: Deadlines and the end

    var isStopping: Bool { state.withLock(\.isStopping) }

    var count: Int { state.withLock(\.entries.count) }

    /// Ends the connections whose deadline has passed, for as long as the task is not cancelled.
    func enforceDeadlines() async {
        while !Task.isCancelled {
            if let next = endOverdue() {
                // A connection that opens meanwhile has its deadline after this one.
                try? await clock.sleep(until: min(next, clock.now + receiveTimeout))
            } else {
                for await _ in arrivals { break }
            }
        }
    }

    /// Ends the overdue connections and returns the next deadline; `nil` if there is no connection.
    private func endOverdue() -> ContinuousClock.Instant? {
        let now = clock.now
        return state.withLock { state in
            for (key, entry) in state.entries {
                guard let deadline = entry.deadline, deadline <= now else { continue }
                shutdown(entry.socket, Int32(SHUT_RDWR))
                state.entries[key]?.deadline = nil
            }
            guard !state.entries.isEmpty else { return nil }
            return state.entries.values.compactMap(\.deadline).min() ?? now + receiveTimeout
        }
    }

    /// Ends the connections on which no request is being answered, and every one that would still come.
    func beginStopping() {
        let isDrained = state.withLock { state in
            state.isStopping = true
            for entry in state.entries.values where !entry.isAnswering {
                shutdown(entry.socket, Int32(SHUT_RDWR))
            }
            return state.isDrained
        }
        if isDrained { drain.yield() }
    }

    /// The requests that are being answered.
    var exchanges: [Exchange] { state.withLock { $0.entries.values.compactMap(\.exchange) } }
}
