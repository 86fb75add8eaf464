/// The value that a task will produce, typed before the task has run.
///
/// A handle exists only after its task was declared, so the order of declaration is an order of execution and a
/// cycle cannot be written.
public struct TaskOutput<Value: Codable & Sendable>: Sendable, Upstream {
    public let producer: TaskID

    /// How the stored output becomes a `Value`.
    package let shape: OutputShape

    /// What graphs write beside the edge to a reader.
    package let label: String?

    package init(producer: TaskID, shape: OutputShape = .single, label: String? = nil) {
        self.producer = producer
        self.shape = shape
        self.label = label
    }

    public var links: [UpstreamLink] { [UpstreamLink(.task(producer), label: label)] }

    /// The same output with a label, which graphs write beside the edge to its reader.
    public func labelled(_ label: String) -> TaskOutput {
        TaskOutput(producer: producer, shape: shape, label: label)
    }

    /// The output where the task succeeded, `nil` where it did not.
    ///
    /// Under a trigger rule that can start a task without the success of its upstream, only this may be read.
    public var ifSuccessful: TaskOutput<Value?> {
        TaskOutput<Value?>(
            producer: producer, shape: shape.ifSuccessful, label: label)
    }
}

/// How the outputs that a store holds for a task become the one value that a reader gets.
package enum OutputShape: String, Codable, Sendable {
    /// The return value of a task that is not mapped; it must exist.
    case single
    /// The same, `nil` where the task did not succeed or returned nothing.
    case ifSuccessful
    /// The return values of all instances of a mapped task, by index.
    case gathered
    /// The same, `nil` where the task has no output at all.
    case gatheredIfSuccessful
    /// The return value of the instance with the reader's own index, in a mapped group.
    case sameIndex
    /// The same, `nil` where that instance did not succeed or returned nothing.
    case sameIndexIfSuccessful
    /// The element with the reader's own index of the list that a task returned.
    case element
    /// The return value of the instance with the reader's own place among those of a mapped task.
    case gatheredElement

    /// The shape for a reader that accepts that there is no output.
    package var ifSuccessful: OutputShape {
        switch self {
        case .single: .ifSuccessful
        case .gathered: .gatheredIfSuccessful
        case .sameIndex: .sameIndexIfSuccessful
        default: self
        }
    }

    /// Whether the reader must be an instance of a mapped group.
    package var needsIndex: Bool {
        switch self {
        case .sameIndex, .sameIndexIfSuccessful, .element, .gatheredElement: true
        default: false
        }
    }

    /// Whether the reader accepts that there is no output.
    package var isOptional: Bool {
        self == .ifSuccessful || self == .gatheredIfSuccessful || self == .sameIndexIfSuccessful
    }
}

/// The value of a task that returns nothing.
public struct None: Codable, Hashable, Sendable {
    public init() {}
}

/// An operator's argument: a constant, or the output of another task, which then also draws the edge to it.
///
/// ```swift
/// EmailOperator(to: ["team@example.org"], subject: "Report for {{ ds }}", html: .output(report))
/// ```
public enum Input<Value: Codable & Sendable>: Sendable {
    case value(Value)
    case output(TaskOutput<Value>)
}

extension Input: ExpressibleByUnicodeScalarLiteral where Value == String {
    public init(unicodeScalarLiteral value: String) { self = .value(value) }
}
extension Input: ExpressibleByExtendedGraphemeClusterLiteral where Value == String {
    public init(extendedGraphemeClusterLiteral value: String) { self = .value(value) }
}
extension Input: ExpressibleByStringLiteral where Value == String {
    public init(stringLiteral value: String) { self = .value(value) }
}

/// An ``Input`` of any type, as an ``Operator`` lists it so that its edge can be drawn.
public protocol AnyInput: Sendable {
    /// The task that the input is read from; `nil` for a constant.
    var producer: TaskID? { get }

    /// Whether the reader accepts that the task has no output.
    var isOptional: Bool { get }
}

extension Input: AnyInput {
    public var producer: TaskID? {
        switch self {
        case .value: nil
        case .output(let output): output.producer
        }
    }

    public var isOptional: Bool {
        switch self {
        case .value: true
        case .output(let output): output.shape.isOptional
        }
    }
}
