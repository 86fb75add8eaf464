/// A value that lies in a file of the deployment's home, since it is too large to be stored as an output.
///
/// ```swift
/// let rows = dag.task("extract") { context in try await context.filed(try await fetchAll()) }
/// dag.task("load", reading: rows) { context, rows in
///     let rows = try await context.contents(of: rows)
/// }
/// ```
public struct FiledOutput<Value: Codable & Sendable>: Codable, Hashable, Sendable {
    /// The file, relative to the folder of outputs.
    public let file: String
    public let bytes: Int

    /// The SHA-256 of the file, in hex digits.
    public let sha256: String
}

/// Where tasks put what is too large to be stored: the runtime makes one for a home.
public struct OutputFiles: Sendable {
    package let write: @Sendable (_ contents: [UInt8], _ file: String) async throws -> Void
    package let read: @Sendable (_ file: String) async throws -> [UInt8]

    package init(
        write: @escaping @Sendable ([UInt8], String) async throws -> Void,
        read: @escaping @Sendable (String) async throws -> [UInt8]
    ) {
        self.write = write
        self.read = read
    }
}

extension TaskContext {
    /// Puts a value of any size into a file, as JSON, and gives what stands for it.
    ///
    /// The file lies in `outputs/` of the home and is written anew by each try.
    ///
    /// - Throws: ``OutputError/noFiles(task:)``, ``OutputError/unencodable(type:reason:)``, or what the file system says.
    public func filed<Value: Codable & Sendable>(_ value: Value, as name: String = XCom.returnValue)
        async throws
        -> FiledOutput<Value>
    {
        guard let files = services[OutputFiles.self] else { throw OutputError.noFiles(task: taskID) }
        let text: String
        do {
            text = try JSONCoding.encode(value)
        } catch {
            throw OutputError.unencodable(type: String(reflecting: Value.self), reason: "\(error)")
        }
        let contents = Array(text.utf8)
        let index = mapIndex < 0 ? "" : ".\(mapIndex)"
        let file = "\(dagID)/\(runID)/\(taskID)\(index).\(SHA256.hex(name).prefix(8)).json"
        try await files.write(contents, file)
        return FiledOutput(file: file, bytes: contents.count, sha256: SHA256.hex(text))
    }

    /// The value that a file holds.
    ///
    /// - Throws: ``OutputError/damaged(file:reader:)`` if the file is not what was written.
    public func contents<Value>(of output: FiledOutput<Value>) async throws -> Value {
        guard let files = services[OutputFiles.self] else { throw OutputError.noFiles(task: taskID) }
        let text = String(decoding: try await files.read(output.file), as: UTF8.self)
        guard SHA256.hex(text) == output.sha256 else {
            throw OutputError.damaged(file: output.file, reader: taskID)
        }
        return try JSONCoding.decode(Value.self, from: text)
    }
}
