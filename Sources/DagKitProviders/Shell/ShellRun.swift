import DagKitCore
import DagKitSystem
import Glibc

/// A command that runs, with its output read line by line.
struct ShellRun: Sendable {
    private let child: ChildProcess
    private let output: LinePipe
    private let errors: LinePipe
    private let grace: Duration
    private let isEndedElsewhere: @Sendable () -> Bool

    /// Starts a command; `tell` gets every line that it writes.
    ///
    /// - Parameters:
    ///   - grace: How long it has to end once the task is cancelled.
    ///   - isEndedElsewhere: Whether somebody else asks it to end, and kills it: it is only waited for then.
    /// - Throws: ``SystemError`` if it cannot be started.
    init(
        _ command: Command, grace: Duration, isEndedElsewhere: @escaping @Sendable () -> Bool,
        tell: @escaping @Sendable (ArraySlice<UInt8>) -> Void
    ) throws(SystemError) {
        let outputEnds = try FileDescriptor.pipe()
        let errorEnds = try FileDescriptor.pipe()
        let input = try FileDescriptor.open("/dev/null", O_RDONLY)
        var command = command
        command.descriptors = [0: input.raw, 1: outputEnds.writer.raw, 2: errorEnds.writer.raw]
        output = LinePipe(try outputEnds.reader.duplicate(), tell: tell)
        errors = LinePipe(try errorEnds.reader.duplicate(), tell: tell)
        try output.setNonBlocking()
        try errors.setNonBlocking()
        child = try ChildProcess.start(command)
        self.grace = grace
        self.isEndedElsewhere = isEndedElsewhere
        // The ends that the command now has are closed here, and not before.
        extendLifetime(outputEnds)
        extendLifetime(errorEnds)
        extendLifetime(input)
    }

    /// The last line of the command's standard output so far.
    ///
    /// - Throws: ``OutputError/tooLarge(type:bytes:task:key:)``.
    var lastLine: String { get throws(OutputError) { try output.lastLine } }

    /// Waits for the command's end.
    ///
    /// - Throws: `CancellationError` once a cancelled command has ended with all that it started.
    func end() async throws -> ProcessExit {
        let (stops, stop) = AsyncStream<Void>.makeStream()
        // The command outlives the cancellation of the task for as long as it takes to end it: a task of its own waits.
        let watch = Task { try await watched(stops) }
        let exit = try await withTaskCancellationHandler {
            try await watch.value
        } onCancel: {
            stop.yield()
        }
        try Task.checkCancellation()
        return exit
    }

    private func watched(_ stops: AsyncStream<Void>) async throws -> ProcessExit {
        try await withThrowingTaskGroup { group in
            group.addTask { try await output.pump() }
            group.addTask { try await errors.pump() }
            let exit = try await exit(endingAt: stops)
            // What the command left running may hold the pipes open: only what is in them already is read.
            group.cancelAll()
            try await group.waitForAll()
            return exit
        }
    }

    private func exit(endingAt stops: AsyncStream<Void>) async throws -> ProcessExit {
        try await withThrowingTaskGroup(of: ProcessExit?.self) { group in
            group.addTask { [child] in try await child.wait() }
            group.addTask { [child, grace, isEndedElsewhere] in
                for await _ in stops where !isEndedElsewhere() { return try await child.end(grace: grace) }
                return nil
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let exit = result { return exit }
            }
            throw CancellationError()
        }
    }
}
