import DagKitSystem
import Glibc
import Synchronization
import Testing

/// The socket of a service manager, as systemd has one.
///
/// Who talks to a manager does not wait for it: this one reads all the time, since a full queue would lose messages.
final class ManagerSocket: Sendable {
    let path: String
    private let inbox: Inbox
    private let reading: Task<Void, any Error>

    init(_ path: String) throws {
        self.path = path
        let inbox = try Inbox(path)
        self.inbox = inbox
        reading = Task { try await inbox.fill() }
    }

    deinit { reading.cancel() }

    /// Waits for a message that has these parts; others are passed over.
    func expect(_ parts: String..., sourceLocation: Testing.SourceLocation = #_sourceLocation) async throws {
        var passedOver: [String] = []
        let hasCome = try await holds {
            while let message = inbox.next() {
                if parts.allSatisfy({ message.contains($0) }) { return true }
                passedOver.append(message)
            }
            return false
        }
        #expect(hasCome, "\(parts) did not come; \(passedOver) did", sourceLocation: sourceLocation)
    }

    /// Passes over what has come so far.
    func passOver() { while inbox.next() != nil {} }

    private final class Inbox: Sendable {
        private let handle: FileDescriptor
        private let messages = Mutex<[String]>([])

        init(_ path: String) throws {
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

        /// Reads until the task is cancelled.
        func fill() async throws {
            while !Task.isCancelled {
                if let bytes = try handle.read(upTo: 4096) {
                    messages.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) }
                } else {
                    _ = try await Reactor.shared.wait(for: .readable, on: handle.raw)
                }
            }
        }

        func next() -> String? { messages.withLock { $0.isEmpty ? nil : $0.removeFirst() } }
    }
}
