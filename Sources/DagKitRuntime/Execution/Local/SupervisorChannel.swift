import DagKitCore
import DagKitSystem

/// A worker's connection to its supervisor.
actor SupervisorChannel {
    private let socket: MessageSocket
    private var masked: Set<String> = []
    private var isAsking = false
    private var queue: [CheckedContinuation<Void, Never>] = []

    init(_ socket: MessageSocket) {
        self.socket = socket
    }

    /// The next attempt to run, with its lock; `nil` once the supervisor has closed the connection.
    ///
    /// It blocks the worker's thread, which has nothing else to do between two attempts.
    func nextOrder() throws -> (AttemptOrder, LockHolder)? {
        masked = []
        while let message = try socket.receiveBlocking(
            patience: .seconds(5), idle: CurrentProcess.giveBackMemory)
        {
            let instruction = try MessageCoding.message(WorkerInstruction.self, from: message.bytes)
            if case .run(let order) = instruction { return (order, LockHolder(message.takeDescriptor())) }
        }
        return nil
    }

    /// Tells the supervisor what to mask and waits until it does.
    func mask(_ values: [String]) async throws {
        let new = Set(values).subtracting(masked)
        guard !new.isEmpty else { return }
        await enter()
        defer { leave() }
        try await report(.mask(new.sorted()))
        guard try await socket.receive() != nil else {
            throw SystemError.failed("talk to the supervisor", nil, code: 32)
        }
        masked.formUnion(new)
    }

    func report(_ report: WorkerReport) async throws {
        try await socket.send(try MessageCoding.bytes(of: report))
    }

    /// One question at a time: answers carry no name.
    private func enter() async {
        if isAsking { await withCheckedContinuation { queue.append($0) } }
        isAsking = true
    }

    private func leave() {
        if queue.isEmpty { isAsking = false } else { queue.removeFirst().resume() }
    }
}

/// The lock of the attempt that a worker runs, held for as long as this lives.
final class LockHolder: Sendable {
    /// The number of the lock file's descriptor; -1 if none came along.
    let raw: Int32
    private let descriptor: FileDescriptor

    init(_ descriptor: consuming FileDescriptor?) {
        // Nobody has the descriptor -1, and closing it does nothing.
        let descriptor = descriptor ?? FileDescriptor(owning: -1)
        raw = descriptor.raw
        self.descriptor = descriptor
    }
}
