import DagKitCore
import DagKitSystem
import FoundationEssentials

/// A worker process that tells notices, as its courier sees it: one notice at a time.
final class NoticeWorker: Sendable {
    private let child: ChildProcess
    private let socket: MessageSocket
    private let output: FileDescriptor
    private let mark: [UInt8]

    /// The id of its process, and of the session that it leads.
    var id: Int32 { child.id }

    /// How long a notifier has to heed its timeout before its process is killed; a command of it is killed before.
    private static let grace: Duration = AttemptEnd.grace + .seconds(1)

    /// How many lines of one notifier reach the log.
    private static let mostLines = 100

    init(_ program: String) throws {
        let ends = try FileDescriptor.pipe()
        try ends.reader.setNonBlocking()
        let (own, other) = try FileDescriptor.socketPair()
        let ownEnd = FileDescriptor(owning: own)
        let otherEnd = FileDescriptor(owning: other)
        let nothing = try FileDescriptor.open("/dev/null", 0)
        let word = String(UInt64.random(in: 0 ... .max), radix: 36)
        mark = OutputLines.mark(of: word)
        child = try ChildProcess.start(
            Command(
                program, [DagKitWorker.workerArgument, word],
                descriptors: [
                    0: nothing.raw, 1: ends.writer.raw, 2: ends.writer.raw,
                    WorkerProcess.channelDescriptor: otherEnd.raw,
                ],
                separation: .session, shownName: CommandLine.arguments.first))
        output = try ends.reader.duplicate()
        socket = try MessageSocket(owning: ownEnd)
    }

    /// Runs an order and gives its outcome, with what its notifier wrote told to a log.
    ///
    /// - Returns: Besides, whether the worker is of no use any more.
    /// - Throws: ``NoticeFailure`` if the process died or was killed; the worker is then of no use any more.
    func run(_ order: AttemptOrder, logger: TaskLogger) async throws -> (AttemptOutcome, isSpent: Bool) {
        let lines = NotifierLines(mark: mark, most: Self.mostLines, logger: logger)
        return try await withThrowingTaskGroup(of: (AttemptOutcome, isSpent: Bool)?.self) { group in
            group.addTask { try await self.talk(order, lines) }
            group.addTask {
                try await self.pump(into: lines)
                return nil
            }
            group.addTask {
                let limit = (order.timeout ?? Notice.Receiver.usualTimeout) + Self.grace
                try await BootTimeClock().sleep(for: limit)
                throw NoticeFailure(reason: "the notifier did not end within its timeout", delay: nil)
            }
            defer {
                group.cancelAll()
                drain(into: lines)
                lines.finish()
            }
            while let result = try await group.next() { if let result { return result } }
            throw CancellationError()
        }
    }

    private func talk(_ order: AttemptOrder, _ lines: NotifierLines) async throws -> (
        AttemptOutcome, isSpent: Bool
    ) {
        try await socket.send(try MessageCoding.bytes(of: WorkerInstruction.run(order)))
        while let message = try await socket.receive() {
            switch try MessageCoding.message(WorkerReport.self, from: message.bytes) {
            case .mask(let secrets):
                lines.mask(secrets)
                try await socket.send(try MessageCoding.bytes(of: WorkerInstruction.masked))
            case .ready, .lostCommand, .ending: break
            case .finished(let outcome, let isSpent): return (lines.masked(outcome), isSpent)
            }
        }
        let exit = try await child.wait()
        throw NoticeFailure(reason: "the notifier's process ended with \(exit.description)", delay: nil)
    }

    /// Reads what the notifier writes until it is cancelled.
    private func pump(into lines: NotifierLines) async throws {
        while !Task.isCancelled {
            if drain(into: lines) { return }
            _ = try await Reactor.shared.wait(for: .readable, on: output.raw)
        }
    }

    /// Reads what was written; true if nobody writes any more.
    @discardableResult
    private func drain(into lines: NotifierLines) -> Bool {
        // A notifier that writes on without end is not followed for ever.
        for _ in 0..<64 {
            guard let bytes = try? output.read(upTo: 1 << 16) else { return false }
            if bytes.isEmpty { return true }
            lines.take(bytes)
        }
        return false
    }

    /// Ends the process with all that it started.
    func end() async {
        // In a task of its own: the one that ends it may be cancelled.
        let child = child
        await Task { _ = try? await child.end(grace: .zero, signal: 9) }.value
    }
}
