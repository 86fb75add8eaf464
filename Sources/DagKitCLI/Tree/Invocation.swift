/// A command that was called: the values of its options and arguments, and the place it works in.
public struct Invocation: Sendable {
    /// The home, configuration, store and DAGs of the deployment; each is opened when it is first asked for.
    public let workspace: Workspace
    private let values: [String: any Sendable]

    init(workspace: Workspace, values: [String: any Sendable]) {
        self.workspace = workspace
        self.values = values
    }

    /// Where to read and write.
    public var console: Console { workspace.console }

    /// The value of an option of this command.
    ///
    /// - Precondition: The command, or every command, has that option.
    public subscript<Value>(_ option: CommandOption<Value>) -> Value { value(option.spec.name) }

    /// The value of an argument of this command.
    ///
    /// - Precondition: The command has that argument.
    public subscript<Value>(_ argument: CommandArgument<Value>) -> Value { value(argument.spec.name) }

    private func value<Value>(_ name: String) -> Value {
        guard let value = values[name] as? Value else {
            preconditionFailure("command does not declare \"\(name)\" with this type")
        }
        return value
    }

    /// Writes rows to the output in the format that was asked for.
    ///
    /// - Precondition: The command has the options of ``ReportOptions/all``.
    public func show(_ report: Report) throws {
        let writer = ReportWriter(
            format: self[ReportOptions.format],
            columns: self[ReportOptions.columns].isEmpty ? nil : self[ReportOptions.columns],
            showsHeaders: !self[ReportOptions.noHeaders], width: console.width)
        for column in writer.unknownColumns(of: report) {
            let known = report.columns.map(\.key).joined(separator: ", ")
            try console.note("note: column \"\(column)\" does not exist and is left out; there are \(known)")
        }
        try console.write(writer.text(of: report))
    }
}

/// The options of commands that show rows.
public enum ReportOptions {
    public static let format = CommandOption<OutputFormat>.choice(
        "output", short: "o", "FORMAT", default: .table, "How rows are written.")
    public static let columns = CommandOption<[String]>.list(
        "columns", "NAMES", "The columns to show, parted by commas, in that order.")
    public static let noHeaders = CommandOption<Bool>.flag(
        "no-headers", "Leaves out the names of the columns.")

    /// All of them.
    public static let all: [any CommandParameter] = [format, columns, noHeaders]
}

/// The options of every command.
public enum GlobalOptions {
    static let home = CommandOption<String?>.text(
        "home", "DIR",
        "The home folder: databases, logs, keys [default: DAGKIT_HOME, AIRFLOW_HOME, .dagkit beside dags.json]."
    )
    static let set = CommandOption<[String]>(repeatedSetting) { $0 }
    static let verbose = CommandOption<Bool>.flag(
        "verbose", short: "v", "Shows the causes of an error, and more detail.")
    static let color = CommandOption<Console.ColorChoice>.choice(
        "color", "WHEN", default: .auto, "When to colour the output.")
    static let noColor = CommandOption<Bool>.flag("no-color", "The same as --color off.")

    /// Accepted for scripts that were written for Airflow, without effect.
    static let subdir = CommandOption<String?>.text("subdir", short: "S", "PATH", "Has no effect here.")
        .hidden()

    static let all: [any CommandParameter] = [home, set, verbose, color, noColor, subdir]

    private static var repeatedSetting: ParameterSpec {
        var spec = ParameterSpec(
            "set", placeholder: "SECTION.KEY=VALUE", help: "A setting for this command, before all others.")
        spec.isRepeated = true
        return spec
    }
}
