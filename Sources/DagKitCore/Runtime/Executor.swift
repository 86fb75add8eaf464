public import FoundationEssentials

/// Runs attempts of task instances, in this process or elsewhere.
///
/// An executor keeps the outcome of an attempt until ``acknowledge(_:)`` says that it is stored.
public protocol Executor: Sendable {
    /// How many attempts it runs at once.
    var capacity: Int { get }

    /// Starts the executor and gives the events of its attempts, first those of attempts that an earlier scheduler
    /// left behind.
    func start() async throws -> AsyncStream<ExecutorEvent>

    /// The same, for one who takes the events on a thread of its own: an executor may do there what it has to do for each, so
    /// that nothing goes from thread to thread.
    func start(tellingOn thread: (any TaskExecutor)?) async throws -> AsyncStream<ExecutorEvent>

    /// Takes an attempt; returns once it is handed over, not once it has ended.
    func dispatch(_ orders: [AttemptOrder]) async

    /// Ends an attempt with all its processes; its outcome comes as an event, after its death.
    func kill(_ attempt: AttemptID, reason: String) async

    /// The outcomes of these attempts are stored and may be forgotten.
    func acknowledge(_ attempts: [AttemptID]) async

    /// Ends: attempts get `grace` to finish, then are ended; their outcomes come as events before the stream ends.
    ///
    /// Said again meanwhile, it shortens the grace; without any the attempts are killed at once.
    func stop(grace: Duration) async

    /// Ends as ``stop(grace:)`` does, for a scheduler that stores nothing any more: the outcomes are kept for the next one.
    func abandon(grace: Duration) async

    /// Ends and leaves the attempts to the next scheduler: they go on, and their outcomes are kept. Attempts that cannot
    /// outlive this process are ended.
    func handOver() async
}

extension Executor {
    public func start(tellingOn thread: (any TaskExecutor)?) async throws -> AsyncStream<ExecutorEvent> {
        try await start()
    }

    public func abandon(grace: Duration) async { await stop(grace: grace) }

    public func handOver() async { await stop(grace: .zero) }
}

/// What an executor says of its attempts.
public enum ExecutorEvent: Sendable {
    /// The attempt has ended, with all its processes.
    case finished(AttemptOutcome)
    /// The attempts that still run after a restart of the scheduler; what the store calls running and is not among
    /// them is dead.
    case adopted([AttemptID])
    /// The attempts that are known to run after a restart, where others may run, too; ``adopted(_:)`` follows once all
    /// is known.
    case adoptedInPart([AttemptID])
}

/// All that an attempt needs to run: what a scheduler sends to an executor.
public struct AttemptOrder: Codable, Hashable, Sendable {
    public let attemptID: AttemptID
    public let key: TaskInstanceKey
    public let tryNumber: Int

    /// The number of the last try that may be made.
    public let lastTry: Int
    public let runType: RunType
    public let logicalDate: Date?
    public let dataInterval: DataInterval?
    public let runAfter: Date
    public let params: JSONValue
    public let conf: JSONValue
    public let clearNumber: Int
    public let structureHash: String
    public let operatorName: String

    /// How long the attempt may run.
    public let timeout: Duration?

    /// What makes the work of a declared task; `nil` for one that the executable knows.
    public let declaration: JSONValue?

    /// Resolved settings (`section.key`) that the deployment sets over the configuration.
    public let settings: [String: String]

    /// When the task first started since it was cleared: what the timeout of a sensor counts from.
    public var firstStart: Date?

    /// How many times a sensor has looked in this try, in attempts before this one.
    public var pokeCount = 0

    /// The notice that is to be told, in place of a task that is to be run.
    public private(set) var notice: Notice?

    /// The URIs of the assets that the task updates.
    public private(set) var outlets: [String] = []

    public init(
        attemptID: AttemptID, instance: TaskInstance, run: DAGRun, task: TaskSpec, params: JSONValue,
        settings: [String: String] = [:]
    ) {
        self.attemptID = attemptID
        key = instance.key
        tryNumber = instance.tryNumber
        lastTry = instance.lastTry
        runType = run.type
        logicalDate = run.logicalDate
        dataInterval = run.dataInterval
        runAfter = run.runAfter
        self.params = params
        conf = run.conf
        clearNumber = instance.clearNumber
        structureHash = run.structureHash
        operatorName = instance.operatorName
        timeout = task.timeout
        declaration = task.declaration
        self.settings = settings
        outlets = task.outlets.map(\.uri)
        firstStart = instance.firstStart
        pokeCount = instance.pokeCount
    }

