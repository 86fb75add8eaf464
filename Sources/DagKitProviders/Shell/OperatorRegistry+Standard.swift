public import DagKitCore

extension OperatorRegistry {
    /// The operators and notifiers of these providers that documents may name.
    ///
    /// | name | keys |
    /// | --- | --- |
    /// | `shell` | `command` (a script of `sh`) or `argv` (a program with its arguments), `env`, `cwd`, `skip_exit_code` |
    /// | `…_sensor` | those of `Documentation/waiting.md` |
    public static var standard: OperatorRegistry {
        var registry = OperatorRegistry()
        registry.register("shell", keys: ShellOperator.declarationKeys) { declaration in
            TaskWork(try ShellOperator(declaration: declaration))
        }
        registry.registerSensors()
        registry.registerNotifier(MailNotifier.notifierName) { try MailNotifier(declaration: $0) }
        registry.registerNotifier(WebhookNotifier.notifierName) { try WebhookNotifier(declaration: $0) }
        registry.registerNotifier(CommandNotifier.notifierName) { try CommandNotifier(declaration: $0) }
        registry.registerNotifier(LogNotifier.notifierName) { try LogNotifier(declaration: $0) }
        return registry
    }
}

extension ShellOperator {
    /// The keys by which a document declares a command.
    static let declarationKeys: Set<String> = ["command", "argv", "env", "cwd", "skip_exit_code"]

    /// Creates the operator that a document declares.
    ///
    /// - Throws: ``DeclarationError``.
    public init(declaration: JSONValue) throws(DeclarationError) {
        let reader = DeclarationReader(declaration)
        let environment = try reader.members("env") ?? [:]
        let folder = try reader.text("cwd")
        var skipStatus: Int? = 99
        if let status = declaration["skip_exit_code"] {
            guard status.isNull || status.integer != nil else {
                throw .wrongKind(
                    key: "skip_exit_code", found: status.kind, expected: "a whole number or null")
            }
            skipStatus = status.integer.map(Int.init)
        }
        if let script = try reader.text("command") {
            guard declaration["argv"] == nil else {
                throw .wrongKind(key: "argv", found: "given beside \"command\"", expected: "one of the two")
            }
            self.init(.value(script), environment: environment, folder: folder, skipStatus: skipStatus)
            return
        }
        guard let words = declaration["argv"] else {
            throw .missing(key: "command", operator: declaration["operator"]?.string ?? "shell")
        }
        guard let list = words.array, let program = list.first?.string, list.allSatisfy({ $0.string != nil })
        else {
            throw .wrongKind(key: "argv", found: words.kind, expected: "a list of texts, the program first")
        }
        self.init(
            program: program, arguments: list.dropFirst().compactMap { $0.string.map(Input.value) },
            environment: environment, folder: folder, skipStatus: skipStatus)
    }
}
