public import FoundationEssentials
import Synchronization

/// What a task knows while it runs: which run it belongs to, its parameters, its logger and the deployment's services.
public struct TaskContext: Sendable {
    /// The attempt's ids, dates and parameters.
    public let attempt: AttemptOrder

    /// Writes to the attempt's log.
    public let logger: TaskLogger

    /// Variables, connections, settings and whatever else the executable offers to tasks.
    public let services: TaskServices
    package let outbox: TaskOutbox

    /// The clock that sensors wait by; `nil` where nobody gave one.
    package let clock: TaskClock?

    package init(
        attempt: AttemptOrder, logger: TaskLogger, services: TaskServices, outbox: TaskOutbox = TaskOutbox(),
        clock: TaskClock? = nil
    ) {
        self.attempt = attempt
        self.logger = logger
        self.services = services
        self.outbox = outbox
        self.clock = clock
    }

    public var dagID: DAGID { attempt.key.run.dagID }
    public var runID: RunID { attempt.key.run.runID }
    public var taskID: TaskID { attempt.key.taskID }

    /// The index within a mapped task; -1 elsewhere.
    public var mapIndex: Int { attempt.key.mapIndex }
    public var tryNumber: Int { attempt.tryNumber }

    /// How many times a sensor has looked in this try, in attempts before this one; 0 for other tasks.
    public var pokeCount: Int { attempt.pokeCount }

    /// The instant that the run stands for; for a run that stands for none, the instant from which it might start.
    public var logicalDate: Date { attempt.logicalDate ?? attempt.runAfter }
    public var dataInterval: DataInterval? { attempt.dataInterval }

    /// The DAG's params with the run's conf over them.
    public var params: JSONValue { attempt.params }

    /// What the one who triggered the run handed over.
    public var conf: JSONValue { attempt.conf }

    /// A text that is the same for every attempt of this task instance until the run is cleared, and different for
    /// every other: what a service needs to recognise a repeated request.
    public var idempotencyKey: String {
        let identity = "\(dagID)\n\(runID)\n\(taskID)\n\(mapIndex)\n\(attempt.clearNumber)"
        return String(SHA256.hex(identity).prefix(32))
    }

    // MARK: Outputs of other tasks

    /// The value of an operator's argument: the constant, or the other task's output.
    ///
    /// - Throws: ``OutputError`` if the output does not exist or is of another type.
    public func value<Value>(of input: Input<Value>) async throws -> Value {
        switch input {
        case .value(let value): value
        case .output(let output): try await value(of: output)
        }
    }

    /// The output of another task of this run.
    ///
    /// - Throws: ``OutputError`` if the output does not exist or is of another type.
    public func value<Value>(of output: TaskOutput<Value>) async throws -> Value {
        let stored = try await services.metadata.outputs(
            of: output.producer, key: XCom.returnValue, in: attempt.key.run)
        return try OutputReader(producer: output.producer, reader: taskID).value(
            stored, shape: output.shape, mapIndex: mapIndex)
    }

    /// The element of a list that an instance of a mapped task is for.
    package func element<Element: Decodable>(of list: TaskOutput<[Element]>, at index: Int) async throws
        -> Element
    {
        let stored = try await services.metadata.outputs(
            of: list.producer, key: XCom.returnValue, in: attempt.key.run)
        return try OutputReader(producer: list.producer, reader: taskID).element(
            stored, at: index, shape: list.shape)
    }

    // MARK: The deployment

    /// The variable called `key`.
    ///
    /// - Throws: ``ServiceError/noVariable(_:)`` if there is none.
    public func variable(_ key: String) async throws -> String {
        guard let value = try await services.metadata.variable(key) else {
            throw ServiceError.noVariable(key)
        }
        return value
    }

    /// The variable called `key`, or `other` if there is none.
    public func variable(_ key: String, default other: String) async throws -> String {
        try await services.metadata.variable(key) ?? other
    }

    /// The connection called `id`.
    ///
    /// - Throws: ``ServiceError/noConnection(_:)`` if there is none.
    public func connection(_ id: String) async throws -> Connection {
        guard let connection = try await services.metadata.connection(id) else {
            throw ServiceError.noConnection(id)
        }
        return connection
    }

    /// The setting `section.key` of the deployment; `nil` if nobody set it.
    public func setting(_ section: String, _ key: String) -> String? {
        attempt.settings["\(section).\(key)"] ?? services.settings.value(section, key)
    }
}

/// What an attempt leaves beside its return value, collected until its outcome is reported.
package final class TaskOutbox: Sendable {
    private let entries = Mutex<[(key: String, output: EncodedOutput)]>([])
    private let mappedName = Mutex<String?>(nil)
    private let looks = Mutex<Int?>(nil)
    private let extras = Mutex<[String: JSONValue]>([:])

    package init() {}

    /// - Throws: ``OutputError/tooLargeTogether(bytes:)``.
    package func add(_ key: String, _ output: EncodedOutput) throws(OutputError) {
        try entries.withLock { entries throws(OutputError) in
            let others = entries.filter { $0.key != key }
            let bytes = others.reduce(output.json.utf8.count) { $0 + $1.output.json.utf8.count }
            guard bytes <= EncodedOutput.maximumBytesPushed else { throw .tooLargeTogether(bytes: bytes) }
            entries = others + [(key, output)]
        }
    }

    /// Says what the instance of a mapped task is called; at most 250 characters are kept.
    package func name(_ name: String) { mappedName.withLock { $0 = String(name.prefix(250)) } }

    /// Says what the update of an asset tells.
    package func setExtra(_ extra: JSONValue, of uri: String) { extras.withLock { $0[uri] = extra } }

    /// What the updates of assets tell, by their URIs.
    package var assetExtras: [String: JSONValue] { extras.withLock { $0 } }

    /// What the instance is called.
    package var mapName: String? { mappedName.withLock { $0 } }

    /// Says how many times a sensor has looked in this try.
    package func notePoke(_ count: Int) { looks.withLock { $0 = count } }

    /// How many times a sensor has looked in this try; `nil` for other tasks.
    package var pokeCount: Int? { looks.withLock { $0 } }

    /// What was pushed, in order.
    package var all: [(key: String, output: EncodedOutput)] { entries.withLock { $0 } }
}
