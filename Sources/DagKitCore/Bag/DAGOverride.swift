import FoundationEssentials

/// What a deployment changes of a compiled DAG.
package struct DAGOverride: Sendable {
    package let id: DAGID
    let schedule: Schedule?
    private let startDate: Date?
    private let endDate: Date?
    private let catchup: Catchup?
    private let isPaused: Bool?
    private let about: String?
    private let tags: Set<String>?
    private let maxActiveRuns: Int?
    private let maxActiveTasks: Int?
    private let maxMapLength: Int?
    private let maxConsecutiveFailedRuns: Int?
    private let runTimeout: Duration?
    private let params: JSONValue?
    private let paramSchema: JSONValue?
    private let failsFast: Bool?
    private let defaults: DefaultsOverride
    private let callbacks: [RunCallback]
    private let deadlines: [DeadlineAlert]?
    let problems: [DAGProblem]

    /// Where the entry stands.
    package let location: SourceLocation

    init(_ id: String, _ node: JSONNode, file: String, registry: OperatorRegistry) {
        var reader = FieldReader(node, file: file)
        self.id = DAGID(id)
        location = reader.place(node, atKey: true)
        schedule = Self.schedule(&reader)
        startDate = reader.instant("start_date")
        endDate = reader.instant("end_date")
        catchup = Self.catchup(&reader)
        isPaused = reader.bool("paused")
        about = reader.string("description")
        tags = reader.strings("tags").map(Set.init)
        maxActiveRuns = reader.integer("max_active_runs")
        maxActiveTasks = reader.integer("max_active_tasks")
        maxMapLength = reader.integer("max_map_length")
        maxConsecutiveFailedRuns = reader.integer("max_consecutive_failed_dag_runs")
        runTimeout = reader.duration("dagrun_timeout")
        params = reader.object("params")
        paramSchema = reader.object("params_schema")
        failsFast = reader.bool("fail_fast")
        defaults = DefaultsOverride(&reader, file: file, registry: registry)
        callbacks = DeclaredCallback.callbacks(&reader, file: file, registry: registry) ?? []
        deadlines = DeclaredDeadline.deadlines(&reader, file: file)
        reader.finish(also: ["tasks"])
        for (place, name, remedy) in SecretLiteral.found(in: node) {
            reader.report(place, "\"\(name)\" holds a secret in clear text", remedy)
        }
        problems = reader.problems
    }

    /// The configuration with the changes in it.
    func applied(to base: DAGConfiguration) -> DAGConfiguration {
        var configuration = base
        configuration.schedule = schedule ?? base.schedule
        configuration.startDate = startDate ?? base.startDate
        configuration.endDate = endDate ?? base.endDate
        if let catchup { configuration.catchup = catchup }
        configuration.isPausedAtCreation = isPaused ?? base.isPausedAtCreation
        configuration.about = about ?? base.about
        configuration.tags = tags ?? base.tags
        if let maxActiveRuns { configuration.maxActiveRuns = maxActiveRuns }
        if let maxActiveTasks { configuration.maxActiveTasks = maxActiveTasks }
        if let maxMapLength { configuration.maxMapLength = maxMapLength }
        configuration.maxConsecutiveFailedRuns = maxConsecutiveFailedRuns ?? base.maxConsecutiveFailedRuns
        configuration.runTimeout = runTimeout ?? base.runTimeout
        configuration.paramSchema = paramSchema ?? base.paramSchema
        configuration.failsFast = failsFast ?? base.failsFast
        if let params { configuration.params = base.params.merging(params) }
        configuration.defaults = defaults.applied(to: base.defaults)
        configuration.callbacks = base.callbacks + callbacks
        configuration.deadlines = deadlines ?? base.deadlines
        return configuration
    }

    /// A cron line, a preset, null for none, `{"every": "30m"}`, or `{"assets": …}` with `"or"` and one of the others.
    private static func schedule(_ reader: inout FieldReader) -> Schedule? {
        if let raw = reader.node["schedule"], raw.value.isNull {
            _ = reader.field("schedule")
            return Schedule.none
        }
        guard let field = reader.field("schedule") else { return nil }
        let zone = reader.string("timezone")
        guard field["assets"] != nil else { return time(field, zone, &reader) }
        return assets(field, zone, &reader)
    }

    /// A schedule by assets, or by assets or the time.
    private static func assets(_ field: JSONNode, _ zone: String?, _ reader: inout FieldReader) -> Schedule? {
        guard let named = field["assets"] else { return nil }
        let others = (field.members ?? []).filter { !["assets", "or"].contains($0.0) }
        for (key, node) in others {
            reader.report(
                node, atKey: true, "key \"\(key)\" is not known beside assets", "use \"or\" for a schedule")
        }
        do throws(AssetError) {
            let condition = try AssetCondition(json: named.value)
            guard let other = field["or"] else { return .assets(condition) }
            return time(other, zone, &reader).map { .assetsOrTime(condition, $0) }
        } catch {
            reader.report(named, error.problem, error.remedy)
            return nil
        }
    }

    /// A schedule by the time alone.
    private static func time(_ field: JSONNode, _ zone: String?, _ reader: inout FieldReader) -> Schedule? {
        if let text = field.value.string { return Schedule(text: text, timeZone: zone) }
        guard let every = field["every"], field.members?.count == 1,
            let span = FieldReader.duration(every.value)
        else {
            reader.report(
                field, "\(field.path) is \(field.value.kind), not a schedule",
                "write a cron line such as \"*/30 * * * *\", a preset such as \"@daily\", null, {\"every\": \"30m\"} or {\"assets\": …}"
            )
            return nil
        }
        return .every(span)
    }

    private static func catchup(_ reader: inout FieldReader) -> Catchup? {
        guard let field = reader.field("catchup") else { return nil }
        if let flag = field.value.bool { return flag ? .all : .latest }
        return reader.choice("catchup")
    }
}

