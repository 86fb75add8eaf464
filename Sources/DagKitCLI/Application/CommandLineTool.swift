public import DagKitCore
import DagKitProviders

/// The whole command line for an executable with DAGs of its own.
///
/// ```swift
/// import DagKit
/// import DagKitCLI
///
/// await CommandLineTool(dags: [Hello()]).main()
/// ```
public struct CommandLineTool: Sendable {
    /// The DAGs that are compiled into the executable.
    public let dags: [any DAG]

    /// The name under which the executable's DAGs are registered.
    public let bundle: String

    /// What others add: commands, settings, services.
    public let extensions: [CommandLineExtension]

    /// The operators that dags.json may name.
    let operators: OperatorRegistry

    /// Creates the command line.
    ///
    /// - Parameter bundle: The name of the executable; that of its file unless given. It must stay the same from version to
    ///   version, since a scheduler deactivates DAGs of its own bundle that it no longer has.
    public init(
        dags: [any DAG], bundle: String? = nil, extensions: [CommandLineExtension] = []
    ) {
        self.dags = dags
        self.bundle = bundle ?? Self.fileName(CommandLine.arguments.first ?? "dagctl")
        self.extensions = extensions
        var operators = OperatorRegistry.standard
        for one in extensions { one.operators(&operators) }
        self.operators = operators
    }

    /// Runs one command.
    ///
    /// - Parameter program: The name that the user called; messages show it.
    package func run(program: String, arguments: [String], system: HostView, console: Console) async
        -> ExitCode
    {
        let root = commandTree(program: program)
        var parser = CommandParser(root: root, globals: GlobalOptions.all, environment: system.environment)
        do throws(UsageError) {
            switch try parser.parse(arguments) {
            case .help: return show(parser.path, program, console)
            case .run(let command, let values):
                return await run(
                    command, values, path: parser.path, program: program, system: system, console: console)
            }
        } catch {
            if arguments.isEmpty, console.terminals.contains(.output) {
                return show(parser.path, program, console)
            }
            let help = HelpText(program: program, path: parser.path, globals: GlobalOptions.all)
            let report = ErrorReport(program: program, console: console, isVerbose: false)
            return report.show(error, usage: help.usage)
        }
    }

    private func run(
        _ command: CLICommand, _ values: [String: any Sendable], path: [CLICommand], program: String,
        system: HostView,
        console: Console
    ) async -> ExitCode {
        let globals = Invocation(
            workspace: Workspace(tool: self, system: system, console: console), values: values)
        let choice = globals[GlobalOptions.noColor] ? .off : globals[GlobalOptions.color]
        let console = console.coloring(choice, environment: system.environment)
        let workspace = Workspace(
            tool: self, system: system, console: console, homeFlag: globals[GlobalOptions.home],
            settingFlags: globals[GlobalOptions.set])
        let report = ErrorReport(
            program: program, console: console, isVerbose: globals[GlobalOptions.verbose])
        let code: ExitCode
        do {
            guard let handler = command.handler else { throw UsageError.missingCommand }
            code = try await handler(Invocation(workspace: workspace, values: values))
        } catch {
            let usage = HelpText(program: program, path: path, globals: GlobalOptions.all).usage
            code = report.show(error, usage: error is UsageError ? usage : nil)
        }
        await workspace.close()
        return code
    }

    private func show(_ path: [CLICommand], _ program: String, _ console: Console) -> ExitCode {
        let help = HelpText(
            program: program, path: path, globals: GlobalOptions.all, width: min(console.width ?? 100, 110))
        do {
            try console.write(help.text)
            return .success
        } catch {
            return ErrorReport(program: program, console: console, isVerbose: false).show(error)
        }
    }

    static func fileName(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? "dagctl"
    }
}

/// What a package adds to the command line of an executable.
public struct CommandLineExtension: Sendable {
    public var commands: [CLICommand]
    public var configurationKeys: [ConfigurationKey]

    /// More names of the environment that hold a variable, by the variable's key.
    public var variableNames: [String: String]

    /// Adds operators that dags.json may name.
    public var operators: @Sendable (inout OperatorRegistry) -> Void

    /// Adds services that tasks ask for by their type.
    public var services: @Sendable (inout TaskServices) async throws -> Void

    public init(
        commands: [CLICommand] = [], configurationKeys: [ConfigurationKey] = [],
        variableNames: [String: String] = [:],
        operators: @escaping @Sendable (inout OperatorRegistry) -> Void = { _ in },
        services: @escaping @Sendable (inout TaskServices) async throws -> Void = { _ in }
    ) {
        self.commands = commands
        self.configurationKeys = configurationKeys
        self.variableNames = variableNames
        self.operators = operators
        self.services = services
    }
}
