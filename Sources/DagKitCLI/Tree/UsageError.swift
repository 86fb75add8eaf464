public import DagKitCore

/// What is wrong with a command line.
public enum UsageError: DagKitError, Equatable {
    case unknownOption(String, near: String?)
    case unknownCommand(String, near: String?)
    case missingCommand
    case missingValue(option: String)
    case unexpectedValue(option: String, value: String)
    case missingArgument(String)
    case missingOption(String)
    case extraArgument(String)
    case invalidValue(String, of: String, remedy: String)
    /// Two options, or an option and an argument, that cannot go together.
    case contradiction(String, remedy: String)
    case needsConfirmation(String)

    public var problem: String {
        switch self {
        case .unknownOption(let name, _): "unknown option \"\(name)\""
        case .unknownCommand(let name, _): "unknown command \"\(name)\""
        case .missingCommand: "no command is given"
        case .missingValue(let option): "option \"\(option)\" has no value"
        case .unexpectedValue(let option, let value):
            "option \"\(option)\" takes no value, and got \"\(value)\""
        case .missingArgument(let name): "argument \"\(name)\" is missing"
        case .missingOption(let name): "option \"\(name)\" is missing"
        case .extraArgument(let text): "argument \"\(text)\" is one too many"
        case .invalidValue(let text, let name, _): "\"\(text)\" is no value of \(name)"
        case .contradiction(let what, _): what
        case .needsConfirmation(let action): "nobody can be asked whether to \(action)"
        }
    }

    public var remedy: String {
        switch self {
        case .unknownOption(_, let near?), .unknownCommand(_, let near?): "did you mean \"\(near)\"?"
        case .unknownOption: "see its help for the options"
        case .unknownCommand: "see its help for the commands"
        case .missingCommand: "name one of its commands"
        case .missingValue: "write one behind it"
        case .unexpectedValue: "leave the value out"
        case .missingArgument, .missingOption: "add it"
        case .extraArgument: "remove it, or put it in quotes with the one before"
        case .invalidValue(_, _, let remedy), .contradiction(_, let remedy): remedy
        case .needsConfirmation: "add --yes to go on without being asked"
        }
    }
}
