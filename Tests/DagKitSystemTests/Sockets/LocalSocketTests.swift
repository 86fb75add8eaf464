import DagKitSystem
import Glibc
import Testing

@Suite struct LocalSocketTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test func `messages arrive whole and in order`() async throws {
        let (first, second) = try LocalSocket.pair()
        let messages = [[], [1], [UInt8](repeating: 7, count: 3_000_000), [2, 3]]

        let received = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for message in messages { try await first.writeFrame(message, until: soon()) }
                first.shutDown()
            }
            var received: [[UInt8]] = []
            while let message = try await second.readFrame(until: soon()) { received.append(message) }
            return received
        }

        #expect(received == messages)
    }

    @Test func `a listener that ends leaves the place of another alone`() async throws {
        var first: LocalListener? = try LocalListener(folder.path("socket"))
        let second = try LocalListener(folder.path("socket"))

        extendLifetime(first)
        first = nil

        async let accepted = second.accept()
        _ = try await LocalSocket.connect(folder.path("socket"))
        _ = try await accepted
    }

    @Test func `a client reaches the listener and both know the other's user`() async throws {
        let listener = try LocalListener(folder.path("socket"))
        async let accepted = listener.accept()
        let client = try await LocalSocket.connect(folder.path("socket"))
        let server = try await accepted

        try await client.writeFrame([42])

        #expect(try await server.readFrame(until: soon()) == [42])
        #expect(try server.peer() == (process: getpid(), user: geteuid()))
        #expect(try client.isPeerTrusted())
    }

    @Test func `a socket may lie deeper than the kernel's addresses reach`() async throws {
        let deep = folder.path(String(repeating: "a", count: 100) + "/" + String(repeating: "b", count: 100))
        try FileSystem.createFolder(deep)
        let listener = try LocalListener("\(deep)/socket")
        async let accepted = listener.accept()

        let client = try await LocalSocket.connect("\(deep)/socket")

        try await client.write([1])
        #expect(try await accepted.read(until: soon()) == [1])
    }

    @Test func `only the owner may connect, and the file goes with the listener`() throws {
        do {
            let listener = try LocalListener(folder.path("socket"))
            var status = stat()
            stat(listener.path, &status)
            #expect(status.st_mode & 0o777 == 0o600)
        }

        #expect(!FileSystem.exists(folder.path("socket")))
    }

    @Test func `what a dead listener left behind is replaced`() async throws {
        let stale = try LocalListener(folder.path("socket"))
        let listener = try LocalListener(folder.path("socket"))
        async let accepted = listener.accept()

        _ = try await LocalSocket.connect(folder.path("socket"))

        _ = try await accepted
        _ = stale
    }

    @Test func `nobody at home is an error that says so`() async {
        let path = folder.path("socket")

        await #expect(throws: SystemError.failed("connect to", path, code: ENOENT)) {
            try await LocalSocket.connect(path)
        }
    }

    @Test func `a read ends with its deadline`() async throws {
        let (first, second) = try LocalSocket.pair()

        await #expect(throws: SystemError.failed("read from a socket", nil, code: ETIMEDOUT)) {
            try await first.read(until: BootTimeClock().now.advanced(by: .milliseconds(10)))
        }
        _ = second
    }

    @Test func `a write that nobody reads ends with its deadline`() async throws {
        let (first, second) = try LocalSocket.pair()

        await #expect(throws: SystemError.failed("write to a socket", nil, code: ETIMEDOUT)) {
            try await first.write(
                [UInt8](repeating: 0, count: 8 << 20),
                until: BootTimeClock().now.advanced(by: .milliseconds(10)))
        }
        _ = second
    }

    @Test func `a cancelled read ends and the socket goes on`() async throws {
        let (first, second) = try LocalSocket.pair()
        let reading = Task { try await first.read() }

        reading.cancel()

        await #expect(throws: CancellationError.self) { try await reading.value }
        try await second.write([5])
        #expect(try await first.read(until: soon()) == [5])
    }

    @Test func `one task reads while another writes`() async throws {
        let (first, second) = try LocalSocket.pair()
        async let answer = first.read(until: soon())
        try await first.write([1], until: soon())
        let question = try await second.read(until: soon())

        try await second.write(question + [2], until: soon())

        #expect(try await answer == [1, 2])
    }

    @Test func `the end of the stream is told, also in the middle of a message`() async throws {
        let (first, second) = try LocalSocket.pair()
        try await first.write([0, 0, 0, 9, 1])
        first.shutDown()

        await #expect(throws: FrameError.cutOff) { try await second.readFrame(until: soon()) }
    }

    @Test func `writing to one who has gone is an error and no signal`() async throws {
        let (first, second) = try LocalSocket.pair()
        second.shutDown()

        await #expect(throws: SystemError.failed("write to a socket", nil, code: EPIPE)) {
            try await first.write([1])
        }
    }
}

@Suite struct FrameDecoderTests {
    @Test func `messages are found however the stream is cut`() throws {
        let stream = FrameDecoder.frame([1, 2, 3]) + FrameDecoder.frame([]) + FrameDecoder.frame([4])

        var decoder = FrameDecoder()
        var messages: [[UInt8]] = []
        for byte in stream {
            decoder.append([byte])
            while let message = try decoder.next() { messages.append(message) }
        }

        #expect(messages == [[1, 2, 3], [], [4]])
        #expect(!decoder.holdsPartOfMessage)
    }

    @Test func `a message over the limit is refused before it is read`() {
        var decoder = FrameDecoder(limit: 10)
        decoder.append([0, 0, 0, 11])

        #expect(throws: FrameError.tooLong(11, limit: 10)) { try decoder.next() }
    }
}
