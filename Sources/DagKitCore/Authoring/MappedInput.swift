/// What a task is mapped over: the elements of lists, whose lengths are known only when the run gets there.
///
/// ```swift
/// dag.map("fetch", over: symbols.each.map { $0.lowercased() }) { context, symbol in … }
/// dag.map("compare", over: symbols.each.zip(limits.each)) { context, pair in … }
/// dag.map("report", over: symbols.each.crossed(with: MappedInput(["day", "week"]))) { context, pair in … }
/// ```
public struct MappedInput<Element: Sendable>: Sendable {
    package let shape: MapShape
    package let edges: [TaskEdge]

    /// Reads the list, once for each instance.
    package let read: @Sendable (TaskContext) async throws -> MappedList<Element>

    package init(
        shape: MapShape, edges: [TaskEdge],
        read: @escaping @Sendable (TaskContext) async throws -> MappedList<Element>
    ) {
        self.shape = shape
        self.edges = edges
        self.read = read
    }

    /// A list that is written in the DAG; `build` must give the same one each time.
    public init(_ values: [Element]) {
        self.init(shape: .constant(values.count), edges: []) { _ in
            MappedList(count: values.count) { values[$0] }
        }
    }

    /// The elements, each changed by `transform` when its instance runs.
    public func map<Other: Sendable>(
        _ transform: @escaping @Sendable (Element) throws -> Other
    ) -> MappedInput<Other> {
        let read = read
        return MappedInput<Other>(shape: shape, edges: edges) { context in
            let list = try await read(context)
            return MappedList(count: list.count) { try transform(try list.element($0)) }
        }
    }

    /// Pairs of the elements that stand at the same place; the shorter list tells how many.
    public func zip<Other: Sendable>(_ other: MappedInput<Other>) -> MappedInput<(Element, Other)> {
        let (left, right) = (read, other.read)
        return MappedInput<(Element, Other)>(shape: .zip([shape, other.shape]), edges: edges + other.edges) {
            context in
            let (first, second) = (try await left(context), try await right(context))
            return MappedList(count: min(first.count, second.count)) {
                (try first.element($0), try second.element($0))
            }
        }
    }

    /// Every element with every one of another list; those of the other list change fastest.
    public func crossed<Other: Sendable>(with other: MappedInput<Other>) -> MappedInput<(Element, Other)> {
        let (left, right) = (read, other.read)
        return MappedInput<(Element, Other)>(
            shape: .product([shape, other.shape]), edges: edges + other.edges
        ) {
            context in
            let (first, second) = (try await left(context), try await right(context))
            return MappedList(count: first.count * second.count) {
                (try first.element($0 / second.count), try second.element($0 % second.count))
            }
        }
    }

    /// The elements of this list, and then those of another.
    public func followed(by other: MappedInput<Element>) -> MappedInput<Element> {
        let (left, right) = (read, other.read)
        return MappedInput(shape: .concatenation([shape, other.shape]), edges: edges + other.edges) {
            context in
            let (first, second) = (try await left(context), try await right(context))
            return MappedList(count: first.count + second.count) {
                try $0 < first.count ? first.element($0) : second.element($0 - first.count)
            }
        }
    }
}

/// A list that was read, with its elements made one by one.
package struct MappedList<Element>: Sendable {
    package let count: Int
    package let element: @Sendable (Int) throws -> Element

    package init(count: Int, element: @escaping @Sendable (Int) throws -> Element) {
        self.count = count
        self.element = element
    }
}

extension TaskOutput where Value: Collection, Value.Element: Codable & Sendable {
    /// The elements of the list that the task returns, as something to map over.
    public var each: MappedInput<Value.Element> {
        let output = self
        return MappedInput(shape: .list(producer), edges: [TaskEdge(self)]) { context in
            let list = Array(try await context.value(of: output))
            return MappedList(count: list.count) { list[$0] }
        }
    }
}
