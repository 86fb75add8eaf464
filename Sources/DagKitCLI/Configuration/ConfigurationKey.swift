import DagKitCore

/// A setting that the program knows: its place in dagkit.cfg, its default and what it is for.
///
/// ```swift
/// ConfigurationKey("crypto", "retention_days", kind: .integer(1...3650), default: "30", "Days that prices are kept.")
/// ```
public struct ConfigurationKey: Sendable {
    /// What its values look like.
    public enum Kind: Sendable {
        case text
        case flag
        case integer(ClosedRange<Int>)
        /// Seconds, with a fraction if need be, and the least that makes sense.
        case seconds(from: Double)
        case choice([String])
    }

    public let section: String
    public let name: String
    public let kind: Kind

    /// The value if nobody sets it; `nil` for none.
    public let standard: String?

    /// What it is for: one sentence.
    public let about: String

    /// Whether its value is a secret: never shown, and no literal in a file.
    public let isSensitive: Bool

    /// The place of the same setting in Airflow's configuration; `nil` if it has none.
    public let airflow: AirflowPlace?

    /// A section and key of Airflow's configuration.
    public struct AirflowPlace: Hashable, Sendable {
        public let section: String
        public let name: String

        public init(_ section: String, _ name: String) {
            self.section = section
            self.name = name
        }
    }

    /// Creates a key.
    ///
    /// - Parameter isSensitive: `nil` decides by the name, as ``SensitiveNames`` does.
    public init(
        _ section: String, _ name: String, kind: Kind = .text, default standard: String? = nil,
        isSensitive: Bool? = nil, airflow: AirflowPlace? = nil, _ about: String
    ) {
        self.section = section
        self.name = name
        self.kind = kind
        self.standard = standard
        self.about = about
        self.isSensitive = isSensitive ?? Self.isSensitive(name)
        self.airflow = airflow
    }

    /// The name with its section: `core.parallelism`.
    public var fullName: String { "\(section).\(name)" }

    /// Whether the value of a setting of that name is a secret.
    static func isSensitive(_ name: String) -> Bool {
        SensitiveNames.standard.contains(name)
    }

    /// What is wrong with a value, as a remedy; `nil` if nothing is.
    func problem(with value: String) -> String? {
        switch kind {
        case .text: nil
        case .flag: Bool(lenient: value) == nil ? "write true or false" : nil
        case .integer(let range):
            Int(value).map(range.contains) ?? false
                ? nil : "write a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .seconds(let least):
            Double(value).map { $0 >= least && $0 <= 1e9 } ?? false
                ? nil : "write a number of seconds, such as 30, from \(least) on"
        case .choice(let choices):
            choices.contains(value) ? nil : "write one of \(choices.joined(separator: ", "))"
        }
    }
}

extension ConfigurationKey {
    /// The settings of DagKit itself.
    public static let standard: [ConfigurationKey] = [
        .shared(
            "core", "executor", kind: .choice(["LocalExecutor", "SequentialExecutor"]),
            default: "LocalExecutor", "Where tasks run."),
        .shared(
            "core", "parallelism", kind: .integer(1...10_000), default: "32",
            "How many task instances run at once."),
        .shared(
            "core", "dags_are_paused_at_creation", kind: .flag, default: "True",
            "Whether a new DAG waits to be unpaused."),
        .shared(
            "core", "max_active_runs_per_dag", kind: .integer(1...10_000), default: "16",
            "How many runs of a DAG that says nothing of it are under way at once."),
        .shared(
            "core", "max_active_tasks_per_dag", kind: .integer(1...10_000), default: "16",
            "How many tasks of all runs of a DAG that says nothing of it run at once."),
        .shared(
            "core", "max_map_length", kind: .integer(1...1_000_000), default: "1024",
            "How many instances a mapped task has at most, if its DAG says nothing of it."),
        .shared("core", "default_timezone", default: "utc", "The zone of schedules that name none."),
        ConfigurationKey(
            "core", "dags_file", "The DAG bag of the deployment; the nearest dags.json unless set."),
        ConfigurationKey(
            "database", "sql_alchemy_conn", isSensitive: true, airflow: .init("database", "sql_alchemy_conn"),
            "The metadata database; dagkit.db in the home folder unless set."),
        ConfigurationKey(
            "database", "durability", kind: .choice(["process", "full"]), default: "process",
            "Whether task progress must survive a power cut too."),
        ConfigurationKey(
            "database", "busy_timeout", kind: .seconds(from: 0), default: "5",
            "How long to wait for a locked database."),
        ConfigurationKey(
            "scheduler", "stop_grace", kind: .seconds(from: 0), default: "30",
            "How long running tasks may go on after a stop was asked for."),
        ConfigurationKey(
            "scheduler", "poll_interval", kind: .seconds(from: 0.1), default: "5",
            "How often to look for changes that no signal told of, and to write the heartbeat."),
        .shared(
            "scheduler", "catchup_by_default", kind: .flag, default: "False",
            "Whether all missed runs are made of a DAG that says nothing of it, or the latest alone."),
        .shared(
            "logging", "logging_level", kind: .choice(TaskLogger.Level.allCases.map(\.rawValue)),
            default: "INFO", "The least level of the lines that tasks and the scheduler log."),
        .shared("logging", "base_log_folder", "The folder of all logs; logs in the home folder unless set."),
        ConfigurationKey(
            "logging", "max_log_bytes", kind: .integer(1024...1 << 40), default: "104857600",
            "The most bytes of an attempt's log, of which the beginning and the end are kept."),
        .shared("email", "from_email", "The sender of mails, unless the SMTP connection names one."),
        .shared("email", "email_conn_id", default: "smtp_default", "The connection that mails go through."),
        .shared(
            "smtp", "smtp_host",
            "The mail server, if there is no SMTP connection; without either, mails wait."),
        .shared(
            "smtp", "smtp_port", kind: .integer(1...65535), default: "25", "The port of the mail server."),
        .shared(
            "smtp", "smtp_starttls", kind: .flag, default: "True",
            "Whether to switch to TLS after connecting."),
        .shared(
            "smtp", "smtp_ssl", kind: .flag, default: "False", "Whether to use TLS from the first byte on."),
        .shared("smtp", "smtp_user", "The name to log in with."),
        .shared("smtp", "smtp_password", "The password to log in with."),
        .shared("smtp", "smtp_mail_from", default: "dagkit@localhost", "The sender's address."),
        .shared(
            "smtp", "smtp_timeout", kind: .seconds(from: 1), default: "30",
            "How long one attempt to send may take."),
        ConfigurationKey(
            "compat", "airflow_env", kind: .flag, default: "True",
            "Whether AIRFLOW__SECTION__KEY names are read too."),
    ]

    /// A key that stands at the same place in Airflow.
    private static func shared(
        _ section: String, _ name: String, kind: Kind = .text, default standard: String? = nil,
        _ about: String
    ) -> ConfigurationKey {
        ConfigurationKey(
            section, name, kind: kind, default: standard, airflow: AirflowPlace(section, name), about)
    }
}
