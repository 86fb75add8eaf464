public import DagKitCore

/// Tells by running a script of `sh`.
///
/// ```swift
/// TaskOptions(callbacks: [.on(.failure, notify: CommandNotifier("logger -t dagkit \"$DAGKIT_NOTICE_TITLE\""))])
/// ```
///
/// The script is a template. What others may choose, such as the reason of a failure, is in its environment, where no shell
/// reads it as part of the script: `DAGKIT_NOTICE_ID`, `_KIND`, `_TITLE`, `_REASON`, and `DAGKIT_NOTICE` with the whole
/// notice as JSON. It has told the notice if it ends with status 0.
public struct CommandNotifier: Notifier {
    public static let notifierName = "command"

    private let script: String
    private let environment: [String: String]

    public init(_ script: String, environment: [String: String] = [:]) {
        self.script = script
        self.environment = environment
    }

    public func notify(_ notice: Notice, in context: TaskContext) async throws {
        let facts = [
            "ID": notice.id, "KIND": notice.kind.rawValue, "TITLE": notice.title,
            "REASON": notice.reason ?? "",
        ]
        var values = environment
        // The operator reads the values as templates: what stands in the notice is none.
        for (name, _) in facts {
            values["DAGKIT_NOTICE_\(name)"] = "{{ notice.\(name.lowercased()) | default('', true) }}"
        }
        values["DAGKIT_NOTICE"] = "{{ notice | tojson }}"
        _ = try await ShellOperator(.value(script), environment: values, skipStatus: nil).execute(in: context)
    }
}

extension CommandNotifier {
    /// Creates the notifier that a document declares: a script, or an object with `script` and `env`.
    ///
    /// - Throws: ``DeclarationError``.
    public init(declaration words: JSONValue) throws {
        let reader = NotifierWords(words, of: Self.notifierName, keys: ["script", "env"], main: "script")
        var environment: [String: String] = [:]
        for (name, value) in try reader.object("env") ?? [:] {
            guard let text = value.string else {
                throw DeclarationError.wrongKind(key: "env.\(name)", found: value.kind, expected: "a text")
            }
            environment[name] = text
        }
        self.init(try reader.requiredText("script"), environment: environment)
    }
}
