import CSystem
import Glibc

/// Waits for many descriptors at once, for a process that is one loop on one thread.
///
/// ```swift
/// let poller = try Poller()
/// try poller.add(listener.descriptor, as: 1)
/// for token in try poller.wait(until: deadline) { … }
/// ```
package struct Poller: ~Copyable {
    private let epoll: FileDescriptor
    private var events = [dagkit_event](repeating: dagkit_event(), count: 64)

    package init() throws(SystemError) {
        let raw = dagkit_epoll_create()
        guard raw >= 0 else { throw .last("wait for descriptors") }
        epoll = FileDescriptor(owning: raw)
    }

    /// Watches a descriptor for something to read, or its end; it is told under the name `token`, again and again while
    /// it lasts.
    package func add(_ descriptor: Int32, as token: UInt64) throws(SystemError) {
        guard dagkit_epoll_add(epoll.raw, descriptor, dagkit_readable, token) == 0 else {
            throw .last("wait for a descriptor")
        }
    }

    /// Watches an added descriptor also for room to write, or no more for that.
    package func setWriting(_ isWriting: Bool, _ descriptor: Int32, as token: UInt64) throws(SystemError) {
        let readiness = isWriting ? dagkit_readable | dagkit_writable : dagkit_readable
        guard dagkit_epoll_modify(epoll.raw, descriptor, readiness, token) == 0 else {
            throw .last("wait for a descriptor")
        }
    }

    /// Watches a descriptor no more; call it before the descriptor is closed.
    package func remove(_ descriptor: Int32) {
        dagkit_epoll_remove(epoll.raw, descriptor)
    }

    /// The tokens of the descriptors that have something, at the latest at the deadline, then perhaps none.
    package mutating func wait(until deadline: BootTimeClock.Instant?) throws(SystemError) -> [UInt64] {
        let count = dagkit_epoll_wait(epoll.raw, &events, 64, Self.milliseconds(until: deadline))
        guard count >= 0 else {
            if errno == EINTR { return [] }
            throw .last("wait for descriptors")
        }
        return events[..<Int(count)].map(\.token)
    }

    /// Rounded up, so that nobody wakes before the deadline and turns in a tight loop.
    private static func milliseconds(until deadline: BootTimeClock.Instant?) -> Int32 {
        guard let deadline else { return -1 }
        let rest = BootTimeClock().now.duration(to: deadline)
        guard rest > .zero else { return 0 }
        // A suspension is not counted by this wait: with a minute at most, it cannot be far off after one.
        let capped = min(rest, .seconds(60)).components
        return Int32(capped.seconds * 1000 + capped.attoseconds / 1_000_000_000_000_000 + 1)
    }
}
