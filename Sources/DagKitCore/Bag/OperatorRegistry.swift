/// The operators and notifiers that documents such as `dags.json` may name, and how they are made.
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

    /// Makes a notifier from what its callback declares under its name.
    public typealias NotifierFactory = @Sendable (JSONValue) throws -> any Notifier

    private var entries: [String: Entry] = [:]
    private var notifiers: [String: NotifierFactory] = [:]

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

    /// Adds a notifier, or replaces the one of the same name.
    ///
    /// - Parameter make: Throws a ``DagKitError`` for words that it cannot use.
    public mutating func registerNotifier(_ name: String, make: @escaping NotifierFactory) {
        notifiers[name] = make
    }

    /// The names of the notifiers, sorted.
    public var notifierNames: [String] { notifiers.keys.sorted() }

    /// Makes a declared notifier.
    ///
    /// - Parameter declaration: An object whose one key is the notifier's name.
    /// - Throws: ``DeclarationError``, or what the notifier finds wrong.
    public func notifier(of declaration: JSONValue) throws -> any Notifier {
        guard let (name, words) = declaration.object?.first else {
            throw DeclarationError.noNotifier(notifierNames)
        }
        guard let make = notifiers[name] else {
            throw DeclarationError.unknownNotifier(
                name, near: NearMiss.nearest(to: name, among: notifierNames))
        }
        try Self.requireNoNUL(words, at: name)
        return try make(words)
    }

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
        try Self.requireNoNUL(declaration, at: "")
        return try entry.make(declaration)
    }

    /// A text that becomes one of C ends at its first NUL character: of a command, the rest would not run.
    private static func requireNoNUL(_ value: JSONValue, at path: String) throws(DeclarationError) {
        switch value {
        case .string(let text): if text.utf8.contains(0) { throw .holdsNUL(key: path) }
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                try requireNoNUL(element, at: "\(path)[\(index)]")
            }
        case .object(let members):
            for (key, member) in members.sorted(by: { $0.key < $1.key }) {
                let place = path.isEmpty ? key : "\(path).\(key)"
                if key.utf8.contains(0) { throw .holdsNUL(key: place.replacing("\0", with: "\\u0000")) }
                try requireNoNUL(member, at: place)
            }
        default: break
        }
    }
}

/// Why the work of a declared task cannot be made.
public enum DeclarationError: DagKitError, Equatable {
    case noOperator
    case noNotifier([String])
    case unknownNotifier(String, near: String?)
    case unknownOperator(String, near: String?)
    case missing(key: String, operator: String)
    case missingKey(String, of: String)
    case unknownKey(String, of: String, near: String?)
    case wrongKind(key: String, found: String, expected: String)
    /// A name or a text has a character that no text of the operating system can have.
    case holdsNUL(key: String)

    public var problem: String {
        switch self {
        case .noOperator: "the task names no operator"
        case .noNotifier: "the callback names nobody who is told"
        case .unknownNotifier(let name, _): "notifier \"\(name)\" does not exist"
        case .unknownOperator(let name, _): "operator \"\(name)\" does not exist"
        case .missing(let key, let name): "a task of operator \"\(name)\" needs \"\(key)\""
        case .missingKey(let key, let name): "\"\(name)\" needs \"\(key)\""
        case .unknownKey(let key, let name, _): "\"\(name)\" has no key \"\(key)\""
        case .wrongKind(let key, let found, let expected): "\"\(key)\" is \(found), not \(expected)"
        case .holdsNUL(let key): "\"\(key)\" holds a NUL character (\\u0000)"
        }
    }

    public var remedy: String {
        switch self {
        case .noOperator: "add \"operator\""
        case .noNotifier(let names): "add one of \(names.joined(separator: ", "))"
        case .unknownNotifier(_, let near), .unknownOperator(_, let near):
            near.map { "did you mean \"\($0)\"?" } ?? "use one that this executable has"
        case .unknownKey(_, _, let near): near.map { "did you mean \"\($0)\"?" } ?? "remove it"
        case .missing(let key, _), .missingKey(let key, _): "add \"\(key)\""
        case .wrongKind(_, _, let expected): "write \(expected)"
        case .holdsNUL: "take it out: the text would end there"
        }
    }
}
