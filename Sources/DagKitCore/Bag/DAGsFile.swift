import FoundationEssentials

/// What a deployment's `dags.json` says: overrides of compiled DAGs, DAGs of its own, and settings.
///
/// ```json
/// {
///   "settings": { "crypto": { "retention_days": 35 } },
///   "dags": {
///     "crypto_data_pipeline": { "paused": false, "defaults": { "retries": 3 } },
///     "housekeeping": {
///       "schedule": "30 3 * * *", "start_date": "2026-01-01",
///       "tasks": [{ "id": "disk", "operator": "shell", "command": "df -h ." }]
///     }
///   }
/// }
/// ```
///
/// An entry with `tasks` declares a DAG; one without changes a compiled DAG of that id.
public struct DAGsFile: Sendable {
    /// The name of the file, for messages.
    public let file: String

    /// Settings (`section.key`) that stand above the configuration files and below the environment.
    public let settings: [String: String]

    /// The changes to compiled DAGs.
    package let overrides: [DAGOverride]

    /// The DAGs that are written here, still unchecked.
    package let declared: [GraphDraft]

    /// What is wrong with the file beyond a single DAG.
    public let problems: [DAGProblem]

    /// Reads the text of the file.
    ///
    /// A text that is no JSON gives a file with nothing in it but that problem.
    ///
    /// - Parameter file: The name for messages, `dags.json`.
    public init(parsing text: String, file: String, registry: OperatorRegistry) {
        self.file = file
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: text)
        } catch {
            let place = SourceLocation(file: file, line: error.place?.line ?? 1, column: error.place?.column)
            problems = [DAGProblem(at: place, error.problem, remedy: error.remedy)]
            (settings, overrides, declared) = ([:], [], [])
            return
        }
        var reader = FieldReader(document.root, file: file)
        _ = reader.string("$schema")
        settings = Self.settings(&reader)
        var overrides: [DAGOverride] = []
        var declared: [GraphDraft] = []
        if let dags = reader.field("dags") {
            if dags.members == nil {
                reader.report(
                    dags, "/dags is \(dags.value.kind), not an object", "write { \"dag_id\": { … } }")
            }
            for (id, node) in dags.members ?? [] {
                if node["tasks"] == nil {
                    overrides.append(DAGOverride(id, node, file: file, registry: registry))
                } else {
                    declared.append(DeclaredDAG.draft(id, node, file: file, registry: registry))
                }
            }
        }
        reader.finish()
        self.overrides = overrides
        self.declared = declared
        problems = reader.problems
    }

    /// The time zones that the schedules name.
    package var timeZoneNames: Set<String> {
        let schedules = overrides.compactMap(\.schedule) + declared.map(\.configuration.schedule)
        return schedules.reduce(into: []) { $0.formUnion($1.timeZoneNames) }
    }

    private static func settings(_ reader: inout FieldReader) -> [String: String] {
        guard let sections = reader.field("settings") else { return [:] }
        var settings: [String: String] = [:]
        for (section, node) in sections.members ?? [] {
            if node.members == nil {
                reader.report(
                    node, "/settings/\(section) is \(node.value.kind), not an object",
                    "write { \"key\": value }")
            }
            for (key, value) in node.members ?? [] {
                guard let text = Self.settingText(value.value) else {
                    reader.report(
                        value, "setting \(section).\(key) is \(value.value.kind)",
                        "write a text, a number, true or false")
                    continue
                }
                if SecretLiteral.isForbidden(text, under: key, in: .settings) {
                    reader.report(
                        value, "setting \(section).\(key) holds a secret in clear text",
                        SecretLiteral.Place.settings.remedy)
                    continue
                }
                settings["\(section).\(key)".lowercased()] = text
            }
        }
        return settings
    }

    private static func settingText(_ value: JSONValue) -> String? {
        switch value {
        case .string(let text): text
        case .integer, .number, .bool: value.text
        case .array(let items):
            items.allSatisfy { $0.string != nil } ? items.compactMap(\.string).joined(separator: ",") : nil
        case .null, .object: nil
        }
    }
}

/// Tells a secret that stands in clear text from a reference to one.
enum SecretLiteral {
    /// Where a secret may be meant, which says how it can be named without writing it.
    enum Place {
        /// Settings are read where they are used: `env:` and `file:` lead to the secret.
        case settings
        /// The fields of a task are templates.
        case task
        /// Params are handed to tasks as they are.
        case params

        var remedy: String {
            switch self {
            case .settings: "write env:NAME or file:PATH, and keep the secret there"
            case .task: "write {{ conn.ID.password }} or {{ var.value.KEY }}, and keep the secret there"
            case .params: "let the task read a connection or a variable"
            }
        }

        func isReference(_ text: String) -> Bool {
            switch self {
            case .settings: ["env:", "file:"].contains { text.hasPrefix($0) && text.count > $0.count }
            case .task: ["{{ var.", "{{ conn.", "{{var.", "{{conn."].contains { text.contains($0) }
            case .params: false
            }
        }
    }

    /// Whether a text under a sensitive name is the secret itself.
    static func isForbidden(_ text: String, under name: String, in place: Place) -> Bool {
        SensitiveNames.standard.contains(name) && !text.isEmpty && !place.isReference(text)
    }

    /// Every text or number of a DAG's entry that is a secret in clear text, with its key.
    static func found(in entry: JSONNode) -> [(node: JSONNode, name: String, remedy: String)] {
        (entry.members ?? []).flatMap { key, node in
            let place: Place = ["tasks", "callbacks", "defaults"].contains(key) ? .task : .params
            return found(in: node, under: key, place).map { ($0, $1, place.remedy) }
        }
    }

    private static func found(
        in node: JSONNode, under name: String, _ place: Place
    ) -> [(node: JSONNode, name: String)] {
        if let members = node.members { return members.flatMap { found(in: $0.node, under: $0.key, place) } }
        if let elements = node.elements { return elements.flatMap { found(in: $0, under: name, place) } }
        let text: String
        switch node.value {
        case .string(let found): text = found
        case .integer, .number: text = node.value.text
        default: return []
        }
        return isForbidden(text, under: name, in: place) ? [(node, name)] : []
    }
}
