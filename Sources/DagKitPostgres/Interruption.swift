import DagKitSystem
import Synchronization

/// Tells a job that runs on a thread of its own, over a connection, that nobody waits for it any more.
final class Interruption: Sendable {
    private struct State {
        var isRequested = false
        var bell: Bell?
    }

    private let state = Mutex(State())

    var isRequested: Bool { state.withLock(\.isRequested) }

    /// Asks the job to stop, and wakes it if it waits for its server.
    func request() {
        state.withLock { state in
            state.isRequested = true
            state.bell?.ring()
        }
    }

    /// From now on a request rings `bell`; it rings at once if there was one already.
    func attach(_ bell: Bell) {
        state.withLock { state in
            state.bell = bell
            if state.isRequested { bell.ring() }
        }
    }

    /// The job is over: a late request must not wake the next job of the same connection.
    func detach() {
        state.withLock { state in
            state.bell?.silence()
            state.bell = nil
        }
    }
}

/// A pipe whose reading end a thread watches beside the socket of its server.
final class Bell: Sendable {
    private let ends: PipeEnds

    init() throws(SystemError) {
        ends = try FileDescriptor.pipe()
        try ends.reader.setNonBlocking()
        try ends.writer.setNonBlocking()
    }

    /// Readable once the bell has rung.
    var descriptor: Int32 { ends.reader.raw }

    func ring() { _ = try? ends.writer.write([1]) }

    func silence() { _ = try? ends.reader.read(upTo: 64) }
}
