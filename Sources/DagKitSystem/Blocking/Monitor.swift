import Glibc

/// A value behind a mutex whose changes a thread can wait for.
///
/// This is for threads of our own only: code on the cooperative pool must never call ``wait(_:timeout:until:)``.
final class Monitor<State>: @unchecked Sendable {
    // Sendable by hand: `state` is touched only between lock and unlock of `mutex`, and the two pointers never change.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private var state: State

    init(_ state: State) {
        self.state = state
        mutex = .allocate(capacity: 1)
        changed = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    /// Runs `body` with the value while no other thread can see it.
    func withLock<Value>(_ body: (inout State) throws -> Value) rethrows -> Value {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&state)
    }

    /// Wakes one thread that waits.
    func signal() {
        pthread_cond_signal(changed)
    }

    /// Blocks the thread until `ready` finds what it looks for or the time is up, with the lock held around `ready`.
    ///
    /// - Returns: What `ready` found; `nil` after `timeout`.
    func wait<Value>(timeout: Duration, until ready: (inout State) -> Value?) -> Value? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        var deadline = Self.deadline(after: timeout)
        while true {
            if let found = ready(&state) { return found }
            if pthread_cond_timedwait(changed, mutex, &deadline) == ETIMEDOUT { return ready(&state) }
        }
    }

    private static func deadline(after timeout: Duration) -> timespec {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        let nanoseconds = now.tv_nsec + Int(timeout.components.attoseconds / 1_000_000_000)
        return timespec(
            tv_sec: now.tv_sec + Int(timeout.components.seconds) + nanoseconds / 1_000_000_000,
            tv_nsec: nanoseconds % 1_000_000_000)
    }
}
