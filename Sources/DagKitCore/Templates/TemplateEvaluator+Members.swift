import FoundationEssentials

/// Members and elements of values.
extension TemplateEvaluator {
    /// `owner.name`.
    ///
    /// - Parameter written: The owner as the template shows it, for messages.
    func member(
        _ name: String, of owner: TemplateValue, written: String, at place: TemplateLocation
    ) async throws -> TemplateValue {
        switch owner {
        case .undefined: return owner
        case .json(.object(let members)):
            return members[name].map { .json($0) }
                ?? Self.missing(name, of: written, among: members.keys, at: place)
        case .json: return Self.missing(name, of: written, at: place)
        case .instant(let date): return Self.member(name, of: date, written: written, at: place)
        case .connection(let connection):
            return try Self.member(name, of: connection, written: written, at: place)
        case .object(.variableTexts): return try await variable(name, at: place)
        case .object(.variableTrees): return try await variableTree(name, at: place)
        case .object(.conn): return try await connection(name, at: place)
        case .object(let object): return member(name, of: object, at: place)
        }
    }

    /// `owner[index]`.
    func element(
        at index: TemplateValue, of owner: TemplateValue, written: String, at place: TemplateLocation
    ) async throws -> TemplateValue {
        if case .json(.string(let name)) = index {
            return try await member(name, of: owner, written: written, at: place)
        }
        guard case .json(let json) = index, let number = json.integer else {
            throw TemplateError.wrongKind(
                found: index.kind, by: "\(written)[…]", expected: "a string or a whole number", at: place)
        }
        switch owner {
        case .undefined: return owner
        case .json(.array(let elements)):
            let position = number < 0 ? number + Int64(elements.count) : number
            guard elements.indices.contains(Int(position)) else { break }
            return .json(elements[Int(position)])
        case .json(.string(let text)):
            let scalars = Array(text.unicodeScalars)
            let position = number < 0 ? number + Int64(scalars.count) : number
            guard scalars.indices.contains(Int(position)) else { break }
            return .string(String(scalars[Int(position)]))
        default: break
        }
        return .undefined(.unknownMember("\(number)", of: written, nearest: nil, at: place))
    }

    /// Nothing, with the error that proposes the nearest of `names`.
    static func missing(
        _ name: String, of owner: String, among names: some Sequence<String> = [String](),
        at place: TemplateLocation
    ) -> TemplateValue {
        let nearest = NearMiss.nearest(to: name, among: names)
        return .undefined(.unknownMember(name, of: owner, nearest: nearest, at: place))
    }

    // MARK: Objects

    private func member(
        _ name: String, of object: TemplateObject, at place: TemplateLocation
    ) -> TemplateValue {
        let members = members(of: object, at: place)
        return members[name]
            ?? Self.missing(name, of: object.rawValue, among: members.keys.sorted(), at: place)
    }

    private func members(of object: TemplateObject, at place: TemplateLocation) -> [String: TemplateValue] {
        switch object {
        case .dag: ["dag_id": .string(context.dagID.rawValue)]
        case .task:
            [
                "task_id": .string(context.taskID.rawValue), "dag_id": .string(context.dagID.rawValue),
                "task_type": .string(context.attempt.operatorName),
            ]
        case .ti:
            [
                "task_id": .string(context.taskID.rawValue), "dag_id": .string(context.dagID.rawValue),
                "run_id": .string(context.runID.rawValue), "try_number": .integer(context.tryNumber),
                "max_tries": .integer(context.attempt.lastTry - 1), "map_index": .integer(context.mapIndex),
                "execution_date": .instant(context.logicalDate),
                "operator": .string(context.attempt.operatorName),
            ]
        case .dagRun:
            [
                "run_id": .string(context.runID.rawValue), "dag_id": .string(context.dagID.rawValue),
                "run_type": .string(context.attempt.runType.rawValue), "conf": .json(context.conf),
                "logical_date": .instant(context.logicalDate),
                "execution_date": .instant(context.logicalDate),
                "data_interval_start": intervalEdge(\.start, at: place),
                "data_interval_end": intervalEdge(\.end, at: place),
                "external_trigger": .json(.bool(context.attempt.runType == .manual)),
            ]
        case .variables: ["value": .object(.variableTexts), "json": .object(.variableTrees)]
        case .variableTexts, .variableTrees, .conn, .macros: [:]
        }
    }

    // MARK: The deployment

    func variable(_ key: String, at place: TemplateLocation) async throws -> TemplateValue {
        guard let text = try await context.services.metadata.variable(key) else {
            return .undefined(.noVariable(key, at: place))
        }
        return .string(text)
    }

    func variableTree(_ key: String, at place: TemplateLocation) async throws -> TemplateValue {
        guard let text = try await context.services.metadata.variable(key) else {
            return .undefined(.noVariable(key, at: place))
        }
        guard let tree = try? JSONValue(parsing: text) else {
            throw TemplateError.variableNotJSON(key, at: place)
        }
        return .json(tree)
    }

    func connection(_ id: String, at place: TemplateLocation) async throws -> TemplateValue {
        let connection = try await context.services.metadata.connection(id)
        return connection.map { .connection($0) } ?? .undefined(.noConnection(id, at: place))
    }

    /// A member of a connection; a field that is not set is nothing, so that a default can stand for it.
    private static func member(
        _ name: String, of connection: Connection, written: String, at place: TemplateLocation
    ) throws(TemplateError) -> TemplateValue {
        let field: String?
        switch name {
        case "conn_id": field = connection.id
        case "conn_type": field = connection.type
        case "description": field = connection.about
        case "host": field = connection.host
        case "login": field = connection.login
        case "password": field = connection.password
        case "schema": field = connection.schema
        case "extra": field = connection.extra
        case "port": return connection.port.map { .integer($0) } ?? missing(name, of: written, at: place)
        case "extra_dejson":
            guard let extra = connection.extra else { return .json(.object([:])) }
            guard let tree = try? JSONValue(parsing: extra) else {
                throw .wrongKind(
                    found: "text", by: "\(written).extra_dejson", expected: "extras that are JSON", at: place)
            }
            return .json(tree)
        default: return missing(name, of: written, among: connectionFields, at: place)
        }
        return field.map { .string($0) } ?? missing(name, of: written, at: place)
    }

    private static let connectionFields = [
        "conn_id", "conn_type", "description", "host", "login", "password", "port", "schema", "extra",
        "extra_dejson",
    ]
}
