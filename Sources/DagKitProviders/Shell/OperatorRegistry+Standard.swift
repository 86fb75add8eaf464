public import DagKitCore

extension OperatorRegistry {
    /// The operators and notifiers of these providers that documents may name.
    ///
    /// | name | keys |
    /// | --- | --- |
    /// | `shell` | `command` (a script of `sh`) or `argv` (a program with its arguments), `env`, `cwd`, `skip_exit_code` |
    public static var standard: OperatorRegistry {
        var registry = OperatorRegistry()
        registry.register("shell", keys: ["command", "argv", "env", "cwd", "skip_exit_code"]) { declaration in
            TaskWork(try ShellOperator(declaration: declaration))
        }
        registry.registerNotifier(MailNotifier.notifierName) { try MailNotifier(declaration: $0) }
        registry.registerNotifier(WebhookNotifier.notifierName) { try WebhookNotifier(declaration: $0) }
        registry.registerNotifier(CommandNotifier.notifierName) { try CommandNotifier(declaration: $0) }
        registry.registerNotifier(LogNotifier.notifierName) { try LogNotifier(declaration: $0) }
        return registry
    }
}

extension ShellOperator {
    /// Creates the operator that a document declares.
    ///
    /// - Throws: ``DeclarationError``.
    public init(declaration: JSONValue) throws(DeclarationError) {
        let environment = try Self.environment(declaration["env"])
        let folder = try Self.text(declaration["cwd"], key: "cwd")
        var skipStatus: Int? = 99
        if let status = declaration["skip_exit_code"] {
            guard status.isNull || status.integer != nil else {
                throw .wrongKind(
                    key: "skip_exit_code", found: status.kind, expected: "a whole number or null")
            }
            skipStatus = status.integer.map(Int.init)
        }
        if let script = try Self.text(declaration["command"], key: "command") {
            guard declaration["argv"] == nil else {
                throw .wrongKind(key: "argv", found: "given beside \"command\"", expected: "one of the two")
            }
            self.init(.value(script), environment: environment, folder: folder, skipStatus: skipStatus)
            return
        }
        guard let words = declaration["argv"] else { throw .missing(key: "command", operator: "shell") }
        guard let list = words.array, let program = list.first?.string, list.allSatisfy({ $0.string != nil })
        else {
            throw .wrongKind(key: "argv", found: words.kind, expected: "a list of texts, the program first")
        }
        self.init(
            program: program, arguments: list.dropFirst().compactMap { $0.string.map(Input.value) },
            environment: environment, folder: folder, skipStatus: skipStatus)
    }

    private static func text(_ value: JSONValue?, key: String) throws(DeclarationError) -> String? {
        guard let value, !value.isNull else { return nil }
        guard let text = value.string else {
            throw .wrongKind(key: key, found: value.kind, expected: "a text")
        }
        return text
    }

    private static func environment(_ value: JSONValue?) throws(DeclarationError) -> [String: String] {
        guard let value, !value.isNull else { return [:] }
        guard let members = value.object else {
            throw .wrongKind(key: "env", found: value.kind, expected: "an object of texts")
        }
        var environment: [String: String] = [:]
        for (name, member) in members {
            guard let text = member.string else {
                throw .wrongKind(key: "env.\(name)", found: member.kind, expected: "a text")
            }
            environment[name] = text
        }
        return environment
    }
}
