import DagKitCore
import DagKitSystem
import FoundationEssentials

extension OperatorRegistry {
    /// Adds the sensors that documents may name.
    mutating func registerSensors() {
        let waits: Set = ["timeout", "soft_fail"]
        register("time_delta_sensor", keys: waits.union(["delta"])) { declaration in
            let reader = DeclarationReader(declaration)
            let options = try SensorOptions(reader)
            return TaskWork(
                TimeDeltaSensor(
                    try reader.required("delta", reader.span), timeout: options.timeout,
                    softFail: options.softFail))
        }
        register("date_time_sensor", keys: waits.union(["at"])) { declaration in
            let reader = DeclarationReader(declaration)
            let options = try SensorOptions(reader)
            return TaskWork(
                DateTimeSensor(
                    try reader.required("at", reader.instant), timeout: options.timeout,
                    softFail: options.softFail))
        }
        register("time_sensor", keys: waits.union(["time", "timezone"])) { declaration in
            TaskWork(try TimeOfDaySensor(DeclarationReader(declaration)))
        }
        let external: Set = [
            "external_dag_id", "external_task_id", "execution_delta", "allowed_states", "failed_states",
            "skipped_states", "check_existence",
        ]
        register("external_task_sensor", keys: waits.union(external)) { declaration in
            TaskWork(try ExternalTaskSensor(DeclarationReader(declaration)))
        }
        register("asset_sensor", keys: SensorOptions.declarationKeys.union(["asset", "since"])) {
            declaration in
            TaskWork(try AssetSensor(DeclarationReader(declaration)))
        }
        registerLookingSensors()
    }

    private mutating func registerLookingSensors() {
        let waits = SensorOptions.declarationKeys
        register("file_sensor", keys: waits.union(["path"])) { declaration in
            let reader = DeclarationReader(declaration)
            return TaskWork(
                FileSensor(
                    .value(try reader.required("path", reader.text)), waiting: try SensorOptions(reader)))
        }
        let http: Set = ["connection", "endpoint", "method", "headers", "body", "contains"]
        register("http_sensor", keys: waits.union(http)) { declaration in
            TaskWork(try HTTPSensor(DeclarationReader(declaration)))
        }
        register("sql_sensor", keys: waits.union(["connection", "sql"])) { declaration in
            let reader = DeclarationReader(declaration)
            return TaskWork(
                SQLSensor(
                    connection: try reader.required("connection", reader.text),
                    try reader.required("sql", reader.text), waiting: try SensorOptions(reader)))
        }
        register("shell_sensor", keys: waits.union(ShellOperator.declarationKeys)) { declaration in
            TaskWork(
                ShellSensor(
                    try ShellOperator(declaration: declaration),
                    waiting: try SensorOptions(DeclarationReader(declaration))))
        }
    }
}

extension TimeOfDaySensor {
    /// - Throws: ``DeclarationError``, or ``TimeZoneError`` for a zone that this machine does not know.
    fileprivate init(_ reader: DeclarationReader) throws {
        let text = try reader.required("time", reader.text)
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let hour = parts[0], let minute = parts[1], (0..<24).contains(hour),
            (0..<60).contains(minute)
        else {
            throw DeclarationError.wrongKind(
                key: "time", found: "\"\(text)\"", expected: "a time such as \"18:30\"")
        }
        let name = try reader.text("timezone") ?? "UTC"
        let zone = try TimeZones(loading: [name], from: ZoneInfo.system()).rules(named: name)
        let options = try SensorOptions(reader)
        self.init(
            hour: hour, minute: minute, zone: zone, timeout: options.timeout, softFail: options.softFail)
    }
}

extension ExternalTaskSensor {
    /// - Throws: ``DeclarationError``.
    fileprivate init(_ reader: DeclarationReader) throws(DeclarationError) {
        let dag = DAGID(try reader.required("external_dag_id", reader.text))
        let options = try SensorOptions(reader)
        let delta = try reader.span("execution_delta") ?? .zero
        guard let tasks = try reader.texts("external_task_id") else {
            self.init(
                run: dag, delta: delta, allowed: try reader.choices("allowed_states") ?? [.success],
                failed: try reader.choices("failed_states") ?? [],
                skipped: try reader.choices("skipped_states") ?? [], timeout: options.timeout,
                softFail: options.softFail, checkExistence: try reader.bool("check_existence") ?? false)
            return
        }
        self.init(
            dag, tasks: tasks.map { TaskID($0) }, delta: delta,
            allowed: try reader.choices("allowed_states") ?? [.success],
            failed: try reader.choices("failed_states") ?? [],
            skipped: try reader.choices("skipped_states") ?? [], timeout: options.timeout,
            softFail: options.softFail, checkExistence: try reader.bool("check_existence") ?? false)
    }
}

extension AssetSensor {
    /// What says how attempts look; without any of it the scheduler waits.
    private static let looks = ["mode", "poke_interval", "exponential_backoff", "max_wait"]

    private static func always(_ instant: Date) -> @Sendable (DAGRun) -> Date { { _ in instant } }

    /// - Throws: ``DeclarationError``, or ``AssetError`` for what is no asset.
    fileprivate init(_ reader: DeclarationReader) throws {
        let asset = try Asset(checking: reader.required("asset", reader.text))
        let options = try SensorOptions(reader)
        let since = try reader.instant("since").map(Self.always)
        if Self.looks.contains(where: reader.has) {
            self.init(asset, since: since, looking: options)
        } else {
            self.init(asset, since: since, timeout: options.timeout, softFail: options.softFail)
        }
    }
}

extension HTTPSensor {
    /// - Throws: ``DeclarationError``.
    fileprivate init(_ reader: DeclarationReader) throws(DeclarationError) {
        let part = try reader.text("contains") ?? ""
        self.init(
            HTTPOperator(
                try reader.text("method") ?? "GET",
                connection: try reader.text("connection") ?? "http_default",
                endpoint: .value(try reader.text("endpoint") ?? ""),
                headers: try reader.members("headers") ?? [:],
                body: try reader.text("body").map(Input.value)),
            waiting: try SensorOptions(reader)
        ) { $0.text.contains(part) }
    }
}
