import Synchronization

/// Counts from many threads.
final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int { count.load(ordering: .sequentiallyConsistent) }

    func next() -> Int { count.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue }
}
