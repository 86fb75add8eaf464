import Glibc

/// A lock around a value, on which threads can wait for a change.
///
/// It is for threads of our own only: Swift's tasks must not block.
final class ConditionLock<Value>: @unchecked Sendable {
    // Unchecked, because the compiler cannot see that `value` is touched only between lock and unlock.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var value: Value

    init(_ value: sending Value) {
        self.value = value
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body(&value)
    }

    /// Blocks the thread until `attempt` gives a result; `whileWaiting` hears +1 and -1 around each wait.
    func wait<Result>(
        until attempt: (inout Value) -> Result?, whileWaiting: (inout Value, Int) -> Void
    ) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = attempt(&value) { return result }
            whileWaiting(&value, 1)
            pthread_cond_wait(condition, mutex)
            whileWaiting(&value, -1)
        }
    }

    func signalOne() { pthread_cond_signal(condition) }

    func signalAll() { pthread_cond_broadcast(condition) }
}
