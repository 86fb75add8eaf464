import DagKitSystem
import Glibc
import Testing

@Suite struct BlockingThreadsTests {
    @Test func `a blocking call returns its value`() async throws {
        let value = try await Blocking.run { 6 * 7 }

        #expect(value == 42)
    }

    @Test func `an error of the call reaches the caller`() async {
        await #expect(throws: SystemError.failed("read", "x", code: EIO)) {
            try await Blocking.run { throw SystemError.failed("read", "x", code: EIO) }
        }
    }

    @Test func `calls that wait for each other all get a thread`() async throws {
        // Each of 64 calls blocks in a read that only the next call's write can end: with fewer threads none would return.
        let pipes = (0..<64).map { _ in Pipe() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in pipes.indices.dropLast() {
                group.addTask {
                    try await Blocking.run {
                        pipes[index].wait()
                        pipes[index + 1].post()
                    }
                }
            }
            try await Blocking.run { pipes[0].post() }
            try await group.waitForAll()
        }

        try await Blocking.run { pipes[63].wait() }
    }

    @Test func `a call runs with signals blocked`() async throws {
        let blocked = try await Blocking.run {
            var mask = sigset_t()
            pthread_sigmask(SIG_SETMASK, nil, &mask)
            return sigismember(&mask, SIGTERM) == 1
        }

        #expect(blocked)
    }
}

/// A pipe that carries one byte from one thread to another.
private struct Pipe: Sendable {
    let reader: Int32
    let writer: Int32

    init() {
        var ends: [Int32] = [0, 0]
        pipe(&ends)
        reader = ends[0]
        writer = ends[1]
    }

    func wait() {
        var byte: UInt8 = 0
        read(reader, &byte, 1)
        close(reader)
    }

    func post() {
        var byte: UInt8 = 1
        write(writer, &byte, 1)
        close(writer)
    }
}
