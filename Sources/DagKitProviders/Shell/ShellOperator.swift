public import DagKitCore
import DagKitSystem

/// Runs a command and returns the last line that it wrote to its standard output.
///
/// ```swift
/// dag.task("disk_report", run: ShellOperator("df -h {{ params.path }} | tail -n 1"))
/// dag.task("convert", run: ShellOperator(
///     program: "pg_dump", arguments: ["--schema-only", "crypto"], environment: ["PGUSER": "{{ conn.pg.login }}"]))
/// ```
///
/// Every line of the command goes into the attempt's log. The command succeeds with status 0 and is skipped with
/// ``skipStatus``; everything else fails the try. When the attempt is ended, by its timeout or somebody's wish, the command
/// and all that it started are asked to end, once, and killed after the grace (``AttemptEnd/grace``, or ``grace`` where the
/// attempt has no worker process).
///
/// A last line that is longer than an output may be (``EncodedOutput/maximumBytes``) fails the task: end such a script with
/// a line of its own (`echo; echo done`), or let it write to a file and print the file's name.
///
/// Script, arguments and the values of the environment are templates. What others may choose (`dag_run.conf`) belongs into
/// the environment, where a shell does not read it as part of the script.
public struct ShellOperator: Operator {
    /// What is run: a program with its arguments, or a script for `sh -c`.
    private enum Work: Sendable {
        case script(Input<String>)
        case program(String, arguments: [Input<String>])
    }

    private let work: Work

    /// Variables that the command gets beside those of this process.
    public var environment: [String: String]

    /// The folder that the command starts in; `nil` for that of this process.
    public var folder: String?

    /// The status with which a command says that there is nothing to do; `nil` for none.
    public var skipStatus: Int?

    /// How long a command may take to end once it is asked to, where the task itself asks it: in an attempt that has no worker
    /// process, and in a task that cancels a part of its work.
    public var grace: Duration

    /// Creates the operator for a script of `sh`.
    public init(
        _ script: Input<String>, environment: [String: String] = [:], folder: String? = nil,
        skipStatus: Int? = 99,
        grace: Duration = AttemptEnd.grace
    ) {
        self.init(.script(script), environment, folder, skipStatus, grace)
    }

    /// Creates the operator for a program, which gets its arguments as they are: no shell reads them.
    public init(
        program: String, arguments: [Input<String>] = [], environment: [String: String] = [:],
        folder: String? = nil, skipStatus: Int? = 99, grace: Duration = AttemptEnd.grace
    ) {
        self.init(.program(program, arguments: arguments), environment, folder, skipStatus, grace)
    }

    private init(
        _ work: Work, _ environment: [String: String], _ folder: String?, _ skipStatus: Int?,
        _ grace: Duration
    ) {
        self.work = work
        self.environment = environment
        self.folder = folder
        self.skipStatus = skipStatus
        self.grace = grace
    }

    public var inputs: [any AnyInput] {
        switch work {
        case .script(let script): [script]
        case .program(_, let arguments): arguments
        }
    }

    public var templates: [TemplateField] {
        let command: [TemplateField?] =
            switch work {
            case .script(let script): [script.template("script")]
            case .program(_, let arguments):
                arguments.enumerated().map { $0.element.template("arguments[\($0.offset)]") }
            }
        let variables = environment.sorted { $0.key < $1.key }.map {
            TemplateField("environment.\($0.key)", $0.value)
        }
        return command.compactMap { $0 } + variables
    }

    public func execute(in context: TaskContext) async throws -> String {
        var variables = CurrentProcess.environment.merging(Self.variables(of: context)) { $1 }
        for (name, value) in environment { variables[name] = try await context.render(value) }
        let group = context.services[AttemptProcessGroup.self]
        let (program, arguments) = try await program(in: context)
        // A group of its own: a script may signal its group, as with `kill 0`, and mean itself alone.
        var command = Command(program, arguments, environment: variables, folder: folder, separation: .group)
        command.ownsGroup = group == nil
        let run: ShellRun
        do {
            run = try ShellRun(command, grace: grace) {
                group?.isEnding() ?? false
            } tell: { line in
                if let group { return group.print(line) }
                context.logger.info(LinePipe.text(line), fileID: "ShellOperator.swift")
            }
        } catch {
            if error.isShortage, Self.isAll(of: context.attempt) { group?.noteShortage("\(error)") }
            throw error
        }
        let exit = try await run.end()
        if exit.tellsOfKill { group?.noteKill() }
        switch exit.reason {
        case .exited(0): return try run.lastLine
        case .exited(let status) where Int(status) == skipStatus:
            throw TaskSkip("the command ended with status \(status)")
        default: throw ShellError.failed(ending: exit.description)
        }
    }

    /// Whether the task does nothing but run this operator.
    private static func isAll(of attempt: AttemptOrder) -> Bool {
        ["shell", operatorName].contains(attempt.operatorName)
    }

    private func program(in context: TaskContext) async throws -> (name: String, arguments: [String]) {
        switch work {
        case .script(let script): return ("/bin/sh", ["-c", try await context.text(of: script)])
        case .program(let name, let inputs):
            var arguments: [String] = []
            for input in inputs { arguments.append(try await context.text(of: input)) }
            return (name, arguments)
        }
    }

    /// What a command may want to know of its attempt, under our names and those that Airflow's commands know.
    private static func variables(of context: TaskContext) -> [String: String] {
        let facts = [
            "DAG_ID": context.dagID.rawValue, "DAG_RUN_ID": context.runID.rawValue,
            "TASK_ID": context.taskID.rawValue, "TRY_NUMBER": "\(context.tryNumber)",
            "MAP_INDEX": "\(context.mapIndex)",
        ]
        var variables: [String: String] = [:]
        for (name, value) in facts {
            variables["DAGKIT_CTX_\(name)"] = value
            variables["AIRFLOW_CTX_\(name)"] = value
        }
        variables["DAGKIT_HOME"] = context.services.home
        return variables
    }
}

/// Why a command did not succeed.
public enum ShellError: DagKitError, Equatable {
    /// `ending` is `exit 3` or `signal 9 (killed)`.
    case failed(ending: String)

    public var problem: String {
        switch self {
        case .failed(let ending): "the command ended with \"\(ending)\""
        }
    }

    public var remedy: String {
        switch self {
        case .failed("exit 126"), .failed("exit 127"): "check that its programs exist and may be executed"
        case .failed: "read the lines that it wrote above"
        }
    }
}
