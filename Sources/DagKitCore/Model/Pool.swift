/// A named limit on how many task instances may run at once, over all DAGs.
///
/// A pool is a plain value: who holds its slots is the scheduler's affair.
///
/// ```swift
/// let pool = try Pool("coincap", slots: 2)
/// pool.admits(1, occupied: 1)  // true
/// pool.admits(2, occupied: 1)  // false: one slot is left
/// ```
public struct Pool: Hashable, Sendable {
    /// The pool of tasks that name none.
    public static let defaultName = "default_pool"

    /// The name that tasks refer to.
    public let name: String

    /// How many slots there are; 0 stops every task of the pool.
    public let slots: Int

    /// What the pool is for.
    public let about: String

    /// Whether deferred task instances hold their slots.
    public let includesDeferred: Bool

    /// Creates a pool.
    ///
    /// - Throws: ``PoolError/negativeSlots(_:pool:)`` if `slots` is below zero.
    public init(_ name: String, slots: Int, about: String = "", includesDeferred: Bool = false)
        throws(PoolError)
    {
        guard slots >= 0 else { throw .negativeSlots(slots, pool: name) }
        self.name = name
        self.slots = slots
        self.about = about
        self.includesDeferred = includesDeferred
    }

    /// Whether a task instance that needs `needed` slots fits beside the `occupied` ones.
    ///
    /// A task instance that needs more slots than the pool has never fits.
    public func admits(_ needed: Int, occupied: Int) -> Bool { needed <= slots - occupied }
}

/// Why a ``Pool`` cannot be made.
public enum PoolError: DagKitError, Equatable {
    case negativeSlots(Int, pool: String)

    public var problem: String {
        switch self {
        case .negativeSlots(let slots, let pool): "pool \"\(pool)\" has \"\(slots)\" slots, below zero"
        }
    }

    public var remedy: String { "write 0 to stop its tasks" }
}
