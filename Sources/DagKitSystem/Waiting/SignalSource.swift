import CSystem
import Glibc

/// The signals of this process as an async sequence.
///
/// While a source lives, its signals have no other effect; one source at a time may own a signal.
///
/// ```swift
/// for try await signal in try SignalSource([SIGTERM, SIGINT, SIGHUP]) { … }
/// ```
package final class SignalSource: AsyncSequence, Sendable {
    private let signals: [Int32]
    private let reader: FileDescriptor
    private let writer: FileDescriptor

    /// Takes over `signals`.
    package init(_ signals: [Int32]) throws(SystemError) {
        let ends = try FileDescriptor.pipe()
        try ends.reader.setNonBlocking()
        try ends.writer.setNonBlocking()
        let target = ends.writer.raw
        self.signals = signals
        reader = ends.reader
        writer = ends.writer
        for signal in signals where dagkit_forward_signal(signal, target) != 0 {
            throw .last("handle signal", "\(signal)")
        }
    }

    deinit {
        for signal in signals { dagkit_restore_signal(signal) }
    }

    /// Becomes readable when a signal has come; for event loops of their own.
    package var descriptor: Int32 { reader.raw }

    /// The signals that have come since the last call, in order.
    package func pending() throws(SystemError) -> [Int32] {
        (try reader.read(upTo: 256) ?? []).map(Int32.init)
    }

    package func makeAsyncIterator() -> Iterator {
        Iterator(source: self)
    }

    /// Gives one signal after the other, for ever.
    package struct Iterator: AsyncIteratorProtocol {
        fileprivate let source: SignalSource
        private var queue: [Int32] = []

        fileprivate init(source: SignalSource) {
            self.source = source
        }

        package mutating func next() async throws -> Int32? {
            while queue.isEmpty {
                queue = try source.pending()
                if queue.isEmpty { _ = try await Reactor.shared.wait(for: .readable, on: source.descriptor) }
            }
            return queue.removeFirst()
        }
    }
}
