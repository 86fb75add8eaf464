import Glibc

/// Lets a thread wait until a test says go; for the bodies of transactions, which are not async.
package final class Gate: @unchecked Sendable {
    // Unchecked: a POSIX semaphore is made to be used by many threads.
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    package init() { sem_init(semaphore, 0, 0) }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    package func open() { sem_post(semaphore) }

    package func wait() { while sem_wait(semaphore) != 0 {} }
}
