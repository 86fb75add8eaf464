/// The params of a DAG as a Swift type: its properties are the params, their initial values the defaults.
///
/// ```swift
/// struct LoadParams: DAGParams {
///     enum Mode: String, Codable, CaseIterable { case full, quick }
///
///     var limit = 100
///     var mode = Mode.full
///     var day = "2026-01-01"
///
///     static var rules: [ParamRule] {
///         [.range("limit", 1...1000), .oneOf("mode", Mode.self), .format("day", "date")]
///     }
/// }
///
/// DAGConfiguration("load", params: .of(LoadParams()))
/// let params = try context.params(as: LoadParams.self)
/// ```
///
/// What a trigger hands over is checked against the types of the defaults and the rules before a run exists.
public protocol DAGParams: Codable, Sendable {
    /// What must hold of the params besides their types.
    static var rules: [ParamRule] { get }
}

extension DAGParams {
    public static var rules: [ParamRule] { [] }
}

/// What must hold of one param.
public struct ParamRule: Hashable, Sendable {
    /// The name of the param, as it is in JSON.
    public let name: String

    /// Words of a ``JSONSchema``.
    let words: [String: JSONValue]

    /// Any words of a ``JSONSchema``.
    public static func schema(_ name: String, _ words: [String: JSONValue]) -> ParamRule {
        ParamRule(name: name, words: words)
    }

    /// The lowest and highest value, both allowed.
    public static func range(_ name: String, _ range: ClosedRange<Int>) -> ParamRule {
        schema(
            name,
            ["minimum": .integer(Int64(range.lowerBound)), "maximum": .integer(Int64(range.upperBound))])
    }

    /// The lowest and highest value, both allowed.
    public static func range(_ name: String, _ range: ClosedRange<Double>) -> ParamRule {
        schema(name, ["minimum": .number(range.lowerBound), "maximum": .number(range.upperBound)])
    }

    /// The texts that are allowed.
    public static func oneOf(_ name: String, _ values: [String]) -> ParamRule {
        schema(name, ["enum": .array(values.map(JSONValue.string))])
    }

    /// The cases of an enumeration.
    public static func oneOf<Choice: RawRepresentable & CaseIterable>(_ name: String, _ type: Choice.Type)
        -> ParamRule
    where Choice.RawValue == String {
        oneOf(name, Choice.allCases.map(\.rawValue))
    }

    /// The form of a text: `date`, `date-time`, `email`, `uri`, `uuid`.
    public static func format(_ name: String, _ format: String) -> ParamRule {
        schema(name, ["format": .string(format)])
    }

    /// How many characters a text has.
    public static func length(_ name: String, _ range: ClosedRange<Int>) -> ParamRule {
        schema(
            name,
            ["minLength": .integer(Int64(range.lowerBound)), "maxLength": .integer(Int64(range.upperBound))])
    }
}

/// The params of a DAG: their defaults, and what must hold of what a trigger hands over.
public struct ParamSet: Sendable, ExpressibleByDictionaryLiteral {
    /// The defaults, an object.
    public var defaults: JSONValue

    /// What must hold of the params, as a schema of the whole object; `nil` if nothing must.
    public var schema: JSONValue?

    /// What is wrong with the declaration; the validator reports it.
    var problems: [SchemaProblem] = []

    /// - Parameter schema: A ``JSONSchema`` of the whole object.
    public init(_ defaults: JSONValue, schema: JSONValue? = nil) {
        self.defaults = defaults
        self.schema = schema
    }

    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(.object(Dictionary(elements) { $1 }))
    }

    /// The params that a Swift type declares, with the values of `defaults`.
    public static func of<Params: DAGParams>(_ defaults: Params) -> ParamSet {
        var set = ParamSet(.object([:]))
        do {
            set.defaults = try JSONValue(parsing: try JSONCoding.encode(defaults))
        } catch {
            set.problems.append(
                SchemaProblem("params cannot be written as JSON (\(error))", "give them other defaults"))
        }
        var properties = (set.defaults.object ?? [:]).mapValues { value -> [String: JSONValue] in
            guard let type = schemaType(of: value) else { return [:] }
            return ["type": .string(type)]
        }
        for property in Mirror(reflecting: defaults).children {
            guard let name = property.label else { continue }
            // A fraction that happens to be whole is written without one, and nothing is written of a nil.
            if property.value is any BinaryFloatingPoint { properties[name] = ["type": "number"] }
            if properties[name] == nil { properties[name] = [:] }
        }
        for rule in Params.rules {
            guard properties[rule.name] != nil else {
                let near = NearMiss.nearest(to: rule.name, among: properties.keys)
                set.problems.append(
                    SchemaProblem(
                        "there is a rule for param \"\(rule.name)\", which \(Params.self) does not have",
                        near.map { "did you mean \"\($0)\"?" } ?? "remove it"))
                continue
            }
            properties[rule.name]?.merge(rule.words) { $1 }
        }
        set.schema = [
            "type": "object", "properties": .object(properties.mapValues(JSONValue.object)),
            "additionalProperties": false,
        ]
        return set
    }

    /// The type of JSON Schema that a default has; whole numbers stay whole.
    private static func schemaType(of value: JSONValue) -> String? {
        switch value {
        case .null: nil
        case .bool: "boolean"
        case .integer: "integer"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}

extension TaskContext {
    /// The run's params as the type that the DAG declared.
    ///
    /// - Throws: ``ParamsError`` if they are not of that type: another version of the DAG made the run.
    public func params<Params: DAGParams>(as type: Params.Type) throws -> Params {
        do {
            return try JSONCoding.decode(Params.self, from: params.text)
        } catch {
            throw ParamsError(type: "\(Params.self)", reason: "\(error)")
        }
    }
}

/// The params of a run are not of the type that a task reads.
public struct ParamsError: DagKitError, Hashable {
    let type: String
    let reason: String

    public var problem: String { "the run's params are no \(type) (\(reason))" }
    public var remedy: String { "trigger a new run" }
}
