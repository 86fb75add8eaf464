import DagKitSystem
import Glibc
import Testing

@Suite struct FrameChannelTests {
    private let channel: FrameChannel
    private let other: MessageSocket

    init() throws {
        let ends = try FileDescriptor.socketPair()
        channel = try FrameChannel(owning: FileDescriptor(owning: ends.0))
        other = try MessageSocket(owning: FileDescriptor(owning: ends.1))
    }

    @Test func `what is posted goes out in order with the next flush`() async throws {
        channel.post([1])
        channel.post([2, 2])
        let waited = channel.hasOutgoing
        try channel.send([3])

        var messages: [[UInt8]] = []
        while messages.count < 3, let message = try await other.receive() { messages.append(message.bytes) }

        #expect(waited)
        #expect(!channel.hasOutgoing)
        #expect(messages == [[1], [2, 2], [3]])
    }

    @Test func `a descriptor comes with its message`() async throws {
        let pipe = try FileDescriptor.pipe()
        try channel.send([1], passing: pipe.writer.raw)
        try channel.send([2])

        var passed: [Bool] = []
        while passed.count < 2, let message = try await other.receive() {
            let bytes = message.bytes
            passed.append(false)
            guard let descriptor = message.takeDescriptor() else { continue }
            passed[passed.count - 1] = true
            _ = try descriptor.write(bytes[...])
        }

        #expect(passed == [true, false])
        #expect(try pipe.reader.read(upTo: 10) == [1])
    }

    @Test func `a full connection keeps what it could not write, and a copy of its descriptor`() async throws
    {
        let other = other
        try channel.send([UInt8](repeating: 7, count: 1 << 20))
        let wasFull = channel.hasOutgoing
        do {
            let pipe = try FileDescriptor.pipe()
            try channel.send([1], passing: pipe.writer.raw)
        }

        async let reading = Self.read(2, from: other)
        while channel.hasOutgoing {
            try channel.flush()
            await Task.yield()
        }
        let messages = try await reading

        #expect(wasFull)
        #expect(messages.map(\.size) == [1 << 20, 1])
        // The socket gives what it has in one piece: which of the messages in it brought the descriptor, it does not say.
        #expect(messages.count { $0.hasDescriptor } == 1)
    }

    private static func read(_ count: Int, from socket: MessageSocket) async throws
        -> [(size: Int, hasDescriptor: Bool)]
    {
        var messages: [(size: Int, hasDescriptor: Bool)] = []
        while messages.count < count, let message = try await socket.receive() {
            messages.append((message.bytes.count, false))
            guard let descriptor = message.takeDescriptor() else { continue }
            messages[messages.count - 1].hasDescriptor = descriptor.raw >= 0
        }
        return messages
    }
}
