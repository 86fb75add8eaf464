import DagKitCore

/// `config …`: the settings of the deployment and where they come from.
enum ConfigCommands {
    static let group = CLICommand(
        group: "config", "Shows the configuration.",
        discussion:
            "A flag (--set section.key=value) goes before the environment (DAGKIT__SECTION__KEY, then AIRFLOW__SECTION__KEY), "
            + "that before dags.json, that before dagkit.cfg of the home, the user and the system, and those before the defaults.",
        examples: [
            .init("config list --show-origin", "all settings and where each comes from"),
            .init("config get-value core parallelism", "one setting"),
        ],
        subcommands: [list, getValue])

    private static let section = CommandOption<String?>.text(
        "section", "NAME", "Only the settings of this section.")
    private static let showOrigin = CommandOption<Bool>.flag(
        "show-origin", "Says where each value comes from."
    ).aliased("include-sources")
    private static let showAbout = CommandOption<Bool>.flag(
        "include-descriptions", short: "d", "Says what each setting is for.")

    private static let list = CLICommand(
        "list", "Prints all settings in the form of dagkit.cfg; secrets are masked.",
        options: [section, showOrigin, showAbout, SharedParameters.format], exitCodes: [.configuration]
    ) { call in
        let configuration = try call.workspace.configuration()
        for warning in configuration.warnings() { try call.console.note("note: \(warning)") }
        let (all, problems) = configuration.all()
        for problem in problems { try call.console.note("error: \(problem)") }
        let settings = all.filter { call[section] == nil || $0.section == call[section]?.lowercased() }
        let code: ExitCode = problems.isEmpty ? .success : .configuration
        guard call[SharedParameters.format] == nil else {
            try call.acknowledge("", report(settings, configuration))
            return code
        }
        try call.console.write(text(settings, configuration, call))
        return code
    }

    private static func text(
        _ settings: [Configuration.Setting], _ configuration: Configuration, _ call: Invocation
    ) -> String {
        var lines: [String] = []
        var last: String?
        for setting in settings {
            if setting.section != last { lines += (last == nil ? [] : [""]) + ["[\(setting.section)]"] }
            last = setting.section
            if call[showAbout], let known = configuration.keys[setting.section]?[setting.name] {
                lines.append("# \(known.about)")
            }
            let origin = call[showOrigin] ? "  # \(setting.origin)" : ""
            lines.append("\(setting.name) = \(shown(setting, configuration))\(origin)")
        }
        return lines.map { $0 + "\n" }.joined()
    }

    private static func report(_ settings: [Configuration.Setting], _ configuration: Configuration) -> Report
    {
        var report = Report(["section", "key", "value", "origin"])
        report.add(
            contentsOf: settings.map { setting in
                [
                    "section": .string(setting.section), "key": .string(setting.name),
                    "value": .string(shown(setting, configuration)),
                    "origin": .string(setting.origin.description),
                ]
            })
        return report
    }

    private static func shown(_ setting: Configuration.Setting, _ configuration: Configuration) -> String {
        let known = configuration.keys[setting.section]?[setting.name]
        let isSecret = known?.isSensitive ?? ConfigurationKey.isSensitive(setting.name)
        return isSecret && !setting.value.isEmpty ? "***" : setting.value
    }

    private static let sectionName = CommandArgument<String>.text("section", "The section.")
    private static let keyName = CommandArgument<String>.text("option", "The key within the section.")

    private static let getValue = CLICommand(
        "get-value", "Prints one setting.",
        examples: [.init("config get-value core parallelism", "how many tasks run at once")],
        arguments: [sectionName, keyName], exitCodes: [.notFound, .configuration]
    ) { call in
        let configuration = try call.workspace.configuration()
        let (section, key) = (call[sectionName].lowercased(), call[keyName].lowercased())
        if let setting = try configuration.setting(section, key) {
            try call.console.print(setting.value)
            return .success
        }
        // A key that is known and not set has no value to print.
        if configuration.keys[section]?[key] != nil {
            try call.console.print("")
            return .success
        }
        let names = configuration.keys.values.flatMap(\.values).map(\.fullName)
        let name = "\(section).\(key)"
        throw CommandError.notFound(
            "setting \"\(name)\" does not exist",
            remedy: NearMiss.nearest(to: name, among: names).map { "did you mean \"\($0)\"?" }
                ?? "see all with: dagctl config list")
    }
}
