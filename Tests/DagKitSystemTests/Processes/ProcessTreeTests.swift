import DagKitSystem
import Glibc
import Testing

@Suite struct ProcessTreeTests {
    @Test func `descendants are found with their own children`() async throws {
        let (child, lines) = try await startTree(
            "sh -c 'sleep 600 & echo $!; wait' & echo $!; wait", lines: 2)

        let found = Set(try ProcessTree.descendants(of: child.id).map(\.id))

        #expect(found == Set(lines.compactMap { Int32($0) }))
        _ = try await child.end(grace: .zero)
    }

    @Test func `an identity tells a process from another one with its id`() throws {
        let own = try ProcessIdentity.current()

        #expect(own.isAlive)
        #expect(own.id == getpid())
        #expect(!ProcessIdentity(id: own.id, startTime: own.startTime + 1).isAlive)
    }

    @Test func `a process that has ended and is not reaped is not alive`() async throws {
        let child = try ChildProcess.start(Command("/bin/true"))
        let identity = ProcessIdentity.of(child.id)

        _ = try await Reactor.shared.wait(for: .readable, on: child.descriptor, until: soon())

        #expect(identity?.isAlive == false)
        _ = try await child.wait()
    }

    private func startTree(_ script: String, lines: Int) async throws -> (ChildProcess, [Substring]) {
        let ends = try FileDescriptor.pipe()
        let child = try ChildProcess.start(
            Command("/bin/sh", ["-c", script], descriptors: [1: ends.writer.raw]))
        var text = ""
        while text.split(separator: "\n").count < lines {
            #expect(try await Reactor.shared.wait(for: .readable, on: ends.reader.raw, until: soon()))
            text += String(decoding: try ends.reader.read(upTo: 100) ?? [], as: UTF8.self)
        }
        return (child, text.split(separator: "\n"))
    }
}
