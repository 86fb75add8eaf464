public import DagKitCore
import DagKitPostgres
import DagKitRuntime
import DagKitSQL
import DagKitSQLite
import DagKitSystem
public import FoundationEssentials
import Glibc
import Synchronization

/// The deployment that a command works on: home, configuration, store and DAGs, each opened when first asked for.
public final class Workspace: Sendable {
    /// Where to read and write.
    public let console: Console
    let tool: CommandLineTool
    let system: HostView
    /// The secrets that tasks of this process have read.
    let mask = LogMask()
    private let homeFlag: String?
    private let settingFlags: [String]
    private let opened = Mutex(Opened())

    private struct Opened {
        var home: Home?
        var basicConfiguration: Configuration?
        var configuration: Configuration?
        var dags: LoadedDAGs?
        /// The settings of dags.json that came with an order.
        var adopted: [String: String]?
        var store: (any MetadataStore)?
        var lease: StoreLease?
    }

    init(
        tool: CommandLineTool, system: HostView, console: Console, homeFlag: String? = nil,
        settingFlags: [String] = []
    ) {
        self.tool = tool
        self.system = system
        self.console = console
        self.homeFlag = homeFlag
        self.settingFlags = settingFlags
    }

    /// The folder that the deployment lives in.
    public var home: Home {
        opened.withLock { opened in
            if let home = opened.home { return home }
            let home = Home.find(flag: homeFlag, environment: system.environment, files: system.files)
            opened.home = home
            return home
        }
    }

    /// The time.
    public var now: Date { system.now() }

    /// Who runs the command, for the audit log.
    public var actor: String { RunEvent.actor(ofUser: system.userName()) }

    /// The settings, with those of dags.json.
    public func configuration() throws -> Configuration {
        if let configuration = opened.withLock({ $0.configuration }) { return configuration }
        let dags = try dags()
        let configuration = try basicConfiguration().settingDeployment(
            dags.bag.settings, from: dags.bag.file ?? "dags.json")
        opened.withLock { $0.configuration = configuration }
        return configuration
    }

    /// The settings without those of dags.json, which cannot say where it is itself.
    private func basicConfiguration() throws -> Configuration {
        if let configuration = opened.withLock({ $0.basicConfiguration }) { return configuration }
        if home.path.contains("\u{FFFD}") {
            throw ConfigurationError.unclearHome(home.path, origin: home.origin)
        }
        let configuration = try readConfiguration()
        opened.withLock { $0.basicConfiguration = configuration }
        return configuration
    }

    /// Where dags.json is; `nil` if this deployment has none.
    func bagPath() throws -> String? {
        guard let path = try basicConfiguration().setting("core", "dags_file")?.value, !path.isEmpty else {
            return home.bag
        }
        return Home.absolute(path, system.environment, system.files)
    }

    /// The folder of all logs.
    var logs: String {
        get throws {
            guard let path = try configuration().setting("logging", "base_log_folder")?.value, !path.isEmpty
            else { return home.logs }
            return Home.absolute(path, system.environment, system.files)
        }
    }

    /// The zone of schedules that name none; `nil` for UTC.
    func defaultTimeZone() throws -> String? {
        let zone = try basicConfiguration().setting("core", "default_timezone")?.value ?? ""
        return zone.isEmpty || zone.lowercased() == "utc" ? nil : zone
    }

    /// What holds for DAGs that say nothing of it.
    ///
    /// - Parameter file: dags.json, whose settings count.
    func deploymentDefaults(_ file: DAGsFile?) throws -> DeploymentDefaults {
        let configuration = try basicConfiguration().settingDeployment(
            file?.settings ?? [:], from: file?.file ?? "dags.json")
        var defaults = DeploymentDefaults()
        defaults.catchup = try configuration.flag("scheduler", "catchup_by_default") ? .all : .latest
        func limit(_ key: String, _ other: Int) throws -> Int {
            try configuration.integer("core", key) ?? other
        }
        defaults.maxActiveRuns = try limit("max_active_runs_per_dag", defaults.maxActiveRuns)
        defaults.maxActiveTasks = try limit("max_active_tasks_per_dag", defaults.maxActiveTasks)
        defaults.maxMapLength = try limit("max_map_length", defaults.maxMapLength)
        return defaults
    }

