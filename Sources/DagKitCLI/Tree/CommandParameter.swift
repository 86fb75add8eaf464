/// Something that a command line gives a value to: an option or an argument.
public protocol CommandParameter: Sendable {
    /// How it looks to users.
    var spec: ParameterSpec { get }

    /// The value that the given texts mean; none were given where `texts` is empty.
    ///
    /// - Throws: ``ParameterError``.
    func parsed(_ texts: [String]) throws(ParameterError) -> any Sendable
}

/// How an option or argument looks to users.
public struct ParameterSpec: Sendable {
    /// The name: `output` for `--output`, `dag_id` for an argument.
    public var name: String
    public var short: Character?

    /// Other long names that are accepted, but not shown.
    public var aliases: [String] = []

    /// What stands for the value in help texts; `nil` for a flag.
    public var placeholder: String?
    public var help: String
    public var defaultText: String?

    /// The environment variable that is read if the option is not given.
    public var environment: String?
    public var choices: [String] = []
    public var isRequired = false
    public var isRepeated = false
    public var isHidden = false

    /// Whether it takes a value.
    public var takesValue: Bool { placeholder != nil }

    public init(_ name: String, short: Character? = nil, placeholder: String? = nil, help: String) {
        self.name = name
        self.short = short
        self.placeholder = placeholder
        self.help = help
    }
}

/// Why a text is no value of a parameter.
public struct ParameterError: Error, Equatable {
    /// The text that is wrong.
    public let text: String

    /// What the user can do about it.
    public let remedy: String

    public init(_ text: String, remedy: String) {
        self.text = text
        self.remedy = remedy
    }
}

/// An option, such as `--output json` or `-y`, whose value has a type.
public struct CommandOption<Value: Sendable>: CommandParameter {
    public var spec: ParameterSpec
    private let read: @Sendable ([String]) throws(ParameterError) -> Value

    /// Creates an option from a function that reads what was given.
    public init(_ spec: ParameterSpec, read: @escaping @Sendable ([String]) throws(ParameterError) -> Value) {
        self.spec = spec
        self.read = read
    }

    public func parsed(_ texts: [String]) throws(ParameterError) -> any Sendable { try read(texts) }

    /// The same option with other long names that are accepted too.
    public func aliased(_ names: String...) -> CommandOption {
        var copy = self
        copy.spec.aliases += names
        return copy
    }

    /// The same option, read from an environment variable where it is not given.
    public func environment(_ name: String) -> CommandOption {
        var copy = self
        copy.spec.environment = name
        return copy
    }

    /// The same option, without a line in help texts.
    public func hidden() -> CommandOption {
        var copy = self
        copy.spec.isHidden = true
        return copy
    }
}

extension CommandOption where Value == Bool {
    /// An option without a value: given or not.
    public static func flag(_ name: String, short: Character? = nil, _ help: String) -> CommandOption {
        CommandOption(ParameterSpec(name, short: short, help: help)) { texts throws(ParameterError) in
            guard let text = texts.last else { return false }
            guard let flag = Bool(lenient: text) else { throw ParameterError(text, remedy: "write 1 or 0") }
            return flag
        }
    }
}

extension CommandOption {
    /// An option whose text is turned into a value; `nil` if it is not given.
    public static func value<Wrapped>(
        _ name: String, short: Character? = nil, _ placeholder: String, _ help: String,
        read: @escaping @Sendable (String) throws(ParameterError) -> Wrapped
    ) -> CommandOption where Value == Wrapped? {
        let spec = ParameterSpec(name, short: short, placeholder: placeholder, help: help)
        return CommandOption(spec) { texts throws(ParameterError) in
            guard let text = texts.last else { return nil }
            return try read(text)
        }
    }

    /// An option whose text is turned into a value; it must be given.
    public static func required(
        _ name: String, short: Character? = nil, _ placeholder: String, _ help: String,
        read: @escaping @Sendable (String) throws(ParameterError) -> Value
    ) -> CommandOption {
        var spec = ParameterSpec(name, short: short, placeholder: placeholder, help: help)
        spec.isRequired = true
        return CommandOption(spec) { texts throws(ParameterError) in
            // The parser has refused a command line that lacks a required option.
            try read(texts.last ?? "")
        }
    }
}

