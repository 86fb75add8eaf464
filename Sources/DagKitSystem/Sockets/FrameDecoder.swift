import DagKitCore

/// Cuts a stream of bytes into the messages that were put into it, each behind its length in four bytes.
package struct FrameDecoder: Sendable {
    /// The most bytes that a message has unless a reader allows more.
    package static let usualLimit = 16 << 20

    /// The most bytes that one message may have.
    package let limit: Int
    private var buffer: [UInt8] = []
    private var start = 0

    package init(limit: Int = usualLimit) {
        self.limit = limit
    }

    /// A message as it goes onto the stream.
    package static func frame(_ message: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(message.count + 4)
        append(message, to: &bytes)
        return bytes
    }

    /// Adds a message to others that go onto the stream together.
    package static func append(_ message: [UInt8], to bytes: inout [UInt8]) {
        let count = UInt32(message.count)
        for shift in stride(from: UInt32(24), through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: count >> shift))
        }
        bytes += message
    }

    /// Takes in what came from the stream.
    package mutating func append(_ bytes: [UInt8]) {
        if start > 0, start == buffer.count || start > 1 << 16 {
            buffer.removeFirst(start)
            start = 0
        }
        buffer += bytes
    }

    /// The next whole message, if it is there.
    ///
    /// - Throws: ``FrameError/tooLong(_:limit:)``: the stream is of no use any more.
    package mutating func next() throws(FrameError) -> [UInt8]? {
        guard buffer.count - start >= 4 else { return nil }
        let count = buffer[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
        guard count <= limit else { throw .tooLong(count, limit: limit) }
        guard buffer.count - start - 4 >= count else { return nil }
        defer { start += 4 + count }
        return Array(buffer[start + 4..<start + 4 + count])
    }

    /// Whether a part of a message is left: at the end of the stream that message is lost.
    package var holdsPartOfMessage: Bool { start < buffer.count }
}

/// Why a stream of messages cannot be read.
package enum FrameError: DagKitError, Equatable {
    case tooLong(Int, limit: Int)
    case cutOff

    package var problem: String {
        switch self {
        case .tooLong(let count, let limit): "a message of \"\(count)\" bytes is over the limit of \(limit)"
        case .cutOff: "the other end closed in the middle of a message"
        }
    }

    package var remedy: String {
        switch self {
        case .tooLong: "keep large values in a file or a table and pass their place"
        case .cutOff: "look into the log of the other process"
        }
    }
}