    /// The least level of the lines that are logged.
    func logLevel() throws -> TaskLogger.Level {
        let name = try configuration().setting("logging", "logging_level")?.value
        return name.flatMap(TaskLogger.Level.init(rawValue:)) ?? .info
    }

    private func readConfiguration() throws -> Configuration {
        let home = home
        var files: [Configuration.File] = []
        for path in home.configurationFiles(environment: system.environment, files: system.files) {
            guard let text = try readText(path) else { continue }
            files.append(Configuration.File(path: path, document: try INIDocument(parsing: text, file: path)))
        }
        let keys = ConfigurationKey.standard + tool.extensions.flatMap(\.configurationKeys)
        let configuration = Configuration(
            keys: keys, environment: system.environment, files: files,
            references: SecretReferences(environment: system.environment))
        return configuration.settingFlags(try parsedFlags())
    }

    func readText(_ path: String) throws -> String? {
        do {
            return try system.files.readText(path)
        } catch let error as SystemError {
            throw ConfigurationError.unreadable(path, reason: error.problem)
        }
    }

    private func parsedFlags() throws(UsageError) -> [String: String] {
        var flags: [String: String] = [:]
        for text in settingFlags {
            guard let mark = text.firstIndex(of: "="), text[..<mark].contains(".") else {
                throw .invalidValue(text, of: "--set", remedy: "write it as section.key=value")
            }
            flags[text[..<mark].lowercased()] = String(text[text.index(after: mark)...])
        }
        return flags
    }

    /// The DAGs of the executable and of dags.json.
    func dags() throws -> LoadedDAGs {
        if let dags = opened.withLock({ $0.dags }) { return dags }
        let dags = try LoadedDAGs(tool: tool, workspace: self)
        opened.withLock { $0.dags = dags }
        return dags
    }

    /// The DAGs with what the deployment says of them, as a scheduler takes them.
    func deployment() throws -> Deployment {
        let dags = try dags()
        return Deployment(
            bundle: tool.bundle, specs: dags.specs, settings: try settingsOfDAGs(),
            arePausedAtCreation: try configuration().flag("core", "dags_are_paused_at_creation"),
            importErrors: dags.bag.importErrors(bundle: tool.bundle, at: now))
    }

    /// The deployment as its files are now; what is broken in them keeps its last good version.
    func reloadedDeployment() throws -> Deployment {
        let last = try dags()
        lookForBag()
        let read: LoadedDAGs
        do {
            read = try LoadedDAGs(tool: tool, workspace: self)
        } catch {
            // What cannot even be read keeps its last good version whole.
            let name = last.bag.file ?? "dags.json"
            var kept = try deployment()
            kept.importErrors[name] = [ImportError(file: name, at: now, text: "\(error)")]
            return kept
        }
        opened.withLock { opened in
            opened.dags = LoadedDAGs(bag: read.bag.keeping(last.bag), zones: read.zones)
            opened.configuration = nil
        }
        return try deployment()
    }

    /// Finds a dags.json of this home that was not there before.
    private func lookForBag() {
        guard home.bag == nil else { return }
        let found = Home.find(flag: homeFlag, environment: system.environment, files: system.files)
        if found.path == home.path { opened.withLock { $0.home = found } }
    }

    /// Takes the settings of dags.json from an order: a worker does not read the file, which may be another by now.
    func adopt(_ settings: [String: String]) throws {
        guard opened.withLock({ $0.adopted }) != settings else { return }
        let configuration = try basicConfiguration().settingDeployment(settings, from: "dags.json")
        let names = DAGBag.timeZoneNames(of: tool.dags, file: nil)
        let zones =
            names.isEmpty
            ? TimeZones() : TimeZones(loading: names, from: SystemZones(environment: system.environment))
        opened.withLock { opened in
            opened.adopted = settings
            opened.configuration = configuration
            if opened.dags == nil { opened.dags = LoadedDAGs(bag: DAGBag(compiled: []), zones: zones) }
        }
    }

