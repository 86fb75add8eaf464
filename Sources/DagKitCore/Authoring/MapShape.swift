/// How many instances a mapped task gets: told by the lengths of the lists that it is mapped over.
package indirect enum MapShape: Hashable, Sendable {
    /// One per element of a task's output.
    case list(TaskID)
    /// One per element of a list that is written in the DAG.
    case constant(Int)
    /// One per place that all lists have: the shortest tells.
    case zip([MapShape])
    /// One per pair of elements.
    case product([MapShape])
    /// One per element of each list in turn.
    case concatenation([MapShape])

    /// The tasks whose outputs are mapped over.
    package var sources: [TaskID] {
        switch self {
        case .list(let task): [task]
        case .constant: []
        case .zip(let parts), .product(let parts), .concatenation(let parts): parts.flatMap(\.sources)
        }
    }

    /// The number of instances, given the length of each output.
    package func count(_ length: (TaskID) -> Int) -> Int {
        switch self {
        case .list(let task): length(task)
        case .constant(let count): count
        case .zip(let parts): parts.map { $0.count(length) }.min() ?? 0
        // A product too large for Int is too large for any limit: it saturates.
        case .product(let parts):
            parts.reduce(1) { product, part in
                let (result, isTooLarge) = product.multipliedReportingOverflow(by: part.count(length))
                return isTooLarge ? .max : result
            }
        case .concatenation(let parts): parts.reduce(0) { $0 + $1.count(length) }
        }
    }

    /// The shape in words, for structures and hashes: `zip(symbols, limits)`.
    package var text: String {
        func list(_ parts: [MapShape]) -> String { parts.map(\.text).joined(separator: ", ") }
        return switch self {
        case .list(let task): task.rawValue
        case .constant(let count): "\(count) values"
        case .zip(let parts): "zip(\(list(parts)))"
        case .product(let parts): "product(\(list(parts)))"
        case .concatenation(let parts): "concatenation(\(list(parts)))"
        }
    }
}
