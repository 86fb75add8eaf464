import DagKitCore
import FoundationEssentials

/// Arguments and options that several commands have.
enum SharedParameters {
    static let dagID = CommandArgument<DAGID>.required("dag_id", "The id of the DAG.", read: identifier)
    static let taskID = CommandArgument<TaskID>.required("task_id", "The id of the task.", read: identifier)

    static let runReference = CommandArgument<RunReference>.required(
        "logical_date_or_run_id", "The logical date of the run, in ISO 8601, or its id.", read: runReference)

    static let optionalRunReference = CommandArgument<RunReference?>.optional(
        "logical_date_or_run_id", "The logical date to run for, or the id of a run; now unless given.",
        read: runReference)

    static let confirmed = CommandOption<Bool>.flag("yes", short: "y", "Goes on without asking.")

    static let conf = CommandOption<JSONValue?>.value(
        "conf", short: "c", "JSON", "What the run is given: a JSON object that goes over the DAG's params."
    ) { text throws(ParameterError) in try object(text) }

    static let mapIndex = CommandOption<Int>.integer(
        "map-index", "N", default: -1, in: -1...Int.max,
        "The instance of a mapped task; -1 for one that is not mapped.")

    /// The output format of commands that say one line unless they are asked for more.
    static let format = CommandOption<OutputFormat?>.value(
        "output", short: "o", "FORMAT",
        "Shows the result as \(OutputFormat.allCases.map(\.rawValue).joined(separator: ", "))."
    ) { text throws(ParameterError) in
        guard let format = OutputFormat(rawValue: text) else {
            let formats = OutputFormat.allCases.map(\.rawValue).joined(separator: ", ")
            throw ParameterError(text, remedy: "write one of \(formats)")
        }
        return format
    }

    static func identifier<ID: Identifier>(_ text: String) throws(ParameterError) -> ID {
        do throws(IdentifierError) {
            return try ID(checking: text)
        } catch {
            throw ParameterError(text, remedy: error.remedy)
        }
    }

    static func instant(_ text: String) throws(ParameterError) -> Date {
        do throws(InstantTextError) {
            return try Date(isoText: text)
        } catch {
            throw ParameterError(text, remedy: error.remedy)
        }
    }

    static func object(_ text: String) throws(ParameterError) -> JSONValue {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(parsing: text)
        } catch {
            throw ParameterError(text, remedy: "mend the JSON: \(error)")
        }
        guard value.object != nil else {
            throw ParameterError(text, remedy: "write a JSON object, such as {\"a\": 1}")
        }
        return value
    }

    private static func runReference(_ text: String) throws(ParameterError) -> RunReference {
        if let date = try? Date(isoText: text) { return .logicalDate(date) }
        return .runID(try identifier(text))
    }
}

/// How a user names a run.
enum RunReference: Hashable, Sendable {
    case logicalDate(Date)
    case runID(RunID)
}

extension Invocation {
    /// The metadata store if there is a database; `nil` where it would have to be made first.
    func storeIfPresent() async throws -> (any MetadataStore)? {
        guard workspace.system.databases.exists(try workspace.databasePlace()) else { return nil }
        return try await workspace.store()
    }

    /// Tells of the rows that a list has left out.
    ///
    /// - Throws: ``UnreadableRow``, if there is any, so that the command ends as one that has read it.
    func tell(_ leftOut: LeftOutRows) throws {
        let rows = leftOut.takeAll()
        for row in rows.dropFirst() { try console.note("\(row)") }
        if let first = rows.first { throw first }
    }

    /// The run that a user named; `nil` if the DAG has none such.
    func run(_ reference: RunReference, of dag: DAGID, in store: any MetadataStore) async throws -> DAGRun? {
        switch reference {
        case .runID(let id): try await store.snapshot(of: RunKey(dag, id))?.run
        case .logicalDate(let date):
            try await store.runs(RunQuery(dagID: dag, logicalDate: date, limit: 1)).first
        }
    }

    /// Refuses a DAG that neither the executable nor the store has.
    ///
    /// - Throws: ``CommandError/noDAG(_:near:)``.
    func requireDAG(_ id: DAGID, in store: (any MetadataStore)?) async throws {
        let own = try workspace.dags()
        if own.specs.contains(where: { $0.id == id }) || own.bag.problems[id] != nil { return }
        if try await store?.dag(id) != nil { return }
        let others = try await store?.dags(includingInactive: true).map(\.id.rawValue) ?? []
        let names = own.specs.map(\.id.rawValue) + others
        throw CommandError.noDAG(id.rawValue, near: NearMiss.nearest(to: id.rawValue, among: names))
    }

    /// Refuses a conf that the DAG's params cannot have.
    ///
    /// - Throws: ``CommandError/invalidParams(_:problems:)`` with all that is wrong.
    func checkParams(_ conf: JSONValue?, of spec: DAGSpec) throws(CommandError) {
        let problems = spec.configuration.problems(withConf: conf ?? .object([:]))
        if !problems.isEmpty { throw .invalidParams(spec.id, problems: problems) }
    }

    /// The task of a DAG of this executable.
    ///
    /// - Throws: ``CommandError/noTask(_:dag:near:)``.
    func task(_ id: TaskID, of spec: DAGSpec) throws(CommandError) -> TaskSpec {
        if let task = spec.task(id) { return task }
        let near = NearMiss.nearest(to: id.rawValue, among: spec.tasks.map(\.id.rawValue))
        throw .noTask(id.rawValue, dag: spec.id, near: near)
    }

    /// Asks for consent to something that cannot be undone.
    ///
    /// - Throws: ``UsageError/needsConfirmation(_:)`` if nobody can be asked.
    func confirm(_ action: String, given flag: CommandOption<Bool>) throws -> Bool {
        if self[flag] { return true }
        guard console.inputIsTerminal, console.terminals.contains(.error) else {
            throw UsageError.needsConfirmation(action)
        }
        try console.ask("\(action)? [y/N] ")
        return ["y", "yes"].contains(try console.readAnswer().lowercased())
    }

    /// Writes one line, or the report if the user asked for a format.
    func acknowledge(_ line: String, _ report: @autoclosure () -> Report) throws {
        guard let format = self[SharedParameters.format] else { return try console.note(line) }
        try console.write(ReportWriter(format: format, width: console.width).text(of: report()))
    }
}

extension JSONValue {
    /// A text, or null.
    static func text(_ text: String?) -> JSONValue { text.map(JSONValue.string) ?? .null }

    /// An instant as ISO 8601, or null.
    static func instant(_ instant: Date?) -> JSONValue { text(instant?.isoText) }

    /// A list of texts.
    static func texts(_ texts: some Sequence<String>) -> JSONValue { .array(texts.map(JSONValue.string)) }

    /// A count.
    static func count(_ number: Int?) -> JSONValue { number.map { .integer(Int64($0)) } ?? .null }
}