    /// What dags.json sets, as it stands once the environment has had its say, for each DAG.
    func settingsOfDAGs() throws -> [DAGID: [String: String]] {
        let dags = try dags()
        let configuration = try configuration()
        let resolved = dags.bag.settings.keys.reduce(into: [String: String]()) { settings, name in
            let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
            if parts.count == 2 { settings[name] = configuration.value(parts[0], parts[1]) }
        }
        return Dictionary(uniqueKeysWithValues: dags.specs.map { ($0.id, resolved) })
    }

    /// Tells the scheduler of this home that the store has changed; without one there is nobody to tell.
    func pokeScheduler() async {
        await system.knock(home.path)
    }

    /// The metadata store; a missing database is made.
    public func store() async throws -> any MetadataStore {
        if let store = opened.withLock({ $0.store }) { return store }
        let store = try await system.databases.open(try databasePlace(), at: now)
        opened.withLock { $0.store = store }
        return store
    }

    private var lease: StoreLease {
        opened.withLock { opened in
            if let lease = opened.lease { return lease }
            let lease = StoreLease { [system, self] in
                try await system.databases.open(try self.databasePlace(), at: system.now())
            }
            opened.lease = lease
            return lease
        }
    }

    /// Where the metadata database is.
    func databasePlace() throws -> DatabasePlace {
        let configuration = try configuration()
        let address = try configuration.setting("database", "sql_alchemy_conn")?.value
        let path: String
        switch address {
        case nil, "": path = home.database
        case let address? where address.hasPrefix("sqlite:///"):
            // As in SQLAlchemy: three slashes and a relative path, or four and an absolute one.
            let given = String(address.dropFirst("sqlite:///".count))
            path = given.hasPrefix("/") ? given : home.path + "/" + given
        case let address?:
            let kind = address.prefix { $0 != ":" }
            throw ConfigurationError.badValue(
                "\(kind)://…", setting: "database.sql_alchemy_conn",
                origin: try configuration.setting("database", "sql_alchemy_conn")?.origin ?? .standard,
                remedy: "write sqlite:////absolute/path.db")
        }
        return DatabasePlace(
            home: home.path, path: path,
            busyTimeout: try configuration.duration("database", "busy_timeout") ?? .seconds(5))
    }

    /// Variables and connections, those of the environment before the stored ones.
    func metadata() async throws -> any TaskMetadata {
        metadata(in: OpenStore(store: try await store()))
    }

    private func metadata(in store: any StoreAccess) -> any TaskMetadata {
        DeploymentMetadata(store: store, entries: environmentEntries, mask: mask)
    }

    /// What tasks of this deployment get.
    public func services() async throws -> TaskServices { try await services(try await metadata()) }

    /// What tasks get in a process that lives long and seldom reads the store: it is open only while it is read.
    func leasedServices() async throws -> TaskServices { try await services(metadata(in: lease)) }

    private func services(_ metadata: any TaskMetadata) async throws -> TaskServices {
        var services = TaskServices(
            metadata: metadata,
            settings: try configuration(), zones: try dags().zones, home: home.path)
        services.logLevel = try logLevel()
        services[SQLDrivers.self] = drivers
        for one in tool.extensions { try await one.services(&services) }
        return services
    }

    /// The databases that connections may name.
    var drivers: SQLDrivers { SQLDrivers([SQLiteDriver(), PostgresDriver()]) }

    /// The variables and connections of the environment.
    var environmentEntries: EnvironmentEntries {
        let aliases = tool.extensions.reduce(into: [:]) { $0.merge($1.variableNames) { _, new in new } }
        return EnvironmentEntries(system.environment, aliases: aliases)
    }

    /// Hands the place and the settings of this deployment to the processes that this one starts.
    func exportToChildren() throws {
        setenv("DAGKIT_HOME", home.path, 1)
        if let path = try bagPath() { setenv("DAGKIT__CORE__DAGS_FILE", path, 1) }
        for (name, value) in try parsedFlags() {
            let parts = name.split(separator: ".", maxSplits: 1).map { $0.uppercased() }
            setenv("DAGKIT__\(parts.joined(separator: "__"))", value, 1)
        }
    }

    /// Closes what was opened.
    func close() async {
        let store = opened.withLock { $0.store.take() }
        await store?.close()
    }
}
