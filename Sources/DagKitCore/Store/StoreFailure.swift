/// An error of a store that knows whether it can pass.
public protocol StoreFailure: Error {
    /// Whether the store is gone for good: what this process would still write to it, nobody would ever read.
    var isFinal: Bool { get }

    /// Whether the same call fails again until somebody changes what is stored, while other calls go through: a row that
    /// cannot be read, a value that a table does not take.
    var isLasting: Bool { get }
}

extension StoreFailure {
    public var isLasting: Bool { false }
}
