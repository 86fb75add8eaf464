import FoundationEssentials

/// What an expression stands for.
enum TemplateValue {
    case json(JSONValue)
    case instant(Date)
    case connection(Connection)
    case object(TemplateObject)
    /// Nothing: the error says why, if nothing has a default for it.
    case undefined(TemplateError)

    static func string(_ text: String) -> TemplateValue { .json(.string(text)) }

    static func integer(_ number: Int) -> TemplateValue { .json(.integer(Int64(number))) }

    /// The text that is inserted: scalars as Airflow writes them, arrays and objects as JSON.
    func text(at place: TemplateLocation) throws(TemplateError) -> String {
        switch self {
        case .json(.string(let text)): text
        case .json(.null): "None"
        case .json(.bool(let value)): value ? "True" : "False"
        case .json(let value): value.text
        case .instant(let date): date.isoText
        case .connection(let connection): connection.id
        case .object(let object): throw .notText(object.rawValue, at: place)
        case .undefined(let error): throw error
        }
    }

    /// The value as JSON; instants are their ISO 8601 text.
    func json(at place: TemplateLocation) throws(TemplateError) -> JSONValue {
        if case .json(let value) = self { return value }
        return .string(try text(at: place))
    }

    /// The value, unless there is none.
    func defined() throws(TemplateError) -> TemplateValue {
        if case .undefined(let error) = self { throw error }
        return self
    }

    /// The kind of value, for messages.
    var kind: String {
        switch self {
        case .json(let value): value.kind
        case .instant: "date"
        case .connection: "connection"
        case .object(let object): object.rawValue
        case .undefined: "nothing"
        }
    }

    /// Whether Python takes the value for true.
    var isTrue: Bool {
        switch self {
        case .json(.null), .json(.bool(false)), .json(.string("")), .json(.array([])), .json(.integer(0)),
            .undefined:
            false
        case .json(.number(let number)): number != 0
        case .json(.object(let members)): !members.isEmpty
        default: true
        }
    }
}

/// Names that have members and no text.
enum TemplateObject: String {
    case dag, task, ti, conn, macros
    case dagRun = "dag_run"
    case variables = "var"
    case variableTexts = "var.value"
    case variableTrees = "var.json"
}
