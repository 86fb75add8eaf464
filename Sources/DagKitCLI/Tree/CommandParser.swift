import DagKitCore

/// Reads a command line against a command tree.
///
/// Options may stand before, between and behind arguments; `--` ends them; `-5` is a number, not an option.
struct CommandParser {
    /// The commands that were named, from the root on; the usage of the last one is shown with a mistake.
    private(set) var path: [CLICommand]

    private let globals: [any CommandParameter]
    private let environment: [String: String]
    private var texts: [String: [String]] = [:]
    private var positionals: [String] = []
    private var wantsHelp = false

    init(root: CLICommand, globals: [any CommandParameter], environment: [String: String]) {
        path = [root]
        self.globals = globals
        self.environment = environment
    }

    /// What a command line means.
    enum Outcome {
        case help
        case run(CLICommand, [String: any Sendable])
    }

    /// Reads the command line; the program's name is not part of `arguments`.
    mutating func parse(_ arguments: [String]) throws(UsageError) -> Outcome {
        try scan(arguments)
        if wantsHelp { return .help }
        guard command.handler != nil else { throw .missingCommand }
        return .run(command, try values())
    }

    private var command: CLICommand { path[path.count - 1] }
}

// MARK: - Words

extension CommandParser {
    private mutating func scan(_ arguments: [String]) throws(UsageError) {
        var rest = arguments[...]
        while let word = rest.popFirst() {
            if word == "--" {
                positionals += rest
                return
            } else if word.hasPrefix("--") {
                try scanLong(word.dropFirst(2), &rest)
            } else if word.hasPrefix("-"), word != "-", !isNumber(word) {
                try scanShort(word.dropFirst(), &rest)
            } else if !command.subcommands.isEmpty {
                try descend(word)
            } else {
                positionals.append(word)
            }
        }
    }

    private mutating func descend(_ word: String) throws(UsageError) {
        if word == "help", path.count == 1 {
            wantsHelp = true
        } else if let next = command.subcommand(word) {
            path.append(next)
        } else {
            let names = command.subcommands.filter { !$0.isHidden }.map(\.name)
            throw .unknownCommand(word, near: NearMiss.nearest(to: word, among: names))
        }
    }

    private mutating func scanLong(
        _ word: Substring, _ rest: inout ArraySlice<String>
    ) throws(UsageError) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        if name == "help" {
            wantsHelp = true
            return
        }
        // What people try first on a program that they do not know.
        if name == "version", path.count == 1, parts.count == 1 { return try descend(name) }
        guard let option = option(name) else {
            throw .unknownOption("--\(name)", near: nearest(to: name))
        }
        let value = parts.count > 1 ? String(parts[1]) : nil
        if option.takesValue {
            if let value { add(option, value) } else { add(option, try nextValue(of: "--\(name)", &rest)) }
        } else if let value {
            throw .unexpectedValue(option: "--\(name)", value: value)
        } else {
            add(option, "true")
        }
    }

    /// Reads `-y`, several flags in one word, or a flag with its value: `-o json`, `-ojson`, `-o=json`.
    private mutating func scanShort(
        _ word: Substring, _ rest: inout ArraySlice<String>
    ) throws(UsageError) {
        var letters = word
        while let letter = letters.popFirst() {
            if letter == "h" {
                wantsHelp = true
                continue
            }
            guard let option = available.first(where: { $0.short == letter }) else {
                throw .unknownOption("-\(letter)", near: nil)
            }
            guard option.takesValue else {
                add(option, "true")
                continue
            }
            if letters.first == "=" { letters = letters.dropFirst() }
            add(option, letters.isEmpty ? try nextValue(of: "-\(letter)", &rest) : String(letters))
            return
        }
    }

    private mutating func add(_ option: ParameterSpec, _ value: String) {
        texts[option.name, default: []].append(value)
    }

    private func nextValue(of name: String, _ rest: inout ArraySlice<String>) throws(UsageError) -> String {
        guard let next = rest.first, next == "-" || !next.hasPrefix("-") || isNumber(next) else {
            throw .missingValue(option: name)
        }
        rest.removeFirst()
        return next
    }

    private func isNumber(_ word: String) -> Bool {
        Double(word) != nil && word.dropFirst().first.map { $0.isNumber || $0 == "." } ?? false
    }

    private var available: [ParameterSpec] { (command.options + globals).map(\.spec) }

    private func option(_ name: String) -> ParameterSpec? {
        available.first { $0.name == name || $0.aliases.contains(name) }
    }

    private func nearest(to name: String) -> String? {
        let names = available.filter { !$0.isHidden }.map(\.name) + ["help"]
        return NearMiss.nearest(to: name, among: names).map { "--\($0)" }
    }
}

// MARK: - Values

extension CommandParser {
    private func values() throws(UsageError) -> [String: any Sendable] {
        var values: [String: any Sendable] = [:]
        for option in command.options + globals {
            values[option.spec.name] = try value(of: option)
        }
        var rest = positionals[...]
        for argument in command.arguments {
            let given = argument.spec.isRepeated ? Array(rest) : Array(rest.prefix(1))
            rest = rest.dropFirst(given.count)
            if given.isEmpty, argument.spec.isRequired { throw .missingArgument(argument.spec.name) }
            values[argument.spec.name] = try parsed(argument, given, name: argument.spec.name)
        }
        if let extra = rest.first { throw .extraArgument(extra) }
        return values
    }

    private func value(of option: any CommandParameter) throws(UsageError) -> any Sendable {
        let spec = option.spec
        if let given = texts[spec.name] { return try parsed(option, given, name: "--\(spec.name)") }
        if let name = spec.environment, let text = environment[name], !text.isEmpty {
            return try parsed(option, [text], name: name)
        }
        if spec.isRequired { throw .missingOption("--\(spec.name)") }
        return try parsed(option, [], name: "--\(spec.name)")
    }

    private func parsed(
        _ parameter: any CommandParameter, _ texts: [String], name: String
    ) throws(UsageError) -> any Sendable {
        do throws(ParameterError) {
            return try parameter.parsed(texts)
        } catch {
            throw .invalidValue(error.text, of: name, remedy: error.remedy)
        }
    }
}
