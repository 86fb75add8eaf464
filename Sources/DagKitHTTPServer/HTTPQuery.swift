/// The parameters behind the `?` of a request's target, in order.
///
/// ```swift
/// let query = HTTPQuery("limit=5&tags=a&tags=b")
/// query["limit"]       // "5"
/// query.all("tags")    // ["a", "b"]
/// ```
public struct HTTPQuery: Hashable, Sendable {
    /// One parameter; a name without `=` has an empty value.
    public struct Parameter: Hashable, Sendable {
        /// The name, decoded.
        public let name: String

        /// The value, decoded.
        public let value: String
    }

    /// The parameters, in the order in which they were sent.
    public let parameters: [Parameter]

    /// Reads the part behind the `?`; escapes are decoded and `+` is a space.
    public init(_ text: some StringProtocol) {
        parameters = text.split(separator: "&").map { part in
            let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return Parameter(
                name: PercentCoding.decoded(halves[0], plusIsSpace: true),
                value: halves.count > 1 ? PercentCoding.decoded(halves[1], plusIsSpace: true) : "")
        }
    }

    /// The first value of a parameter.
    public subscript(name: String) -> String? {
        parameters.first { $0.name == name }?.value
    }

    /// All values of a parameter, in order.
    public func all(_ name: String) -> [String] {
        parameters.filter { $0.name == name }.map(\.value)
    }
}
