/// What can be said of one task besides its work and its edges; what is `nil` comes from the DAG's defaults.
public struct TaskOptions: Hashable, Sendable {
    /// How many tries there are beyond the first.
    public var retries: Int?
    public var retryDelay: Duration?

    /// Whether each delay doubles, with a deterministic jitter (``RetryPolicy``).
    public var exponentialBackoff: Bool?
    public var maxRetryDelay: Duration?

    /// How long one try may run before its whole process group is ended.
    public var timeout: Duration?
    public var triggerRule: TriggerRule

    /// Decides by its error what becomes of a failed try.
    public var errorPolicy: ErrorPolicy?

    /// How many instances of the task may run at once, over all runs.
    public var maxActiveInstances: Int?

    /// How many instances of the task may run at once in one run.
    public var maxActiveInstancesPerRun: Int?

    /// Whether the task waits until it succeeded, or was skipped, in the run before.
    public var dependsOnPast: Bool?

    /// Whether it waits until the tasks directly downstream of it did so too; such a task depends on its past.
    public var waitsForDownstream: Bool?

    /// Whether a task that no run had before waits for nothing; `true` if nothing is said.
    public var ignoresFirstDependsOnPast: Bool?

    /// Whether a task that depends on its past waits for that even where it is to be skipped.
    public var waitsForPastBeforeSkipping: Bool?
    public var pool: String?
    public var poolSlots: Int
    public var priorityWeight: Int?
    public var weightRule: WeightRule?
    public var queue: String?
    public var owner: String?

    /// The assets that the task updates when it succeeds.
    public var outlets: [Asset]

    /// The assets that the task reads; it waits for none of them.
    public var inlets: [Asset]

    /// Documentation in Markdown.
    public var documentation: String?

    /// What is called back, in place of the callbacks of the defaults.
    public var callbacks: [TaskCallback]?

    public init(
        retries: Int? = nil, retryDelay: Duration? = nil, exponentialBackoff: Bool? = nil,
        maxRetryDelay: Duration? = nil, timeout: Duration? = nil, triggerRule: TriggerRule = .allSuccess,
        errorPolicy: ErrorPolicy? = nil, maxActiveInstances: Int? = nil, maxActiveInstancesPerRun: Int? = nil,
        dependsOnPast: Bool? = nil, waitsForDownstream: Bool? = nil, ignoresFirstDependsOnPast: Bool? = nil,
        waitsForPastBeforeSkipping: Bool? = nil, pool: String? = nil, poolSlots: Int = 1,
        priorityWeight: Int? = nil, weightRule: WeightRule? = nil,
        queue: String? = nil, owner: String? = nil, outlets: [Asset] = [], inlets: [Asset] = [],
        documentation: String? = nil,
        callbacks: [TaskCallback]? = nil
    ) {
        self.retries = retries
        self.retryDelay = retryDelay
        self.exponentialBackoff = exponentialBackoff
        self.maxRetryDelay = maxRetryDelay
        self.timeout = timeout
        self.triggerRule = triggerRule
        self.errorPolicy = errorPolicy
        self.maxActiveInstances = maxActiveInstances
        self.maxActiveInstancesPerRun = maxActiveInstancesPerRun
        self.dependsOnPast = dependsOnPast
        self.waitsForDownstream = waitsForDownstream
        self.ignoresFirstDependsOnPast = ignoresFirstDependsOnPast
        self.waitsForPastBeforeSkipping = waitsForPastBeforeSkipping
        self.pool = pool
        self.poolSlots = poolSlots
        self.priorityWeight = priorityWeight
        self.weightRule = weightRule
        self.queue = queue
        self.owner = owner
        self.outlets = outlets
        self.inlets = inlets
        self.documentation = documentation
        self.callbacks = callbacks
    }
}

/// What the tasks of a DAG have in common unless they say otherwise.
public struct TaskDefaults: Hashable, Sendable {
    public var retries: Int
    public var retryDelay: Duration
    public var exponentialBackoff: Bool
    public var maxRetryDelay: Duration?
    public var timeout: Duration?

    /// Decides by its error what becomes of a failed try.
    public var errorPolicy: ErrorPolicy?

    /// Whether a task waits until it succeeded, or was skipped, in the run before.
    public var dependsOnPast: Bool

    /// Whether it waits until the tasks directly downstream of it did so too; such a task depends on its past.
    public var waitsForDownstream: Bool

    /// Whether a task that no run had before waits for nothing.
    public var ignoresFirstDependsOnPast: Bool

    /// Whether a task that depends on its past waits for that even where it is to be skipped.
    public var waitsForPastBeforeSkipping: Bool
    public var pool: String
    public var priorityWeight: Int
    public var weightRule: WeightRule
    public var queue: String
    public var owner: String

    /// Who gets a mail when a task has failed for good.
    public var emailOnFailure: [String]

    /// Who gets a mail when a try failed and another one follows.
    public var emailOnRetry: [String]

    /// What is called back when something happens to a task.
    public var callbacks: [TaskCallback]

    public init(
        retries: Int = 0, retryDelay: Duration = .seconds(300), exponentialBackoff: Bool = false,
        maxRetryDelay: Duration? = nil, timeout: Duration? = nil, errorPolicy: ErrorPolicy? = nil,
        dependsOnPast: Bool = false, waitsForDownstream: Bool = false, ignoresFirstDependsOnPast: Bool = true,
        waitsForPastBeforeSkipping: Bool = false, pool: String = Pool.defaultName,
        priorityWeight: Int = 1, weightRule: WeightRule = .downstream, queue: String = "default",
        owner: String = "dagkit", emailOnFailure: [String] = [], emailOnRetry: [String] = [],
        callbacks: [TaskCallback] = []
    ) {
        self.retries = retries
        self.retryDelay = retryDelay
        self.exponentialBackoff = exponentialBackoff
        self.maxRetryDelay = maxRetryDelay
        self.timeout = timeout
        self.errorPolicy = errorPolicy
        self.dependsOnPast = dependsOnPast
        self.waitsForDownstream = waitsForDownstream
        self.ignoresFirstDependsOnPast = ignoresFirstDependsOnPast
        self.waitsForPastBeforeSkipping = waitsForPastBeforeSkipping
        self.pool = pool
        self.priorityWeight = priorityWeight
        self.weightRule = weightRule
        self.queue = queue
        self.owner = owner
        self.emailOnFailure = emailOnFailure
        self.emailOnRetry = emailOnRetry
        self.callbacks = callbacks
    }
}

extension TaskDefaults {
    /// The mails that the defaults ask for, as callbacks.
    func mails(at location: SourceLocation) -> [TaskCallback] {
        let lists = [
            (TaskOccasion.failure, "email_on_failure", emailOnFailure),
            (.retry, "email_on_retry", emailOnRetry),
        ]
        return lists.filter { !$0.2.isEmpty }.map { occasion, name, addresses in
            TaskCallback(
                [occasion], name: name,
                work: .declared(["mail": .array(addresses.map(JSONValue.string))]), at: location)
        }
    }

    /// The defaults with the changes of some groups, in their order.
    func adjusted(by adjustments: [DefaultsAdjustment]) -> TaskDefaults {
        var defaults = self
        for adjust in adjustments { adjust(&defaults) }
        return defaults
    }
}

/// How the weights of other tasks count into a task's priority.
public enum WeightRule: String, CaseIterable, Codable, Hashable, Sendable {
    /// Its own weight and those of all tasks downstream of it.
    case downstream
    /// Its own weight and those of all tasks upstream of it.
    case upstream
    /// Its own weight alone.
    case absolute
}
