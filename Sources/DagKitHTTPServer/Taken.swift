import Synchronization

/// A mark that can be set once.
final class Taken: Sendable {
    private let isSet = Atomic(false)

    /// Sets the mark and returns whether it was set before.
    func exchange() -> Bool {
        isSet.exchange(true, ordering: .acquiringAndReleasing)
    }
}
