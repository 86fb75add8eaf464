/// The help of a command: purpose, usage, examples, commands, arguments, options, exit status.
struct HelpText {
    private let program: String
    private let path: [CLICommand]
    private let globals: [ParameterSpec]
    private let width: Int

    private var command: CLICommand { path[path.count - 1] }

    init(program: String, path: [CLICommand], globals: [any CommandParameter], width: Int = 100) {
        self.program = program
        self.path = path
        self.globals = globals.map(\.spec)
        self.width = width
    }

    /// One line: how the command is called.
    var usage: String {
        var words = ["usage:", program] + path.dropFirst().map(\.name)
        if !command.subcommands.isEmpty { words.append("COMMAND") }
        words += command.options.map(\.spec).filter(\.isRequired).map {
            "--\($0.name) \($0.placeholder ?? "")"
        }
        words += command.arguments.map(\.spec).map { spec in
            let name = spec.isRepeated ? "\(spec.name)..." : spec.name
            return spec.isRequired ? name : "[\(name)]"
        }
        return (words + ["[options]"]).joined(separator: " ")
    }

    /// The whole help.
    var text: String {
        let blocks =
            [[command.abstract, "", usage], discussion, examples] + commands + [
                arguments, options, globalOptions, exitStatus, footer,
            ]
        return blocks.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
            + "\n"
    }

    private var discussion: [String] {
        command.discussion.isEmpty ? [] : wrap(command.discussion, indent: 0)
    }

    private var examples: [String] {
        guard !command.examples.isEmpty else { return [] }
        let lines = command.examples.map { ("\(program) \($0.line)", $0.about) }
        return ["examples:"] + columns(lines)
    }

    private var commands: [[String]] {
        let shown = command.subcommands.filter { !$0.isHidden }
        var sections: [String] = []
        for one in shown where !sections.contains(one.section) { sections.append(one.section) }
        return sections.map { section in
            let lines = shown.filter { $0.section == section }.map { ($0.name, $0.abstract) }
            return [section.isEmpty ? "commands:" : "\(section):"] + columns(lines)
        }
    }

    private var arguments: [String] {
        let lines = command.arguments.map(\.spec).map { ($0.name, describe($0)) }
        return lines.isEmpty ? [] : ["arguments:"] + columns(lines)
    }

    private var options: [String] {
        let lines = command.options.map(\.spec).filter { !$0.isHidden }.map { (label($0), describe($0)) }
        return lines.isEmpty ? [] : ["options:"] + columns(lines)
    }

    private var globalOptions: [String] {
        let own = Set(command.options.map(\.spec.name))
        let lines = globals.filter { !$0.isHidden && !own.contains($0.name) }.map {
            (label($0), describe($0))
        }
        return ["options of every command:"] + columns(lines + [("-h, --help", "Shows this help.")])
    }

    private var exitStatus: [String] {
        guard command.handler != nil else { return [] }
        let codes = [ExitCode.success, .failure, .usage] + command.exitCodes
        return ["exit status:"] + columns(codes.map { ("\($0.rawValue)", $0.meaning) })
    }

    private var footer: [String] {
        guard !command.subcommands.isEmpty else { return [] }
        let words = [program] + path.dropFirst().map(\.name)
        return ["\(words.joined(separator: " ")) COMMAND --help shows the help of a command."]
    }

    private func label(_ spec: ParameterSpec) -> String {
        let short = spec.short.map { "-\($0), " } ?? "    "
        return short + "--\(spec.name)" + (spec.placeholder.map { " \($0)" } ?? "")
    }

    private func describe(_ spec: ParameterSpec) -> String {
        var facts: [String] = []
        if !spec.choices.isEmpty { facts.append("one of \(spec.choices.joined(separator: ", "))") }
        if let text = spec.defaultText { facts.append("default \(text)") }
        if let name = spec.environment { facts.append("environment \(name)") }
        if spec.isRepeated { facts.append("repeatable") }
        return spec.help + (facts.isEmpty ? "" : " [\(facts.joined(separator: "; "))]")
    }

    private func columns(_ lines: [(String, String)]) -> [String] {
        let widest = lines.map(\.0.count).filter { $0 <= 34 }.max() ?? 0
        return lines.flatMap { label, text in
            let wrapped = wrap(text, indent: widest + 4)
            guard label.count <= widest, let first = wrapped.first else { return ["  " + label] + wrapped }
            let padding = String(repeating: " ", count: widest - label.count + 2)
            return ["  " + label + padding + first.drop { $0 == " " }] + wrapped.dropFirst()
        }
    }

    private func wrap(_ text: String, indent: Int) -> [String] {
        let margin = String(repeating: " ", count: indent)
        return text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { paragraph in
            var lines = [margin]
            for word in paragraph.split(separator: " ") {
                if lines[lines.count - 1].count + word.count + 1 > width, lines[lines.count - 1] != margin {
                    lines.append(margin)
                }
                lines[lines.count - 1] += (lines[lines.count - 1] == margin ? "" : " ") + word
            }
            return lines
        }
    }
}
