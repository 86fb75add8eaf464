import DagKitSystem
import Glibc

/// A port on which connections are taken and nothing is ever said.
final class SilentListener: Sendable {
    let port: Int
    private let socket: FileDescriptor

    init() throws {
        socket = FileDescriptor(owning: Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let raw = socket.raw
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bare in
                bind(raw, bare, size) + listen(raw, 8) + getsockname(raw, bare, &size)
            }
        }
        guard code == 0 else { throw SystemError.last("listen") }
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    /// Waits until somebody has called.
    func waitForCaller() async throws {
        _ = try await Reactor.shared.wait(for: .readable, on: socket.raw)
    }
}
