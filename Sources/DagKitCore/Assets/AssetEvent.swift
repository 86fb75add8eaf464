public import FoundationEssentials

/// An update of an asset, as whoever made it tells it.
public struct AssetUpdate: Hashable, Sendable {
    public let asset: Asset
    public let at: Date

    /// What the update tells besides; an object.
    public let extra: JSONValue

    /// The task instance whose success is the update; `nil` for one from outside.
    public let source: TaskInstanceKey?

    public init(_ asset: Asset, at: Date, extra: JSONValue = [:], source: TaskInstanceKey? = nil) {
        self.asset = asset
        self.at = at
        self.extra = extra
        self.source = source
    }
}

/// An update of an asset as the store keeps it.
public struct AssetEvent: Hashable, Sendable {
    /// The place among all updates.
    public let number: Int64
    public let uri: String
    public let name: String
    public let at: Date
    public let extra: JSONValue

    /// The task instance that made it; `nil` for one from outside.
    public let source: TaskInstanceKey?

    public init(
        number: Int64, uri: String, name: String, at: Date, extra: JSONValue, source: TaskInstanceKey?
    ) {
        self.number = number
        self.uri = uri
        self.name = name
        self.at = at
        self.extra = extra
        self.source = source
    }

    /// The event as templates and reports show it.
    public var json: JSONValue {
        [
            "id": .integer(number), "uri": .string(uri), "name": .string(name),
            "timestamp": .string(at.isoText), "extra": extra,
            "source_dag_id": source.map { .string($0.run.dagID.rawValue) } ?? .null,
            "source_run_id": source.map { .string($0.run.runID.rawValue) } ?? .null,
            "source_task_id": source.map { .string($0.taskID.rawValue) } ?? .null,
            "source_map_index": .integer(Int64(source?.mapIndex ?? -1)),
        ]
    }
}

/// Which updates are asked for.
public struct AssetEventQuery: Hashable, Sendable {
    /// The normal form of an asset's URI.
    public var uri: String?

    /// The earliest instant of an update.
    public var since: Date?

    /// The run that was triggered by them.
    public var consumer: RunKey?

    /// The run whose tasks made them.
    public var source: RunKey?
    public var limit: Int

    public init(
        uri: String? = nil, since: Date? = nil, consumer: RunKey? = nil, source: RunKey? = nil,
        limit: Int = 1000
    ) {
        self.uri = uri
        self.since = since
        self.consumer = consumer
        self.source = source
        self.limit = limit
    }
}

/// The updates that wait for the next run of a DAG, in short.
public struct WaitingAssetEvents: Hashable, Sendable {
    /// The newest update that a run of the DAG was triggered by; 0 before the first.
    public let after: Int64

    /// The newest update.
    public let through: Int64

    /// When the latest of them was.
    public let latest: Date

    /// The data that the runs behind them cover together; `nil` if they cover none.
    public let dataInterval: DataInterval?

    public init(after: Int64, through: Int64, latest: Date, dataInterval: DataInterval?) {
        self.after = after
        self.through = through
        self.latest = latest
        self.dataInterval = dataInterval
    }
}

/// The updates that a run is created for: those of some assets, by their numbers.
public struct AssetConsumption: Hashable, Sendable {
    /// The URIs of the assets.
    public let uris: [String]

    /// The newest update that an earlier run was created for; a store refuses a run that was decided on another one.
    public let after: Int64
    public let through: Int64

    public init(uris: [String], after: Int64, through: Int64) {
        self.uris = uris
        self.after = after
        self.through = through
    }
}

/// What a DAG has to do with an asset.
public struct AssetReference: Hashable, Sendable {
    public enum Role: Hashable, Sendable {
        /// Updates of the asset make the DAG run.
        case schedule
        /// The task updates the asset.
        case outlet(TaskID)
        /// The task reads the asset.
        case inlet(TaskID)
    }

    public let asset: Asset
    public let role: Role

    public init(_ asset: Asset, _ role: Role) {
        self.asset = asset
        self.role = role
    }
}

/// An asset as the store knows it.
public struct AssetRecord: Hashable, Sendable {
    public let asset: Asset
    public let createdAt: Date
    public let updatedAt: Date

    /// Whether a DAG that is loaded names it.
    public private(set) var isActive: Bool

    /// The DAGs that run when it is updated.
    public private(set) var consumers: [DAGID]

    /// The tasks that update it, as `dag.task`.
    public private(set) var producers: [AssetTask]

    /// The tasks that read it.
    public private(set) var readers: [AssetTask]

    /// The newest update; `nil` before the first.
    public let lastEvent: AssetEvent?

    /// - Parameter references: What the loaded DAGs have to do with assets.
    package init(
        _ asset: Asset, createdAt: Date, updatedAt: Date, references: [DAGID: [AssetReference]],
        lastEvent: AssetEvent?
    ) {
        let own = references.flatMap { dag, all in
            all.filter { $0.asset.uri == asset.uri }.map { (dag: dag, role: $0.role) }
        }
        func tasks(_ pick: (AssetReference.Role) -> TaskID?) -> [AssetTask] {
            own.compactMap { reference in pick(reference.role).map { AssetTask(reference.dag, $0) } }.sorted()
        }
        self.asset = asset
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        isActive = !own.isEmpty
        consumers = own.filter { $0.role == .schedule }.map(\.dag).sorted()
        producers = tasks { if case .outlet(let task) = $0 { task } else { nil } }
        readers = tasks { if case .inlet(let task) = $0 { task } else { nil } }
        self.lastEvent = lastEvent
    }

    /// The same with what DAGs have to do with the asset that no scheduler has registered yet.
    package func adding(_ references: [DAGID: [AssetReference]]) -> AssetRecord {
        let more = AssetRecord(
            asset, createdAt: createdAt, updatedAt: updatedAt, references: references, lastEvent: lastEvent)
        var all = self
        all.isActive = isActive || more.isActive
        all.consumers = (consumers + more.consumers).sorted()
        all.producers = (producers + more.producers).sorted()
        all.readers = (readers + more.readers).sorted()
        return all
    }
}

/// A task that has an asset among its outlets or inlets.
public struct AssetTask: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let dagID: DAGID
    public let taskID: TaskID

    public init(_ dagID: DAGID, _ taskID: TaskID) {
        self.dagID = dagID
        self.taskID = taskID
    }

    public var description: String { "\(dagID).\(taskID)" }

    public static func < (left: AssetTask, right: AssetTask) -> Bool {
        (left.dagID, left.taskID) < (right.dagID, right.taskID)
    }
}
