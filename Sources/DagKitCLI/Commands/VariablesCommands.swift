import DagKitCore
import DagKitSystem

/// `variables …`: named texts that tasks and templates read.
enum VariablesCommands {
    static let group = CLICommand(
        group: "variables", "Sets, shows and deletes variables.",
        discussion:
            "A variable of the environment (DAGKIT_VAR_NAME, AIRFLOW_VAR_NAME) goes before the stored one.",
        examples: [
            .init("variables set coincap_url https://rest.coincap.io/v3/assets", "sets a variable"),
            .init(
                "variables set coincap_api_key --secret", "asks for a value that is sealed and never shown"),
        ],
        subcommands: [list, get, set, delete])

    private static let key = CommandArgument<String>.text("key", "The name of the variable.")
    private static let showValues = CommandOption<Bool>.flag(
        "show-values", "Shows the values, but for secret ones.")
    private static let asJSON = CommandOption<Bool>.flag("json", short: "j", "Takes the value as JSON.")

    // MARK: list

    private static let list = CLICommand(
        "list", "Lists the variables.", options: [showValues] + ReportOptions.all, exitCodes: [.unreachable]
    ) { call in
        let entries = call.workspace.environmentEntries
        let leftOut = LeftOutRows()
        let stored =
            try await call.storeIfPresent()?.leavingOutUnreadable { leftOut.add($0) }.variables() ?? []
        let fromEnvironment = Set(entries.variableKeys)
        var columns: [Report.Column] = ["key"]
        if call[showValues] { columns.append("value") }
        var report = Report(
            columns + [
                .init("description", isWide: true), .init("is_secret", isWide: true),
                .init("source", isWide: true),
            ])
        report.add(
            contentsOf: entries.variableKeys.map { key in
                let isSecret = SensitiveNames.standard.contains(key)
                let value = entries.variable(key)
                return [
                    "key": .string(key), "value": isSecret ? "***" : .text(value?.value),
                    "is_secret": .bool(isSecret),
                    "source": .text(value.map { "env \($0.name)" }),
                ]
            })
        report.add(
            contentsOf: stored.filter { !fromEnvironment.contains($0.key) }.map { variable in
                [
                    "key": .string(variable.key),
                    "value": variable.isSecret ? "***" : .string(variable.value),
                    "description": .text(variable.about), "is_secret": .bool(variable.isSecret),
                    "source": "database",
                ]
            })
        try call.show(report)
        try call.tell(leftOut)
        return .success
    }

    // MARK: get

    private static let other = CommandOption<String?>.text(
        "default", short: "d", "VALUE", "What is printed if there is no such variable.")

    private static let get = CLICommand(
        "get", "Prints the value of a variable.",
        discussion: "A secret is printed in clear: this is what scripts ask for.",
        arguments: [key], options: [other, asJSON], exitCodes: [.notFound]
    ) { call in
        let name = call[key]
        let entries = call.workspace.environmentEntries
        let store = try await call.storeIfPresent()
        let stored = try await store?.variable(name)?.value
        guard let value = entries.variable(name)?.value ?? stored ?? call[other] else {
            let keys = try await store?.variables().map(\.key) ?? []
            throw CommandError.noVariable(
                name, near: NearMiss.nearest(to: name, among: keys + entries.variableKeys))
        }
        guard call[asJSON] else {
            try call.console.print(value)
            return .success
        }
        do throws(JSONError) {
            let parsed = try JSONValue(parsing: value)
            try? call.console.print(parsed.text)
        } catch {
            throw CommandError.notJSON("variable \"\(name)\"", cause: error)
        }
        return .success
    }

    // MARK: set

    private static let value = CommandArgument<String?>.optional(
        "value", "The value; - reads it from the input."
    ) { $0 }
    private static let about = CommandOption<String?>.text("description", "TEXT", "What the variable is for.")
    private static let secret = CommandOption<Bool>.flag(
        "secret", "Seals the value and never shows it; asked for on the terminal unless given on the input.")

    private static let set = CLICommand(
        "set", "Sets a variable.",
        examples: [
            .init("variables set coincap_url https://rest.coincap.io/v3/assets", "a plain value"),
            .init("variables set limits --json '{\"assets\": 100}'", "checked to be JSON"),
            .init("variables set coincap_api_key --secret < key.txt", "a secret, from a file"),
        ],
        arguments: [key, value], options: [about, asJSON, secret], exitCodes: [.unreachable]
    ) { call in
        let name = call[key]
        guard !name.isEmpty, name.utf8.count <= 250 else {
            throw UsageError.invalidValue(name, of: "key", remedy: "write 1 to 250 characters")
        }
        let isSecret = call[secret] || SensitiveNames.standard.contains(name)
        var text = try call.secretText(call[value], of: "variable \"\(name)\"", isSecret: isSecret)
        if call[asJSON] {
            do throws(JSONError) {
                text = try JSONValue(parsing: text).prettyText
            } catch {
                throw CommandError.notJSON("the value", cause: error)
            }
        }
        let store = try await call.workspace.store()
        let variable = Variable(name, value: text, about: call[about], isSecret: isSecret)
        try await store.setVariable(variable, by: call.workspace.actor, at: call.workspace.now)
        try call.console.note("variable \(name) set")
        try tellOfEnvironment(name, call)
        return .success
    }

    private static func tellOfEnvironment(_ name: String, _ call: Invocation) throws {
        if let (_, variable) = call.workspace.environmentEntries.variable(name) {
            try call.console.note("note: \(variable) in the environment goes before it")
        }
    }

    // MARK: delete

    private static let delete = CLICommand(
        "delete", "Deletes a variable.", arguments: [key], exitCodes: [.notFound]
    ) { call in
        let name = call[key]
        let store = try await call.storeIfPresent()
        let isDeleted =
            try await store?.deleteVariable(name, by: call.workspace.actor, at: call.workspace.now) ?? false
        guard isDeleted else {
            let keys = try await store?.variables().map(\.key) ?? []
            throw CommandError.noVariable(name, near: NearMiss.nearest(to: name, among: keys))
        }
        try call.console.note("variable \(name) deleted")
        return .success
    }
}

extension Invocation {
    /// A value that may be a secret: the one given, or the input's, or what the user types unseen.
    func secretText(_ given: String?, of what: String, isSecret: Bool) throws -> String {
        if let given, given != "-" {
            if isSecret {
                try console.note(
                    "note: a value on the command line shows in the shell's history; hand it over on the input next time"
                )
            }
            return given
        }
        if given == nil, console.inputIsTerminal {
            guard isSecret else { throw UsageError.missingArgument("value") }
            return try console.readSecret(prompt: "value of \(what): ")
        }
        var text = try console.readInput()
        // The line break that every editor and echo leaves at the end is not part of a value.
        if text.last?.isNewline ?? false { text.removeLast() }
        return text
    }
}
