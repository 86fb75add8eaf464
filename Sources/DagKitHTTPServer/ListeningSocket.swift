import DagKitSystem
import Glibc

/// A socket that takes connections, before the library owns it.
struct ListeningSocket: ~Copyable {
    let descriptor: Int32
    let port: Int

    /// Binds `host`, a numeric address or `localhost`, and listens.
    ///
    /// - Throws: ``HTTPServerError/cannotListen(host:port:reason:)``.
    init(host: String, port: Int) throws(HTTPServerError) {
        guard (0...65535).contains(port) else {
            throw .cannotListen(host: host, port: port, reason: "a port is 0 to 65535")
        }
        let addresses = try Self.resolve(host, port)
        defer { freeaddrinfo(addresses) }
        let address = addresses.pointee
        let descriptor = socket(
            address.ai_family,
            address.ai_socktype | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue),
            0)
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard bind(descriptor, address.ai_addr, address.ai_addrlen) == 0, listen(descriptor, 511) == 0 else {
            let reason = SystemError.text(of: errno)
            close(descriptor)
            throw .cannotListen(host: host, port: port, reason: reason)
        }
        self.descriptor = descriptor
        self.port = port == 0 ? Self.boundPort(descriptor) : port
    }

    private static func resolve(
        _ host: String, _ port: Int
    ) throws(HTTPServerError) -> UnsafeMutablePointer<addrinfo> {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE | AI_NUMERICHOST
        var result: UnsafeMutablePointer<addrinfo>?
        let name = host == "localhost" ? "127.0.0.1" : host
        guard getaddrinfo(name, String(port), &hints, &result) == 0, let result else {
            throw .cannotListen(host: host, port: port, reason: "the host is no numeric address")
        }
        return result
    }

    private static func boundPort(_ descriptor: Int32) -> Int {
        var storage = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = getsockname(descriptor, $0, &length)
            }
        }
        // The port has the same place in the addresses of both families.
        return Int(UInt16(bigEndian: storage.sin6_port))
    }
}
