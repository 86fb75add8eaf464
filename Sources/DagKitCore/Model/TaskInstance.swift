public import FoundationEssentials

/// What names a task instance among all: its run, its task and, for a mapped task, its index.
public struct TaskInstanceKey: Hashable, Codable, Sendable, CustomStringConvertible {
    public let run: RunKey
    public let taskID: TaskID

    /// The index within a mapped task; -1 for a task that is not mapped, or not expanded yet.
    public let mapIndex: Int

    public init(_ run: RunKey, _ taskID: TaskID, mapIndex: Int = -1) {
        self.run = run
        self.taskID = taskID
        self.mapIndex = mapIndex
    }

    public var description: String { "\(run)/\(taskID)" + (mapIndex < 0 ? "" : "[\(mapIndex)]") }
}

/// The token of one attempt, issued by the store at its dispatch: only its holder may record the outcome.
public struct AttemptID: RawRepresentable, Hashable, Codable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: Int64

    public init(rawValue: Int64) { self.rawValue = rawValue }

    public var description: String { String(rawValue) }

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// One task within one run: its state and the facts of its newest try.
public struct TaskInstance: Hashable, Codable, Sendable {
    public let key: TaskInstanceKey
    public var state: TaskState?

    /// What its author calls the instance of a mapped task, beside its index; `nil` until a try of it has ended.
    public var mapName: String?

    /// 0 before the first try; 1 during it.
    public var tryNumber: Int

    /// How many tries there may be beyond the first since the last clear, added to the tries before it.
    public var maxTries: Int

    /// The number of the last try.
    package var lastTry: Int { maxTries < .max ? maxTries + 1 : maxTries }

    /// How many times the instance was cleared; part of its idempotency key.
    public var clearNumber = 0

    /// The attempt that may record an outcome; `nil` if none may.
    public var attemptID: AttemptID?

    /// What happens once the running attempt is dead; `nil` if its own outcome counts.
    public var endRequest: EndRequest?

    public var startDate: Date?
    public var endDate: Date?

    /// When the instance was last handed to an executor.
    public var queuedAt: Date?

    /// When the next try is due; set while the state is `up_for_retry`.
    public var nextTryAt: Date?

    /// What it waits for; set while the state is `up_for_reschedule` or `deferred`.
    public var awaits: Awaited?

    /// How many times a sensor has looked in its newest try.
    public var pokeCount = 0

    /// When the first try since the last clear started; `nil` during that try.
    public var earlierStart: Date?

    /// Why it waits, failed or was skipped; `nil` where the state says all.
    public var reason: String?

    public var pool: String
    public var poolSlots: Int
    public var priorityWeight: Int
    public var queue: String
    public var operatorName: String
    public var hostname: String?
    public var processID: Int?

    /// What the newest ended try used; `nil` before one ended.
    public var usage: ResourceUsage?

    /// Creates the instance of `task` that nothing has happened to yet.
    public init(
        key: TaskInstanceKey, maxTries: Int = 0, pool: String = Pool.defaultName, poolSlots: Int = 1,
        priorityWeight: Int = 1, queue: String = "default", operatorName: String
    ) {
        self.key = key
        self.tryNumber = 0
        self.maxTries = maxTries
        self.pool = pool
        self.poolSlots = poolSlots
        self.priorityWeight = priorityWeight
        self.queue = queue
        self.operatorName = operatorName
    }

    /// When the first try since the last clear started: what the timeout of a sensor counts from.
    public var firstStart: Date? { earlierStart ?? startDate }

    public var taskID: TaskID { key.taskID }
    public var mapIndex: Int { key.mapIndex }
    public var isFinished: Bool { state?.isFinished ?? false }

    /// From the start of the newest try to its end, its waits included, in seconds; `nil` until it ended.
    public var duration: Double? {
        guard let startDate, let endDate else { return nil }
        return endDate.timeIntervalSince(startDate)
    }
}

/// What an attempt used of the machine, as the kernel counted it.
public struct ResourceUsage: Hashable, Codable, Sendable {
    /// User and system time of the attempt and its ended children, in seconds.
    public var cpuSeconds: Double
    /// The highest resident memory, in bytes.
    public var peakMemory: Int64
    /// Bytes that were read from storage.
    public var readBytes: Int64
    /// Bytes that were written to storage.
    public var writtenBytes: Int64
    /// Voluntary and involuntary context switches.
    public var contextSwitches: Int64

    public init(
        cpuSeconds: Double, peakMemory: Int64, readBytes: Int64 = 0, writtenBytes: Int64 = 0,
        contextSwitches: Int64 = 0
    ) {
        self.cpuSeconds = cpuSeconds
        self.peakMemory = peakMemory
        self.readBytes = readBytes
        self.writtenBytes = writtenBytes
        self.contextSwitches = contextSwitches
    }
}
