/// An error of a store that knows whether the store can ever be of use again.
public protocol StoreFailure: Error {
    /// Whether the store is gone for good: what this process would still write to it, nobody would ever read.
    var isFinal: Bool { get }
}
