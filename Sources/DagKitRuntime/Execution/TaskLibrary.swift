public import DagKitCore
import DagKitSystem
import Synchronization

/// The tasks that an executable can run, by DAG and task id.
///
/// ```swift
/// let library = TaskLibrary([CryptoDataPipeline(), CryptoMonitoring()])
/// ```
/// A DAG is built when a task of it is first asked for.
public struct TaskLibrary: Sendable {
    /// Makes the work of a task that a document declares, from its part of the document.
    public typealias DeclaredWork = @Sendable (JSONValue) throws -> TaskWork

    /// Makes a notifier that a document declares, from its part of the document.
    public typealias DeclaredNotifier = @Sendable (JSONValue) throws -> any Notifier

    private let makers: [DAGID: @Sendable () throws -> DAGSpec]
    private let declaredWork: DeclaredWork?
    private let declaredNotifier: DeclaredNotifier?
    private let built = BuiltSpecs()

    /// - Parameters:
    ///   - declaredWork: Makes the work of declared tasks; `nil` if there are none.
    ///   - declaredNotifier: Makes the notifiers that documents declare and that mails need; `nil` if there are none.
    public init(
        _ dags: [any DAG], declaredWork: DeclaredWork? = nil, declaredNotifier: DeclaredNotifier? = nil
    ) {
        makers = Dictionary(dags.map { ($0.configuration.id, Self.maker(of: $0)) }) { first, _ in first }
        self.declaredWork = declaredWork
        self.declaredNotifier = declaredNotifier
    }

    /// The work of the task that an order names.
    ///
    /// - Throws: ``TaskLibraryError``, or what is wrong with the DAG.
    package func work(for order: AttemptOrder) throws -> TaskWork {
        if let notice = order.notice { return TaskWork(telling: notice, by: try notifier(of: notice)) }
        if let declaration = order.declaration {
            guard let declaredWork else { throw TaskLibraryError.notDeclarable(order.key) }
            return try declaredWork(declaration)
        }
        let spec = try spec(of: order.key.run.dagID)
        guard let task = spec.task(order.key.taskID) else { throw TaskLibraryError.unknownTask(order.key) }
        guard spec.structureHash == order.structureHash else {
            throw TaskLibraryError.otherStructure(
                order.key.run.dagID, expected: order.structureHash, found: spec.structureHash)
        }
        return task.work
    }

    /// The notifier that a notice is for.
    private func notifier(of notice: Notice) throws -> any Notifier {
        let name = notice.receiver.name
        if let declaration = notice.receiver.declaration {
            guard let declaredNotifier else { throw TaskLibraryError.unknownNotifier(name, notice.subject) }
            return try declaredNotifier(declaration)
        }
        let spec = try spec(of: notice.run.dagID)
        let found = notice.task.map { spec.task($0.taskID)?.notifier(name) } ?? spec.notifier(name)
        guard let found else { throw TaskLibraryError.unknownNotifier(name, notice.subject) }
        return found
    }

    private func spec(of id: DAGID) throws -> DAGSpec {
        if let spec = built.specs.withLock({ $0[id] }) { return spec }
        guard let make = makers[id] else { throw TaskLibraryError.unknownDAG(id) }
        let spec = try make()
        built.specs.withLock { $0[id] = spec }
        return spec
    }

    private static func maker(of dag: some DAG) -> @Sendable () throws -> DAGSpec {
        { try DAGSpec(dag, zones: TimeZones(of: [dag])) }
    }

    private final class BuiltSpecs: Sendable {
        let specs = Mutex<[DAGID: DAGSpec]>([:])
    }
}

extension TimeZones {
    /// The time zones that the schedules of `dags` name, by the rules of this machine.
    ///
    /// A name that the machine does not know is reported by the check of its DAG.
    public init(of dags: [any DAG]) {
        let names = Set(dags.flatMap(\.configuration.schedule.timeZoneNames))
        self.init(loading: names.sorted(), from: ZoneInfo.system())
    }
}

/// Why a worker cannot run what it was ordered.
public enum TaskLibraryError: DagKitError, Equatable {
    case unknownDAG(DAGID)
    case unknownTask(TaskInstanceKey)
    case notDeclarable(TaskInstanceKey)
    case unknownNotifier(String, String)
    case otherStructure(DAGID, expected: String, found: String)

    public var problem: String {
        switch self {
        case .unknownDAG(let id): "this executable has no dag \"\(id)\""
        case .unknownTask(let key):
            "dag \"\(key.run.dagID)\" of this executable has no task \"\(key.taskID)\""
        case .notDeclarable(let key): "this executable cannot run the declared task \"\(key.taskID)\""
        case .unknownNotifier(let name, let subject):
            "this executable has no callback \"\(name)\" for \"\(subject)\""
        case .otherStructure(let id, let expected, let found):
            "dag \"\(id)\" has structure \"\(found.prefix(8))\" in the worker and \"\(expected.prefix(8))\" in the scheduler"
        }
    }

    public var remedy: String {
        switch self {
        case .unknownDAG, .unknownTask, .notDeclarable, .unknownNotifier:
            "start the scheduler of the executable that has it"
        case .otherStructure:
            "restart the scheduler, and let build declare the same tasks each time it is called"
        }
    }
}
