import CSystem
import DagKitCore
import Glibc
import Synchronization

/// The one thread that waits for descriptors and deadlines on behalf of all async code of the process.
///
/// It decides nothing and runs nobody's code: it only wakes who waits.
package final class Reactor: Sendable {
    /// What a descriptor is waited for.
    package enum Readiness: Sendable {
        /// There are bytes, a connection, an exit or the end.
        case readable
        /// There is room for bytes, or nobody reads any more.
        case writable
    }

    private struct Waiter {
        let continuation: CheckedContinuation<Bool, any Error>
        let descriptor: Int32?
        let readiness: Readiness
        let deadline: BootTimeClock.Instant?
    }

    /// What the kernel is asked with; it lives as long as the process.
    private struct Kernel {
        let epoll: Int32
        let timer: Int32

        init() throws(SystemError) {
            let epoll = FileDescriptor(owning: dagkit_epoll_create())
            guard epoll.raw >= 0 else { throw .last("wait for descriptors") }
            let timer = FileDescriptor(owning: dagkit_timer())
            guard timer.raw >= 0,
                dagkit_epoll_add(epoll.raw, timer.raw, dagkit_readable, UInt64(timer.raw)) == 0
            else { throw .last("wait for an instant") }
            self.epoll = epoll.release()
            self.timer = timer.release()
        }

        func close() { for descriptor in [epoll, timer] { Glibc.close(descriptor) } }
    }

    /// Who waits for a descriptor, from the first who does to the last.
    private struct Interest {
        /// Tells it from earlier ones in a descriptor of the same number, whose last event may still be on its way when the
        /// number is already that of another file. The timer has 0.
        let generation: UInt32
        var waiters: [UInt64] = []

        func token(of descriptor: Int32) -> UInt64 {
            UInt64(generation) << 32 | UInt64(UInt32(bitPattern: descriptor))
        }
    }

    private struct State {
        var waiters: [UInt64: Waiter] = [:]
        var interests: [Int32: Interest] = [:]
        var generation: UInt32 = 0

        /// `nil` until the thread has started.
        var kernel: Kernel?

        mutating func add(_ id: UInt64, to descriptor: Int32) {
            if interests[descriptor] == nil {
                generation = max(1, generation &+ 1)
                interests[descriptor] = Interest(generation: generation)
            }
            interests[descriptor]?.waiters.append(id)
        }
    }

    /// The reactor of this process; its thread starts on first use.
    package static let shared = Reactor()

    private let state = Mutex(State())
    private let nextID = Atomic<UInt64>(1)

    private init() {}

    /// Starts its thread, for a process that wants to know early whether there is one.
    ///
    /// - Throws: ``SystemError`` with `EAGAIN` if the system gives none.
    package func prepare() throws(SystemError) {
        try state.withLock { state throws(SystemError) in try start(&state) }
    }

    /// Waits until the descriptor is ready.
    ///
    /// The caller keeps the descriptor open until this returns.
    ///
    /// - Returns: `false` if the deadline came first.
    /// - Throws: `CancellationError`, or ``SystemError`` if the descriptor cannot be waited for, as where no descriptor or thread is
    ///   left for the reactor itself.
    package func wait(
        for readiness: Readiness, on descriptor: Int32, until deadline: BootTimeClock.Instant? = nil
    ) async throws -> Bool {
        try await wait {
            Waiter(continuation: $0, descriptor: descriptor, readiness: readiness, deadline: deadline)
        }
    }

    /// Waits for an instant of the boot-time clock.
    package func sleep(until deadline: BootTimeClock.Instant) async throws {
        _ = try await wait {
            Waiter(continuation: $0, descriptor: nil, readiness: .readable, deadline: deadline)
        }
    }

    private func wait(_ waiter: (CheckedContinuation<Bool, any Error>) -> Waiter) async throws -> Bool {
        let id = nextID.wrappingAdd(1, ordering: .relaxed).oldValue
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                add(waiter(continuation), id: id)
                // The handler may have run before there was anything to cancel.
                if Task.isCancelled { cancel(id) }
            }
        } onCancel: {
            cancel(id)
        }
    }

    private func add(_ waiter: Waiter, id: UInt64) {
        let failure: SystemError? = state.withLock { state in
            do throws(SystemError) { try start(&state) } catch { return error }
            state.waiters[id] = waiter
            if waiter.deadline != nil { setTimer(state) }
            guard let descriptor = waiter.descriptor else { return nil }
            state.add(id, to: descriptor)
            guard let failure = register(descriptor, state) else { return nil }
            state.waiters[id] = nil
            drop(id, from: descriptor, &state)
            return failure
        }
        if let failure { waiter.continuation.resume(throwing: failure) }
    }

    private func cancel(_ id: UInt64) {
        state.withLock { take(id, &$0) }?.continuation.resume(throwing: CancellationError())
    }

    /// Removes a waiter and its interest in a descriptor.
    ///
    /// - Parameter isArmed: Whether the kernel still watches the descriptor: what woke somebody is watched no more, and
    ///   stays known for the next wait.
    private func take(_ id: UInt64, _ state: inout State, isArmed: Bool = true) -> Waiter? {
        guard let waiter = state.waiters.removeValue(forKey: id) else { return nil }
        if let descriptor = waiter.descriptor {
            drop(id, from: descriptor, &state, isArmed: isArmed)
            _ = register(descriptor, state)
        }
        return waiter
    }

    private func drop(_ id: UInt64, from descriptor: Int32, _ state: inout State, isArmed: Bool = true) {
        state.interests[descriptor]?.waiters.removeAll { $0 == id }
        guard state.interests[descriptor]?.waiters.isEmpty == true else { return }
        state.interests[descriptor] = nil
        if isArmed, let kernel = state.kernel { dagkit_epoll_remove(kernel.epoll, descriptor) }
    }

    /// Tells the kernel what is awaited of a descriptor, once.
    private func register(_ descriptor: Int32, _ state: State) -> SystemError? {
        guard let interest = state.interests[descriptor], let epoll = state.kernel?.epoll else { return nil }
        var mask = dagkit_once
        for id in interest.waiters {
            switch state.waiters[id]?.readiness {
            case .readable: mask |= dagkit_readable
            case .writable: mask |= dagkit_writable
            case nil: continue
            }
        }
        let token = interest.token(of: descriptor)
        if dagkit_epoll_modify(epoll, descriptor, mask, token) == 0 { return nil }
        if errno == ENOENT, dagkit_epoll_add(epoll, descriptor, mask, token) == 0 { return nil }
        return .last("wait for a descriptor")
    }

    private func setTimer(_ state: State) {
        guard let timer = state.kernel?.timer else { return }
        let next = state.waiters.values.lazy.compactMap(\.deadline).min()
        // Zero would stop the timer: an instant before the machine's start is the first one after it.
        let (seconds, attoseconds) = max(next?.sinceBoot ?? .zero, next == nil ? .zero : .nanoseconds(1))
            .components
        dagkit_timer_set(timer, seconds, attoseconds / 1_000_000_000)
    }

    private func start(_ state: inout State) throws(SystemError) {
        guard state.kernel == nil else { return }
        let kernel = try Kernel()
        do {
            try OwnThread.start("dagkit-reactor") { [self] in run(kernel) }
        } catch {
            kernel.close()
            throw error
        }
        state.kernel = kernel
    }

    private func run(_ kernel: Kernel) {
        var events = [dagkit_event](repeating: dagkit_event(), count: 64)
        while true {
            let count = dagkit_epoll_wait(kernel.epoll, &events, 64, -1)
            for event in events.prefix(Int(max(count, 0))) {
                let woken = event.token == UInt64(kernel.timer) ? expire(kernel) : wake(event)
                for (waiter, isReady) in woken { waiter.continuation.resume(returning: isReady) }
            }
        }
    }

    private func expire(_ kernel: Kernel) -> [(Waiter, Bool)] {
        var count: UInt64 = 0
        _ = read(kernel.timer, &count, 8)
        let now = BootTimeClock().now
        return state.withLock { state in
            let due = state.waiters.filter { $0.value.deadline.map { $0 <= now } ?? false }.keys
            let expired = due.compactMap { id in take(id, &state).map { ($0, false) } }
            setTimer(state)
            return expired
        }
    }

    private func wake(_ event: dagkit_event) -> [(Waiter, Bool)] {
        let descriptor = Int32(truncatingIfNeeded: event.token)
        let isOver = event.readiness & dagkit_hung_up != 0
        return state.withLock { state in
            guard let interest = state.interests[descriptor], interest.token(of: descriptor) == event.token
            else { return [] }
            let ready = interest.waiters.filter { id in
                switch state.waiters[id]?.readiness {
                case .readable: isOver || event.readiness & dagkit_readable != 0
                case .writable: isOver || event.readiness & dagkit_writable != 0
                case nil: false
                }
            }
            let woken = ready.compactMap { id in take(id, &state, isArmed: false).map { ($0, true) } }
            if woken.isEmpty { _ = register(descriptor, state) }
            return woken
        }
    }
}
