/// A command, or a group of commands, of the command line: a value that help, parser and completion read.
///
/// ```swift
/// let limit = CommandOption.integer("limit", short: "n", default: 10, "How many runs to show.")
/// let list = CLICommand("list", "Lists the runs of a DAG.", options: [limit]) { call in
///     try call.console.print("\(call[limit]) runs at most")
///     return .success
/// }
/// ```
public struct CLICommand: Sendable {
    /// Does the work of a command.
    public typealias Handler = @Sendable (Invocation) async throws -> ExitCode

    /// A command line worth showing, and what it does.
    public struct Example: Sendable {
        public let line: String
        public let about: String

        public init(_ line: String, _ about: String) {
            self.line = line
            self.about = about
        }
    }

    public let name: String

    /// Other names that are accepted, but not shown.
    public let aliases: [String]

    /// What it does: one sentence.
    public let abstract: String

    /// What else one should know; paragraphs.
    public let discussion: String

    /// Command lines, without the program's name.
    public let examples: [Example]
    public let arguments: [any CommandParameter]
    public let options: [any CommandParameter]
    public let subcommands: [CLICommand]

    /// The heading under which the group above lists it.
    public let section: String
    public let isHidden: Bool

    /// The exit statuses beside 0, 1 and 2 that it uses.
    public let exitCodes: [ExitCode]
    public let handler: Handler?

    /// Creates a command.
    public init(
        _ name: String, aliases: [String] = [], _ abstract: String, discussion: String = "",
        examples: [Example] = [], arguments: [any CommandParameter] = [],
        options: [any CommandParameter] = [], section: String = "", isHidden: Bool = false,
        exitCodes: [ExitCode] = [], run handler: @escaping Handler
    ) {
        self.name = name
        self.aliases = aliases
        self.abstract = abstract
        self.discussion = discussion
        self.examples = examples
        self.arguments = arguments
        self.options = options
        self.subcommands = []
        self.section = section
        self.isHidden = isHidden
        self.exitCodes = exitCodes
        self.handler = handler
    }

    /// Creates a group of commands.
    public init(
        group name: String, aliases: [String] = [], _ abstract: String, discussion: String = "",
        examples: [Example] = [], section: String = "", isHidden: Bool = false, subcommands: [CLICommand]
    ) {
        self.name = name
        self.aliases = aliases
        self.abstract = abstract
        self.discussion = discussion
        self.examples = examples
        self.arguments = []
        self.options = []
        self.subcommands = subcommands
        self.section = section
        self.isHidden = isHidden
        self.exitCodes = []
        self.handler = nil
    }

    /// The subcommand called `name`, by its own name or an alias.
    func subcommand(_ name: String) -> CLICommand? {
        subcommands.first { $0.name == name || $0.aliases.contains(name) }
    }
}
