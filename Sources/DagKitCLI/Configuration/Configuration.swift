public import DagKitCore

/// The settings of a deployment, each with its origin.
///
/// A flag goes before the environment, that before dags.json, that before the files of the project, the user and
/// the system, and those before the defaults.
public struct Configuration: Settings {
    /// Where a value came from.
    public enum Origin: Hashable, Sendable, CustomStringConvertible {
        case flag
        case environment(String)
        case deployment(String)
        case file(String, line: Int)
        case standard

        /// The file in which the value stands.
        var place: (file: String, line: Int?)? {
            switch self {
            case .file(let path, let line): (path, line)
            case .deployment(let file): (file, nil)
            default: nil
            }
        }

        public var description: String {
            switch self {
            case .flag: "flag"
            case .environment(let name): "env \(name)"
            case .deployment(let file): file
            case .file(let path, let line): "\(path):\(line)"
            case .standard: "default"
            }
        }
    }

    /// A value and its origin.
    public struct Setting: Hashable, Sendable {
        public let section: String
        public let name: String
        public let value: String
        public let origin: Origin
    }

    /// A file that was read.
    package struct File: Sendable {
        let path: String
        let document: INIDocument

        package init(path: String, document: INIDocument) {
            self.path = path
            self.document = document
        }
    }

    /// The settings that the program knows, by section and name.
    public let keys: [String: [String: ConfigurationKey]]
    private var flags: [String: String] = [:]
    private let environment: [String: String]
    private var deployment: (file: String, values: [String: String]) = ("", [:])
    private let files: [File]
    private let references: SecretReferences

    package init(
        keys: [ConfigurationKey] = ConfigurationKey.standard, environment: [String: String] = [:],
        files: [File] = [], references: SecretReferences = SecretReferences()
    ) {
        self.keys = Dictionary(grouping: keys, by: \.section).mapValues { keys in
            Dictionary(keys.map { ($0.name, $0) }) { _, last in last }
        }
        self.environment = environment
        self.files = files
        self.references = references
    }

    /// The same configuration with values that flags set, as `section.key`.
    package func settingFlags(_ flags: [String: String]) -> Configuration {
        var copy = self
        copy.flags.merge(flags) { _, new in new }
        return copy
    }

    /// The same configuration with what the deployment's dags.json sets, as `section.key`.
    public func settingDeployment(_ values: [String: String], from file: String) -> Configuration {
        var copy = self
        copy.deployment = (file, values)
        return copy
    }

    // MARK: Reading

    /// The value of a setting; `nil` if nobody set it and it has no default, or its reference leads nowhere.
    public func value(_ section: String, _ key: String) -> String? {
        (try? setting(section, key))?.value
    }

    /// A setting with its origin; `nil` if nobody set it and it has no default.
    ///
    /// - Throws: ``ConfigurationError`` if the value does not fit, or a secret stands in a file.
    public func setting(_ section: String, _ key: String) throws -> Setting? {
        let section = section.lowercased()
        let name = key.lowercased()
        let known = keys[section]?[name]
        guard let (raw, isFromCommand) = try raw(section, name, known) else { return nil }
        var found = raw
        if known?.isSensitive ?? ConfigurationKey.isSensitive(name), !isFromCommand,
            let place = found.origin.place
        {
            let value = try references.resolve(
                found.value, setting: "\(section).\(name)", file: place.file, line: place.line)
            found = Setting(section: section, name: name, value: value, origin: found.origin)
        }
        if let known, let remedy = known.problem(with: found.value) {
            throw ConfigurationError.badValue(
                known.isSensitive ? "***" : found.value, setting: known.fullName, origin: found.origin,
                remedy: remedy)
        }
        return found
    }

    /// The truth value of a setting.
    public func flag(_ section: String, _ key: String) throws -> Bool {
        try setting(section, key).flatMap { Bool(lenient: $0.value) } ?? false
    }

    /// The whole number of a setting.
    public func integer(_ section: String, _ key: String) throws -> Int? {
        try setting(section, key).flatMap { Int($0.value) }
    }

    /// The seconds of a setting.
    public func duration(_ section: String, _ key: String) throws -> Duration? {
        try setting(section, key).flatMap { Double($0.value) }.map { .seconds(clamping: $0) }
    }

    /// Every setting that is known or set, by section and name, and what is wrong with those that cannot be used.
    public func all() -> (settings: [Setting], problems: [any Error]) {
        var names = Set(keys.flatMap { section, keys in keys.keys.map { [section, $0] } })
        for file in files {
            names.formUnion(
                file.document.sections.flatMap { section, keys in keys.keys.map { [section, $0] } })
        }
        for name in flags.keys.map(\.self) + deployment.values.keys {
            let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
            if parts.count == 2 { names.insert(parts) }
        }
        var settings: [Setting] = []
        var problems: [any Error] = []
        for name in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            do {
                if let setting = try setting(name[0], name[1]) { settings.append(setting) }
            } catch {
                problems.append(error)
            }
        }
        return (settings, problems)
    }

    /// What in the files and the environment means nothing to the program, a line each.
    public func warnings() -> [String] {
        files.flatMap { file in
            file.document.sections.sorted { $0.key < $1.key }.flatMap { section, entries in
                entries.sorted { $0.value.line < $1.value.line }.compactMap { name, entry in
                    warning(section, name).map { "\(file.path):\(entry.line): \($0)" }
                }
            }
        } + unknownAirflowNames()
    }

    private func warning(_ section: String, _ name: String) -> String? {
        // A section of which the program knows nothing is the user's own.
        guard let known = keys[section], known[name] == nil else { return nil }
        let base = name.hasSuffix("_cmd") ? String(name.dropLast(4)) : name
        guard known[base] == nil else { return nil }
        let near = NearMiss.nearest(to: name, among: known.keys)
        return "unknown setting \"\(section).\(name)\""
            + (near.map { "; did you mean \"\(section).\($0)\"?" } ?? "")
    }

    private func unknownAirflowNames() -> [String] {
        guard readsAirflow else { return [] }
        let known = Set(
            keys.values.flatMap(\.values).compactMap(\.airflow).flatMap { place in
                ["", "_CMD"].map { Self.variable("AIRFLOW", place.section, place.name) + $0 }
            })
        let unknown = environment.keys.filter { $0.hasPrefix("AIRFLOW__") && !known.contains($0) }.sorted()
        return unknown.isEmpty
            ? []
            : ["settings of Airflow that have no equivalent are ignored: \(unknown.joined(separator: ", "))"]
    }
}

