import DagKitSystem
import Glibc
import Testing

/// The socket of a service manager, as systemd has one.
final class ManagerSocket {
    let path: String
    private let handle: FileDescriptor

    init(_ path: String) throws {
        self.path = path
        handle = FileDescriptor(
            owning: socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(handle.raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard code == 0 else { throw SystemError.last("listen at", path) }
        try handle.setNonBlocking()
    }

    /// Waits for a message that has these parts; others are passed over.
    func expect(_ parts: String..., sourceLocation: Testing.SourceLocation = #_sourceLocation) async throws {
        var heard: [String] = []
        let deadline = BootTimeClock().now.advanced(by: .seconds(60))
        while BootTimeClock().now < deadline {
            if let bytes = try handle.read(upTo: 4096) {
                let text = String(decoding: bytes, as: UTF8.self)
                if parts.allSatisfy({ text.contains($0) }) { return }
                heard.append(text)
            } else {
                _ = try await Reactor.shared.wait(for: .readable, on: handle.raw, until: deadline)
            }
        }
        Issue.record("\(parts) did not come; \(heard) did", sourceLocation: sourceLocation)
    }
}