/// What a deployment changes of the defaults of a DAG's tasks.
struct DefaultsOverride: Sendable {
    private let retries: Int?
    private let retryDelay: Duration?
    private let exponentialBackoff: Bool?
    private let maxRetryDelay: Duration?
    private let timeout: Duration?
    private let dependsOnPast: Bool?
    private let waitsForDownstream: Bool?
    private let ignoresFirstDependsOnPast: Bool?
    private let waitsForPastBeforeSkipping: Bool?
    private let pool: String?
    private let priorityWeight: Int?
    private let weightRule: WeightRule?
    private let queue: String?
    private let owner: String?
    private let emailOnFailure: [String]?
    private let emailOnRetry: [String]?
    private let callbacks: [TaskCallback]

    init(_ outer: inout FieldReader, file: String, registry: OperatorRegistry) {
        var reader = outer.field("defaults").map { FieldReader($0, file: file) }
        retries = reader?.integer("retries")
        retryDelay = reader?.duration("retry_delay")
        exponentialBackoff = reader?.bool("retry_exponential_backoff")
        maxRetryDelay = reader?.duration("max_retry_delay")
        timeout = reader?.duration("execution_timeout")
        dependsOnPast = reader?.bool("depends_on_past")
        waitsForDownstream = reader?.bool("wait_for_downstream")
        ignoresFirstDependsOnPast = reader?.bool("ignore_first_depends_on_past")
        waitsForPastBeforeSkipping = reader?.bool("wait_for_past_depends_before_skipping")
        pool = reader?.string("pool")
        priorityWeight = reader?.integer("priority_weight")
        weightRule = reader?.choice("weight_rule")
        queue = reader?.string("queue")
        owner = reader?.string("owner")
        emailOnFailure = reader?.strings("email_on_failure")
        emailOnRetry = reader?.strings("email_on_retry")
        var callbacks: [TaskCallback] = []
        if var inner = reader {
            callbacks = DeclaredCallback.callbacks(&inner, file: file, registry: registry) ?? []
            reader = inner
        }
        self.callbacks = callbacks
        reader?.finish()
        outer.add(reader?.problems ?? [])
    }

    func applied(to base: TaskDefaults) -> TaskDefaults {
        var defaults = base
        defaults.retries = retries ?? base.retries
        defaults.retryDelay = retryDelay ?? base.retryDelay
        defaults.exponentialBackoff = exponentialBackoff ?? base.exponentialBackoff
        defaults.maxRetryDelay = maxRetryDelay ?? base.maxRetryDelay
        defaults.timeout = timeout ?? base.timeout
        defaults.dependsOnPast = dependsOnPast ?? base.dependsOnPast
        defaults.waitsForDownstream = waitsForDownstream ?? base.waitsForDownstream
        defaults.ignoresFirstDependsOnPast = ignoresFirstDependsOnPast ?? base.ignoresFirstDependsOnPast
        defaults.waitsForPastBeforeSkipping = waitsForPastBeforeSkipping ?? base.waitsForPastBeforeSkipping
        defaults.pool = pool ?? base.pool
        defaults.priorityWeight = priorityWeight ?? base.priorityWeight
        defaults.weightRule = weightRule ?? base.weightRule
        defaults.queue = queue ?? base.queue
        defaults.owner = owner ?? base.owner
        defaults.emailOnFailure = emailOnFailure ?? base.emailOnFailure
        defaults.emailOnRetry = emailOnRetry ?? base.emailOnRetry
        defaults.callbacks = base.callbacks + callbacks
        return defaults
    }
}