    /// The run as far as an attempt knows it.
    package var run: DAGRun {
        DAGRun(
            key: key.run, type: runType, logicalDate: logicalDate, dataInterval: dataInterval,
            runAfter: runAfter, conf: conf, queuedAt: runAfter, structureHash: structureHash)
    }

    package init(
        attemptID: AttemptID, key: TaskInstanceKey, tryNumber: Int, lastTry: Int, runType: RunType,
        logicalDate: Date?, dataInterval: DataInterval?, runAfter: Date, params: JSONValue, conf: JSONValue,
        clearNumber: Int, structureHash: String, operatorName: String, timeout: Duration?,
        declaration: JSONValue?, settings: [String: String], notice: Notice? = nil,
        outlets: [String] = []
    ) {
        self.attemptID = attemptID
        self.key = key
        self.tryNumber = tryNumber
        self.lastTry = lastTry
        self.runType = runType
        self.logicalDate = logicalDate
        self.dataInterval = dataInterval
        self.runAfter = runAfter
        self.params = params
        self.conf = conf
        self.clearNumber = clearNumber
        self.structureHash = structureHash
        self.operatorName = operatorName
        self.timeout = timeout
        self.declaration = declaration
        self.settings = settings
        self.notice = notice
        self.outlets = outlets
    }
}

/// How an attempt ended.
public struct AttemptOutcome: Codable, Hashable, Sendable {
    public let attemptID: AttemptID
    public let key: TaskInstanceKey
    public let tryNumber: Int
    public package(set) var verdict: Verdict

    /// What the task calls its instance of a mapped task.
    public var mapName: String?

    /// How many times a sensor has looked in this try; `nil` for other tasks.
    public var pokeCount: Int?

    /// What the task pushed beside its return value.
    public var pushed: [XCom]
    public var startedAt: Date
    public var endedAt: Date
    public var usage: ResourceUsage?
    public var processID: Int?
    public var hostname: String?

    /// The templates of the task's operator as they were rendered, secrets masked.
    public var rendered: [TemplateField]

    /// What the task tells of its updates of assets, by their URIs.
    public var assetExtras: [String: JSONValue] = [:]

    /// What became of the task.
    public enum Verdict: Codable, Hashable, Sendable {
        case success(EncodedOutput?)
        case skipped(reason: String)

        /// - Parameters:
        ///   - isRetryable: Whether another try may follow.
        ///   - retryDelay: How long to wait before it, in place of the task's own delay.
        case failed(reason: String, isRetryable: Bool, retryDelay: Duration?)

        /// The attempt never began, or nobody can say what became of it before it began: the same try goes again.
        case notStarted(reason: String)

        /// A sensor has not seen yet what it waits for: the same try goes on at an instant, and holds nothing until then.
        case waiting(until: Date, reason: String)
    }

    public init(
        attemptID: AttemptID, key: TaskInstanceKey, tryNumber: Int, verdict: Verdict, pushed: [XCom] = [],
        startedAt: Date, endedAt: Date, usage: ResourceUsage? = nil, processID: Int? = nil,
        hostname: String? = nil, rendered: [TemplateField] = []
    ) {
        self.attemptID = attemptID
        self.key = key
        self.tryNumber = tryNumber
        self.verdict = verdict
        self.pushed = pushed
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.usage = usage
        self.processID = processID
        self.hostname = hostname
        self.rendered = rendered
    }
}

extension AttemptOutcome {
    /// The outcome of an attempt that was told to end: it has failed for that reason, whatever it came to by itself, and
    /// nothing that it put out counts.
    package func ended(because reason: String, isRetryable: Bool) -> AttemptOutcome {
        var ended = self
        ended.verdict = .failed(reason: reason, isRetryable: isRetryable, retryDelay: nil)
        ended.pushed = []
        ended.assetExtras = [:]
        return ended
    }
}
