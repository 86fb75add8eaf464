import CMicroHTTPD
import Synchronization

/// The bytes of one response body on their way from the task that writes them to the thread that sends them.
///
/// When there is nothing to send, the connection is suspended, and the next write resumes it: no thread waits.
final class BodyChannel: Sendable {
    private enum Ending {
        case open, finished, cut, gone
    }

    private struct State {
        var bytes: [UInt8] = []
        var sent = 0
        var ending = Ending.open
        var isSuspended = false
        var writers: [Int: CheckedContinuation<Void, any Error>] = [:]
        var nextWriter = 0

        var waiting: Int { bytes.count - sent }
    }

    /// Writers wait while more than this many bytes are not sent yet.
    private static let highWater = 256 * 1024

    private let state: Mutex<State>
    private let connection: ConnectionHandle

    /// Creates a channel that holds `bytes` already.
    init(_ connection: ConnectionHandle, bytes: [UInt8] = []) {
        self.connection = connection
        state = Mutex(State(bytes: bytes))
    }

    // MARK: The task that writes

    func write(_ bytes: [UInt8]) async throws {
        try Task.checkCancellation()
        let number = state.withLock { state in
            state.nextWriter += 1
            return state.nextWriter
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                accept(bytes, from: number, continuation)
                if Task.isCancelled { cancel(number) }
            }
        } onCancel: {
            cancel(number)
        }
    }

    private func accept(
        _ bytes: [UInt8], from number: Int, _ continuation: CheckedContinuation<Void, any Error>
    ) {
        let outcome: Result<Void, any Error>? = state.withLock { state in
            guard state.ending == .open else { return .failure(HTTPServerError.clientGone) }
            state.bytes += bytes
            resumeReader(&state)
            guard state.waiting > Self.highWater else { return .success(()) }
            state.writers[number] = continuation
            return nil
        }
        if let outcome { continuation.resume(with: outcome) }
    }

    private func cancel(_ number: Int) {
        state.withLock { $0.writers.removeValue(forKey: number) }?.resume(throwing: CancellationError())
    }

    /// Ends the body: whole, or cut so that the client sees that something is missing.
    func finish(whole: Bool) {
        state.withLock { state in
            guard state.ending == .open else { return }
            state.ending = whole ? .finished : .cut
            resumeReader(&state)
        }
    }

    /// Ends the body because nobody reads it any more; writers learn it.
    func close() {
        let writers = state.withLock { state in
            state.ending = .gone
            resumeReader(&state)
            defer { state.writers = [:] }
            return state.writers
        }
        for writer in writers.values { writer.resume(throwing: HTTPServerError.clientGone) }
    }

    /// Notes that the connection must not be touched again; writers learn it.
    func connectionEnded() {
        state.withLock { $0.isSuspended = false }
        close()
    }

    private func resumeReader(_ state: inout State) {
        guard state.isSuspended else { return }
        state.isSuspended = false
        connection.resume()
    }

    // MARK: The thread that sends

    /// Copies at most `limit` bytes to `target`, or suspends the connection if there are none yet.
    func read(into target: UnsafeMutablePointer<CChar>, atMost limit: Int) -> Int {
        let (count, writers) = state.withLock { state -> (Int, [Int: CheckedContinuation<Void, any Error>]) in
            let count = take(from: &state, into: target, atMost: limit)
            guard state.waiting <= Self.highWater / 2 else { return (count, [:]) }
            defer { state.writers = [:] }
            return (count, state.writers)
        }
        for writer in writers.values { writer.resume() }
        return count
    }

    private func take(
        from state: inout State, into target: UnsafeMutablePointer<CChar>, atMost limit: Int
    ) -> Int {
        if state.ending == .gone { return dagkit_mhd_error() }
        guard state.waiting > 0 else { return atEnd(&state) }
        let count = min(limit, state.waiting)
        state.bytes.withUnsafeBytes { bytes in
            let part = UnsafeRawBufferPointer(rebasing: bytes[state.sent..<state.sent + count])
            UnsafeMutableRawBufferPointer(start: target, count: count).copyMemory(from: part)
        }
        state.sent += count
        if state.waiting == 0 {
            state.bytes.removeAll(keepingCapacity: true)
            state.sent = 0
        }
        return count
    }

    private func atEnd(_ state: inout State) -> Int {
        switch state.ending {
        case .finished: return dagkit_mhd_end()
        case .cut, .gone: return dagkit_mhd_error()
        case .open:
            state.isSuspended = true
            connection.suspend()
            return 0
        }
    }
}
