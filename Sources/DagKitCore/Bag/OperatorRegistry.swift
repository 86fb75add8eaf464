/// The operators that documents such as `dags.json` may name, and how their work is made.
///
/// ```swift
/// var registry = OperatorRegistry()
/// registry.register("shell", keys: ["command", "env"]) { declaration in
///     TaskWork(try ShellOperator(declaration: declaration))
/// }
/// ```
///
/// A worker makes the work of a declared task from the same registry and the declaration in its order.
public struct OperatorRegistry: Sendable {
    /// Makes the work of a task from its declaration: the operator's keys and values.
    public typealias Factory = @Sendable (JSONValue) throws -> TaskWork

    private var entries: [String: Entry] = [:]

    private struct Entry: Sendable {
        let keys: Set<String>
        let make: Factory
    }

    public init() {}

    /// Adds an operator, or replaces the one of the same name.
    ///
    /// - Parameters:
    ///   - keys: The keys that a task of this operator may have besides those of every task.
    ///   - make: Throws a ``DagKitError`` for a declaration that it cannot use.
    public mutating func register(_ name: String, keys: Set<String>, make: @escaping Factory) {
        entries[name] = Entry(keys: keys, make: make)
    }

    /// The names of the operators, sorted.
    public var names: [String] { entries.keys.sorted() }

    /// The keys of an operator; `nil` if there is none of that name.
    public func keys(of name: String) -> Set<String>? { entries[name]?.keys }

    /// Makes the work of a declared task.
    ///
    /// - Parameter declaration: An object with the operator's name under `operator`.
    /// - Throws: ``DeclarationError``, or what the operator finds wrong.
    public func work(of declaration: JSONValue) throws -> TaskWork {
        guard let name = declaration["operator"]?.string else { throw DeclarationError.noOperator }
        guard let entry = entries[name] else {
            throw DeclarationError.unknownOperator(
                name, near: NearMiss.nearest(to: name, among: entries.keys))
        }
        return try entry.make(declaration)
    }
}

/// Why the work of a declared task cannot be made.
public enum DeclarationError: DagKitError, Equatable {
    case noOperator
    case unknownOperator(String, near: String?)
    case missing(key: String, operator: String)
    case wrongKind(key: String, found: String, expected: String)

    public var problem: String {
        switch self {
        case .noOperator: "the task names no operator"
        case .unknownOperator(let name, _): "operator \"\(name)\" does not exist"
        case .missing(let key, let name): "a task of operator \"\(name)\" needs \"\(key)\""
        case .wrongKind(let key, let found, let expected): "\"\(key)\" is \(found), not \(expected)"
        }
    }

    public var remedy: String {
        switch self {
        case .noOperator: "add \"operator\""
        case .unknownOperator(_, let near):
            near.map { "did you mean \"\($0)\"?" } ?? "use one that this executable has"
        case .missing(let key, _): "add \"\(key)\""
        case .wrongKind(_, _, let expected): "write \(expected)"
        }
    }
}
