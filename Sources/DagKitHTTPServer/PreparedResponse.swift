import CMicroHTTPD
import DagKitCore
import DagKitSystem
import Glibc

/// A response whose body is at hand: files are open, bytes are compressed, faults are worked in.
struct PreparedResponse: Sendable {
    enum Body: Sendable {
        case bytes([UInt8])
        case file(OpenFile)
        /// Bytes from a channel; `declared` is the length in the header, `nil` for chunks.
        case channel(BodyChannel, declared: Int?)
        case hangUp
    }

    var status: Int
    var headers: HTTPHeaders
    var body: Body

    /// Prepares what a handler answered.
    init(_ response: HTTPResponse, on connection: ConnectionHandle) async {
        status = response.status
        headers = response.headers
        switch response.body {
        case .bytes(let bytes):
            body = .bytes(bytes)
            if let sent = response.fault?.bytesSent, sent < bytes.count {
                let channel = BodyChannel(connection, bytes: Array(bytes.prefix(sent)))
                channel.finish(whole: false)
                body = .channel(channel, declared: bytes.count)
            }
        case .stream: body = .channel(BodyChannel(connection), declared: nil)
        case .file(let path):
            do {
                body = .file(try await Blocking.run { try OpenFile(path) })
            } catch {
                status = 404
                headers = ["Content-Type": "text/plain; charset=utf-8"]
                body = .bytes(Array("not found\n".utf8))
            }
        }
        if response.fault?.hangsUp == true { body = .hangUp }
    }

    /// Prepares a response that is bytes and without fault.
    init(_ response: HTTPResponse) {
        status = response.status
        headers = response.headers
        body = .bytes([])
        if case .bytes(let bytes) = response.body { body = .bytes(bytes) }
    }

    /// Gives the response to the library; on its thread only.
    ///
    /// - Returns: Whether the library took it; if not, the connection ends.
    func send(on connection: ConnectionHandle, closing: Bool) -> Bool {
        guard let message = makeMessage() else { return false }
        defer { MHD_destroy_response(message) }
        for field in headers.fields where !Self.reserved.contains(field.name.lowercased()) {
            MHD_add_response_header(message, field.name, field.value)
        }
        if closing { MHD_add_response_header(message, "Connection", "close") }
        return MHD_queue_response(connection.pointer, UInt32(status), message) == dagkit_mhd_yes()
    }

    private func makeMessage() -> OpaquePointer? {
        switch body {
        case .bytes(let bytes): bytes.withUnsafeBytes { dagkit_mhd_copy($0.baseAddress, $0.count) }
        case .file(let file):
            file.takeDescriptor().flatMap { MHD_create_response_from_fd64(UInt64(file.size), $0) }
        case .channel(let channel, let declared):
            dagkit_mhd_stream(
                Int64(declared ?? -1), readBodyChannel, Unmanaged.passRetained(channel).toOpaque(),
                releaseBodyChannel)
        case .hangUp: nil
        }
    }

    /// What the library writes by itself.
    private static let reserved: Set<String> = [
        "connection", "content-length", "date", "transfer-encoding",
    ]
}

/// A regular file that is open for reading, until the library takes its descriptor over.
final class OpenFile: Sendable {
    let size: Int
    private let descriptor: Int32
    private let isTaken = Taken()

    /// Opens a file.
    ///
    /// - Throws: ``SystemError/failed(_:_:code:)`` if it cannot be read or is no regular file.
    init(_ path: String) throws(SystemError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw SystemError.last("read file", path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw SystemError.failed("read file", path, code: EISDIR)
        }
        self.descriptor = descriptor
        size = Int(status.st_size)
    }

    deinit {
        if !isTaken.exchange() { close(descriptor) }
    }

    /// The descriptor, which the caller now has to close; `nil` if it was taken before.
    func takeDescriptor() -> Int32? {
        isTaken.exchange() ? nil : descriptor
    }
}