extension CommandOption where Value == String? {
    /// An option that is a text; `nil` if it is not given.
    public static func text(
        _ name: String, short: Character? = nil, _ placeholder: String, _ help: String
    ) -> CommandOption {
        .value(name, short: short, placeholder, help) { $0 }
    }
}

extension CommandOption where Value == [String] {
    /// An option that may be given many times, or with several texts parted by commas.
    public static func list(
        _ name: String, short: Character? = nil, _ placeholder: String, _ help: String
    ) -> CommandOption {
        var spec = ParameterSpec(name, short: short, placeholder: placeholder, help: help)
        spec.isRepeated = true
        return CommandOption(spec) { texts in
            texts.flatMap { $0.split(separator: ",").map(String.init) }
        }
    }
}

extension CommandOption where Value == Int {
    /// An option that is a whole number.
    public static func integer(
        _ name: String, short: Character? = nil, _ placeholder: String = "N", default other: Int,
        in range: ClosedRange<Int> = 0...Int.max, _ help: String
    ) -> CommandOption {
        var spec = ParameterSpec(name, short: short, placeholder: placeholder, help: help)
        spec.defaultText = String(other)
        return CommandOption(spec) { texts throws(ParameterError) in
            guard let text = texts.last else { return other }
            guard let number = Int(text), range.contains(number) else {
                let bounds =
                    range.upperBound == .max
                    ? "from \(range.lowerBound) on" : "\(range.lowerBound) to \(range.upperBound)"
                throw ParameterError(text, remedy: "write a whole number, \(bounds)")
            }
            return number
        }
    }
}

extension CommandOption where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// An option that is one of the cases of a type.
    public static func choice(
        _ name: String, short: Character? = nil, _ placeholder: String, default other: Value, _ help: String
    ) -> CommandOption {
        let choices = Value.allCases.map(\.rawValue)
        var spec = ParameterSpec(name, short: short, placeholder: placeholder, help: help)
        spec.defaultText = other.rawValue
        spec.choices = choices
        return CommandOption(spec) { texts throws(ParameterError) in
            guard let text = texts.last else { return other }
            guard let value = Value(rawValue: text) else {
                throw ParameterError(text, remedy: "write one of \(choices.joined(separator: ", "))")
            }
            return value
        }
    }
}

/// An argument: what a command line gives by its place.
public struct CommandArgument<Value: Sendable>: CommandParameter {
    public var spec: ParameterSpec
    private let read: @Sendable ([String]) throws(ParameterError) -> Value

    /// Creates an argument from a function that reads what was given.
    public init(_ spec: ParameterSpec, read: @escaping @Sendable ([String]) throws(ParameterError) -> Value) {
        self.spec = spec
        self.read = read
    }

    public func parsed(_ texts: [String]) throws(ParameterError) -> any Sendable { try read(texts) }

    /// An argument that must be given.
    public static func required(
        _ name: String, _ help: String, read: @escaping @Sendable (String) throws(ParameterError) -> Value
    ) -> CommandArgument {
        var spec = ParameterSpec(name, placeholder: name, help: help)
        spec.isRequired = true
        return CommandArgument(spec) { texts throws(ParameterError) in
            // The parser has refused a command line that lacks a required argument.
            try read(texts.first ?? "")
        }
    }

    /// An argument that may be left out.
    public static func optional<Wrapped>(
        _ name: String, _ help: String, read: @escaping @Sendable (String) throws(ParameterError) -> Wrapped
    ) -> CommandArgument where Value == Wrapped? {
        CommandArgument(ParameterSpec(name, placeholder: name, help: help)) { texts throws(ParameterError) in
            guard let text = texts.first else { return nil }
            return try read(text)
        }
    }
}

extension CommandArgument where Value == String {
    /// A text that must be given.
    public static func text(_ name: String, _ help: String) -> CommandArgument {
        .required(name, help) { $0 }
    }
}

extension CommandArgument where Value == [String] {
    /// All that is left of the command line.
    public static func rest(_ name: String, _ help: String) -> CommandArgument {
        var spec = ParameterSpec(name, placeholder: name, help: help)
        spec.isRepeated = true
        return CommandArgument(spec) { $0 }
    }
}

extension Bool {
    /// The truth value that a configuration or environment means by a word.
    init?(lenient text: String) {
        switch text.lowercased() {
        case "1", "true", "t", "yes", "y", "on": self = true
        case "0", "false", "f", "no", "n", "off", "": self = false
        default: return nil
        }
    }
}
