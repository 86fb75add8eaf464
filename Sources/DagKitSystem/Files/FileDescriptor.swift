import CSystem
import Glibc

/// The owner of an open descriptor, which it closes at the end of its life.
///
/// Calls are repeated when a signal interrupts them. All descriptors made here are closed on exec.
package struct FileDescriptor: ~Copyable, Sendable {
    /// The number; valid for as long as the owner lives.
    package let raw: Int32

    /// Takes over a descriptor that nobody else closes.
    package init(owning raw: Int32) {
        self.raw = raw
    }

    deinit { close(raw) }

    /// Opens a file.
    ///
    /// - Throws: ``SystemError/failed(_:_:code:)``.
    package static func open(_ path: String, _ flags: Int32, mode: UInt32 = 0o600) throws(SystemError)
        -> FileDescriptor
    {
        while true {
            let raw = Glibc.open(path, flags | O_CLOEXEC, mode)
            if raw >= 0 { return FileDescriptor(owning: raw) }
            if errno != EINTR { throw .last("open", path) }
        }
    }

    /// The two ends of a new pipe.
    package static func pipe() throws(SystemError) -> PipeEnds {
        var ends: (Int32, Int32) = (-1, -1)
        let code = withUnsafeMutableBytes(of: &ends) {
            dagkit_pipe($0.assumingMemoryBound(to: Int32.self).baseAddress!)
        }
        guard code == 0 else { throw .last("make a pipe") }
        return PipeEnds(reader: FileDescriptor(owning: ends.0), writer: FileDescriptor(owning: ends.1))
    }

    /// The two ends of a new connection; both return at once from reads and writes.
    package static func socketPair() throws(SystemError) -> (Int32, Int32) {
        var ends: (Int32, Int32) = (-1, -1)
        let code = withUnsafeMutableBytes(of: &ends) {
            dagkit_local_socket_pair($0.assumingMemoryBound(to: Int32.self).baseAddress!)
        }
        guard code == 0 else { throw .last("make a pair of sockets") }
        return ends
    }

    /// Gives up ownership: the caller closes the descriptor.
    package consuming func release() -> Int32 {
        let raw = raw
        discard self
        return raw
    }

    /// A second descriptor of the same open file.
    package func duplicate(from lowest: Int32 = 3) throws(SystemError) -> FileDescriptor {
        let copy = fcntl(raw, F_DUPFD_CLOEXEC, lowest)
        guard copy >= 0 else { throw .last("copy a descriptor") }
        return FileDescriptor(owning: copy)
    }

    /// Lets reads and writes return at once, with `EAGAIN`, instead of waiting.
    package func setNonBlocking() throws(SystemError) {
        let flags = fcntl(raw, F_GETFL)
        guard flags >= 0, fcntl(raw, F_SETFL, flags | O_NONBLOCK) == 0 else {
            throw .last("set a descriptor's mode")
        }
    }

    /// Reads what is there, at most `limit` bytes; empty at the end, `nil` if a non-blocking descriptor has nothing yet.
    package func read(upTo limit: Int) throws(SystemError) -> [UInt8]? {
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, initialized in
            repeat { count = Glibc.read(raw, buffer.baseAddress, limit) } while count < 0 && errno == EINTR
            initialized = max(count, 0)
        }
        if count >= 0 { return bytes }
        if errno == EAGAIN { return nil }
        throw .last("read")
    }

    /// Writes what fits now; 0 if a non-blocking descriptor takes nothing yet.
    package func write(_ bytes: ArraySlice<UInt8>) throws(SystemError) -> Int {
        while true {
            let count = bytes.withUnsafeBytes { Glibc.write(raw, $0.baseAddress, $0.count) }
            if count >= 0 { return count }
            if errno == EAGAIN { return 0 }
            if errno != EINTR { throw .last("write") }
        }
    }

    /// Writes all of `bytes`; for descriptors that block.
    package func writeAll(_ bytes: some Sequence<UInt8>) throws(SystemError) {
        var rest = ArraySlice(Array(bytes))
        while !rest.isEmpty { rest = rest.dropFirst(try write(rest)) }
    }

    /// Waits until the disk has all that was written.
    package func synchronize() throws(SystemError) {
        guard fsync(raw) == 0 else { throw .last("write to the disk") }
    }
}

/// A pipe: what goes into ``writer`` comes out of ``reader``.
package struct PipeEnds: ~Copyable, Sendable {
    package let reader: FileDescriptor
    package let writer: FileDescriptor
}