// MARK: - Layers

extension Configuration {
    /// The value as the first layer has it, and whether a command gave it.
    private func raw(
        _ section: String, _ name: String, _ known: ConfigurationKey?
    ) throws -> (Setting, isFromCommand: Bool)? {
        let make = { (value: String, origin: Origin, isFromCommand: Bool) in
            (Setting(section: section, name: name, value: value, origin: origin), isFromCommand)
        }
        if let value = flags["\(section).\(name)"] { return make(value, .flag, false) }
        if let (value, variable) = try fromEnvironment(section, name, known) {
            return make(value, .environment(variable), false)
        }
        if let value = deployment.values["\(section).\(name)"] {
            return make(value, .deployment(deployment.file), false)
        }
        for file in files {
            let entries = file.document.sections[section]
            if let entry = entries?[name] {
                return make(entry.value, .file(file.path, line: entry.line), false)
            }
            if let entry = entries?["\(name)_cmd"] {
                let origin = Origin.file(file.path, line: entry.line)
                let value = try references.output(of: entry.value, setting: "\(section).\(name)")
                return make(value, origin, true)
            }
        }
        return known?.standard.map { make($0, .standard, false) }
    }

    private func fromEnvironment(
        _ section: String, _ name: String, _ known: ConfigurationKey?
    ) throws -> (String, String)? {
        var variables = [Self.variable("DAGKIT", section, name)]
        if let place = known?.airflow, readsAirflow {
            variables.append(Self.variable("AIRFLOW", place.section, place.name))
        }
        for variable in variables {
            if let value = environment[variable] { return (value, variable) }
            if let command = environment[variable + "_CMD"] {
                return (try references.output(of: command, setting: "\(section).\(name)"), variable + "_CMD")
            }
        }
        return nil
    }

    private var readsAirflow: Bool {
        let variable = Self.variable("DAGKIT", "compat", "airflow_env")
        let text =
            environment[variable]
            ?? files.lazy.compactMap { $0.document.sections["compat"]?["airflow_env"]?.value }.first
        return text.flatMap { Bool(lenient: $0) } ?? true
    }

    private static func variable(_ prefix: String, _ section: String, _ name: String) -> String {
        "\(prefix)__\(section.uppercased())__\(name.uppercased())"
    }
}

/// Why a setting cannot be used.
public enum ConfigurationError: DagKitError, Equatable {
    case badValue(String, setting: String, origin: Configuration.Origin, remedy: String)
    case secretInFile(setting: String, at: String)
    case noReference(String, setting: String, at: String)
    case commandFailed(setting: String, reason: String)
    case unreadable(String, reason: String)
    case unknownSetting(String, near: String?)
    /// The path of the home had bytes that no text has, and would be another one than was meant.
    case unclearHome(String, origin: Home.Origin)

    public var location: String? {
        switch self {
        case .badValue(_, _, .file(let path, let line), _): "\(path):\(line)"
        case .secretInFile(_, let place), .noReference(_, _, let place): place
        default: nil
        }
    }

    public var problem: String {
        switch self {
        case .badValue(let value, let setting, .environment(let name), _):
            "\"\(value)\" is no value of \(setting) (environment \(name))"
        case .badValue(let value, let setting, _, _): "\"\(value)\" is no value of \(setting)"
        case .secretInFile(let setting, _):
            "setting \"\(setting)\" is a secret and stands in the file in clear"
        case .noReference(let text, let setting, _):
            "setting \"\(setting)\" refers to \"\(text)\", which is not there"
        case .commandFailed(let setting, let reason):
            "the command for setting \"\(setting)\" failed (\(reason))"
        case .unreadable(let path, let reason): "cannot read \"\(path)\" (\(reason))"
        case .unknownSetting(let name, _): "setting \"\(name)\" does not exist"
        case .unclearHome(let path, let origin): "the path of the home is not UTF-8: \"\(path)\" (\(origin))"
        }
    }

    public var remedy: String {
        switch self {
        case .badValue(_, _, _, let remedy): remedy
        case .secretInFile: "write env:NAME or file:PATH in its place"
        case .noReference: "make it, or name another"
        case .commandFailed: "run it by hand to see why"
        case .unreadable: "run as its owner, or mend its permissions"
        case .unknownSetting(_, let near?): "did you mean \"\(near)\"?"
        case .unknownSetting: "see all with: dagctl config list"
        case .unclearHome: "give the folder a name in UTF-8"
        }
    }
}
