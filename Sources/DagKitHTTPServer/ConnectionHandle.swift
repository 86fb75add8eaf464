import CMicroHTTPD
import Glibc

/// A connection of the C library, as long as it lives.
struct ConnectionHandle: @unchecked Sendable {
    // Sendable by hand: suspend and resume may be called from any thread, and both are called only under the lock of an
    // exchange or body that has not yet been told of the connection's end; all else happens on the library's own thread.
    let pointer: OpaquePointer

    /// What tells this connection from all others that live.
    var key: Int { Int(bitPattern: pointer) }

    var socket: Int32 { dagkit_mhd_socket(pointer) }

    /// Takes the connection out of the library's loop until it is resumed.
    func suspend() {
        MHD_suspend_connection(pointer)
    }

    func resume() {
        MHD_resume_connection(pointer)
    }

    /// The numeric address of the client; empty if it is not known.
    var clientAddress: String {
        guard let peer = dagkit_mhd_peer(pointer) else { return "" }
        let isIPv4 = Int32(peer.pointee.sa_family) == AF_INET
        let length = isIPv4 ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let code = getnameinfo(
            peer, socklen_t(length), &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
        guard code == 0 else { return "" }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
