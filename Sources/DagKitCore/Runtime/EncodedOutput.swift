/// A task's value as it is stored: JSON text with the name of its Swift type.
public struct EncodedOutput: Hashable, Codable, Sendable {
    /// Sorted keys, ISO 8601 instants, no NaN.
    public let json: String

    /// The Swift type that was encoded, for the message of a reader that expects another.
    public let typeName: String

    /// How many elements the value has, if it is a list: as many instances has a task that is mapped over it.
    public let count: Int?

    public init(json: String, typeName: String, count: Int?) {
        self.json = json
        self.typeName = typeName
        self.count = count
    }

    /// The most bytes that the store takes for one value; what is larger belongs into a file or a table.
    public static let maximumBytes = 1 << 20

    /// The most bytes of all values together that one attempt may push.
    public static let maximumBytesPushed = 8 << 20

    /// Encodes a value; `nil` for ``None``.
    ///
    /// - Throws: ``OutputError/unencodable(type:reason:)``, ``OutputError/tooLarge(type:bytes:)``.
    public init?<Value: Encodable>(encoding value: Value) throws(OutputError) {
        if value is None { return nil }
        typeName = String(reflecting: Value.self)
        count = (value as? any Collection).flatMap { value is String ? nil : $0.count }
        do {
            json = try JSONCoding.encode(value)
        } catch {
            throw .unencodable(type: typeName, reason: "\(error)")
        }
        if json.utf8.count > Self.maximumBytes { throw .tooLarge(type: typeName, bytes: json.utf8.count) }
    }
}

/// A stored output of a task instance.
public struct XCom: Hashable, Codable, Sendable {
    /// The key under which a task's return value is stored.
    public static let returnValue = "return_value"

    /// The key under which it is stored which downstream tasks a branch, or what is like it, skips; Airflow's name.
    public static let skipDecision = "skipmixin_key"

    public let task: TaskInstanceKey
    public let key: String
    public let output: EncodedOutput

    public init(task: TaskInstanceKey, key: String, output: EncodedOutput) {
        self.task = task
        self.key = key
        self.output = output
    }
}

/// Turns stored outputs into the value that a task reads.
struct OutputReader {
    let producer: TaskID
    let reader: TaskID

    /// - Parameter mapIndex: The reader's own index.
    func value<Value: Decodable>(
        _ all: [XCom], shape: OutputShape, mapIndex: Int = -1
    ) throws(OutputError) -> Value {
        var stored = all
        switch shape {
        case .element: return try element(all, at: mapIndex, shape: .single)
        case .gatheredElement: return try element(all, at: mapIndex, shape: .gathered)
        case .single, .ifSuccessful, .sameIndex, .sameIndexIfSuccessful:
            if shape == .sameIndex || shape == .sameIndexIfSuccessful {
                stored = all.filter { $0.task.mapIndex == mapIndex }
            }
            guard let first = stored.first else {
                if shape.isOptional { return try decode("null", typeName: "nothing") }
                // A task that returns nothing stores nothing: its readers get just that.
                if let nothing = None() as? Value { return nothing }
                throw .missing(producer: producer, reader: reader)
            }
            return try decode(first.output.json, typeName: first.output.typeName)
        case .gathered, .gatheredIfSuccessful:
            if stored.isEmpty, shape == .gatheredIfSuccessful {
                return try decode("null", typeName: "nothing")
            }
            let list = "[" + stored.map(\.output.json).joined(separator: ",") + "]"
            return try decode(list, typeName: "[\(stored.first?.output.typeName ?? "nothing")]")
        }
    }

    func element<Element: Decodable>(
        _ stored: [XCom], at index: Int, shape: OutputShape
    ) throws(OutputError) -> Element {
        if shape == .gathered, stored.indices.contains(index) {
            return try decode(stored[index].output.json, typeName: stored[index].output.typeName)
        }
        let list: [Element] = try value(stored, shape: shape)
        guard list.indices.contains(index) else { throw .missing(producer: producer, reader: reader) }
        return list[index]
    }

    private func decode<Value: Decodable>(_ json: String, typeName: String) throws(OutputError) -> Value {
        do {
            return try JSONCoding.decode(Value.self, from: json)
        } catch {
            throw .mismatch(
                producer: producer, produced: typeName, reader: reader,
                expected: String(reflecting: Value.self),
                reason: "\(error)")
        }
    }
}

/// Why a value cannot travel from one task to another.
public enum OutputError: DagKitError, Equatable {
    case missing(producer: TaskID, reader: TaskID)
    case mismatch(producer: TaskID, produced: String, reader: TaskID, expected: String, reason: String)
    case unencodable(type: String, reason: String)
    case tooLarge(type: String, bytes: Int, task: TaskID? = nil, key: String = XCom.returnValue)
    case noFiles(task: TaskID)
    case damaged(file: String, reader: TaskID)
    case tooLargeTogether(bytes: Int)

    public var problem: String {
        switch self {
        case .missing(let producer, let reader):
            "task \"\(reader)\" reads the output of \"\(producer)\", which has none in this run"
        case .mismatch(let producer, let produced, let reader, let expected, let reason):
            "task \"\(reader)\" expects \"\(expected)\" of \"\(producer)\", which stored \"\(produced)\" (\(reason))"
        case .unencodable(let type, let reason):
            "a value of type \"\(type)\" cannot be stored as JSON (\(reason))"
        case .tooLarge(let type, let bytes, let task, let key):
            (task.map { "the output \"\(key)\" of task \"\($0)\"" } ?? "an output")
                + " has \(bytes) bytes as JSON (\"\(type)\"), and may have \(EncodedOutput.maximumBytes)"
        case .noFiles(let task):
            "task \"\(task)\" puts an output into a file, and this program has no home for it"
        case .damaged(let file, let reader):
            "task \"\(reader)\" reads file \"\(file)\", which is not what was written there"
        case .tooLargeTogether(let bytes):
            "the values that the task pushes have \(bytes) bytes as JSON together"
        }
    }

    /// The same error, with the task whose output it is.
    func located(in task: TaskID) -> OutputError {
        guard case .tooLarge(let type, let bytes, nil, let key) = self else { return self }
        return .tooLarge(type: type, bytes: bytes, task: task, key: key)
    }

    /// Whether another try would fail in the same way.
    var isFinal: Bool {
        switch self {
        case .tooLarge, .tooLargeTogether, .unencodable, .noFiles: true
        case .missing, .mismatch, .damaged: false
        }
    }

    public var remedy: String {
        switch self {
        case .missing(let producer, _): "run \"\(producer)\" first, or read its ifSuccessful"
        case .mismatch(let producer, _, _, _, _): "clear \"\(producer)\" so that it runs with the new type"
        case .unencodable: "return a value that JSON can hold: no NaN, no infinity"
        case .tooLarge:
            "return context.filed(value), or write the data to a file or table and return its name"
        case .noFiles: "give its services a home, or write the data to a table"
        case .damaged: "clear the task that wrote it"
        case .tooLargeTogether:
            "push at most \(EncodedOutput.maximumBytesPushed); write the data to a file or table and push its name"
        }
    }
}
