import Glibc

/// A client that sends exactly the bytes it is given and shows exactly the bytes it gets.
///
/// Its reads block for at most ten seconds, so they run on threads of their own.
struct RawClient: Sendable {
    let socket: Int32

    init(port: Int) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else {
            close()
            throw RawClientError.refused
        }
    }

    func send(_ text: String) {
        send(Array(text.utf8))
    }

    func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    /// What the server sends until it closes the connection.
    func readToEnd() async throws -> String {
        var text = ""
        while let part = try await read() { text += part }
        return text
    }

    /// What the server sends until `marker` is in it, or the connection ends.
    func read(until marker: String) async throws -> String {
        var text = ""
        while !text.contains(marker), let part = try await read() { text += part }
        return text
    }

    func close() {
        _ = Glibc.close(socket)
    }

    private func read() async throws -> String? {
        try await withCheckedThrowingContinuation { continuation in
            ReaderThread.start { continuation.resume(with: Result(catching: readOnce)) }
        }
    }

    private func readOnce() throws -> String? {
        var bytes = [UInt8](repeating: 0, count: 65536)
        let count = recv(socket, &bytes, bytes.count, 0)
        if count > 0 { return String(decoding: bytes.prefix(count), as: UTF8.self) }
        if count < 0, errno == EAGAIN { throw RawClientError.silence }
        return nil
    }
}

enum RawClientError: Error {
    case refused
    /// The server sent nothing for ten seconds.
    case silence
}

/// A thread for one blocking call, so that the tests do not stop the tasks of the server they test.
final class ReaderThread {
    private let body: @Sendable () -> Void

    private init(_ body: @escaping @Sendable () -> Void) {
        self.body = body
    }

    static func start(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(ReaderThread(body)).toOpaque()
        pthread_create(&thread, nil, runReaderThread, context)
        pthread_detach(thread)
    }

    fileprivate func run() { body() }
}

private func runReaderThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let context { Unmanaged<ReaderThread>.fromOpaque(context).takeRetainedValue().run() }
    return nil
}
