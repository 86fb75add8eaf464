import DagKitCore
import DagKitSystem
import Glibc
import Testing

@Suite struct ChildProcessTests {
    @Test(arguments: [
        Command("/bin/sh", ["-c", "echo begin\0; echo after"]),
        Command("/bin/sh", ["-c", "true"], environment: ["C": "a\0b"]),
        Command("/bin/sh\0x"), Command("/bin/sh", folder: "/\0tmp"),
    ])
    func `a text with a NUL character, which the kernel would cut, is refused`(command: Command) {
        let error = #expect(throws: SystemError.self) { try ChildProcess.start(command) }

        #expect(error?.code == EINVAL)
        #expect(error?.description.contains("holds a NUL character") == true)
    }

    @Test(arguments: [Int32(0), 1, 3, 255])
    func `the exit status is told`(status: Int32) async throws {
        let child = try ChildProcess.start(Command("/bin/sh", ["-c", "exit \(status)"]))

        let exit = try await child.wait()

        #expect(exit.reason == .exited(status))
        #expect(exit.description == "exit \(status)")
        #expect(exit.isSuccess == (status == 0))
    }

    @Test func `a signal that ends the process is told`() async throws {
        let child = try ChildProcess.start(Command("/bin/sleep", ["60"]))

        child.send(SIGKILL)

        #expect(try await child.wait().description == "signal 9 (killed)")
    }

    @Test func `many tasks may wait for one process`() async throws {
        let child = try ChildProcess.start(Command("/bin/sleep", ["60"]))

        let exits = try await withThrowingTaskGroup(of: ProcessExit.self) { group in
            for _ in 0..<8 { group.addTask { try await child.wait() } }
            child.send(SIGTERM)
            return try await group.reduce(into: []) { $0.append($1) }
        }

        #expect(exits.allSatisfy { $0.reason == .signalled(SIGTERM) })
    }

    @Test func `arguments are not read by a shell`() async throws {
        let folder = try TemporaryFolder()
        let nasty = "$(touch \(folder.path("hit"))); `x` \"'\n"
        let ends = try FileDescriptor.pipe()
        let child = try ChildProcess.start(
            Command("printf", ["%s", nasty], descriptors: [1: ends.writer.raw]))

        _ = try await child.wait()

        #expect(try ends.reader.read(upTo: 1000) == Array(nasty.utf8))
        #expect(!FileSystem.exists(folder.path("hit")))
    }

    @Test func `the environment and folder are those of the command alone`() async throws {
        let folder = try TemporaryFolder()

        let (text, _) = try await output(
            of: "env | grep -v ^_= | sort; pwd", environment: ["A": "1"], folder: folder.path)

        #expect(text.split(separator: "\n").contains("A=1"))
        #expect(text.hasSuffix("\(folder.path)\n"))
        #expect(!text.contains("HOME="))
    }

    @Test func `descriptors can change places and no other is inherited`() async throws {
        let first = try FileDescriptor.pipe()
        let second = try FileDescriptor.pipe()

        let (text, _) = try await output(
            of: "echo one >&3; echo two >&4; ls /proc/self/fd | tr '\\n' ' '",
            descriptors: [3: second.writer.raw, 4: first.writer.raw])

        #expect(try second.reader.read(upTo: 10) == Array("one\n".utf8))
        #expect(try first.reader.read(upTo: 10) == Array("two\n".utf8))
        // `ls` has its own descriptor of the folder besides.
        #expect(text == "0 1 2 3 4 5 ")
    }

    @Test func `a child starts with no signal blocked or ignored`() async throws {
        let ends = try FileDescriptor.pipe()
        let writer = ends.writer.raw
        // Threads of the bridge have all signals blocked: what they start must not inherit that.
        let child = try await Blocking.run {
            try ChildProcess.start(
                Command("grep", ["-E", "SigBlk|SigIgn", "/proc/self/status"], descriptors: [1: writer]))
        }

        _ = try await child.wait()

        let text = String(decoding: try ends.reader.read(upTo: 1000) ?? [], as: UTF8.self)
        let masks = text.split(separator: "\n").compactMap { UInt64($0.suffix(16), radix: 16) }
        // Signals 32 and 33 belong to the C library, which hides them from the program.
        #expect(masks.map { $0 & 0x7FFF_FFFF } == [0, 0])
    }

    @Test func `a missing program and a missing folder are told apart`() {
        #expect(throws: SystemError.failed("find program", "no-such-program", code: ENOENT)) {
            try ChildProcess.start(Command("no-such-program"))
        }
        #expect(throws: SystemError.failed("start program", "/no/such/program", code: ENOENT)) {
            try ChildProcess.start(Command("/no/such/program"))
        }
        #expect(throws: SystemError.failed("start in folder", "/no/such/folder", code: ENOENT)) {
            try ChildProcess.start(Command("/bin/true", folder: "/no/such/folder"))
        }
    }

    @Test func `ending asks first`() async throws {
        let (child, _) = try await ready("trap 'exit 7' TERM")

        #expect(try await child.end(grace: .seconds(20)).reason == .exited(7))
    }

    @Test func `who does not listen is killed after the grace`() async throws {
        let (child, _) = try await ready("trap '' TERM")

        #expect(try await child.end(grace: .milliseconds(50)).reason == .signalled(SIGKILL))
    }

    @Test func `the group goes with its leader`() async throws {
        let (child, text) = try await ready("sleep 600 & echo $!")
        let grandchild = try #require(Int32(text.split(separator: "\n").first ?? ""))
        let identity = try #require(ProcessIdentity.of(grandchild))

        _ = try await child.end(grace: .milliseconds(0))

        #expect(try await identity.waitForEnd(until: soon()))
    }

    @Test func `waiting ends with its deadline while the process goes on`() async throws {
        let child = try ChildProcess.start(Command("/bin/sleep", ["60"]))

        let exit = try await child.wait(until: BootTimeClock().now.advanced(by: .milliseconds(20)))

        #expect(exit == nil)
        child.send(SIGKILL)
        _ = try await child.wait()
    }

    @Test func `a cancelled wait leaves the process running`() async throws {
        let child = try ChildProcess.start(Command("/bin/sleep", ["60"]))
        let waiting = Task { try await child.wait() }

        waiting.cancel()

        await #expect(throws: CancellationError.self) { try await waiting.value }
        #expect(try child.poll() == nil)
        child.send(SIGKILL)
        _ = try await child.wait()
    }

    @Test func `what the process used is told`() async throws {
        let child = try ChildProcess.start(
            Command("/bin/sh", ["-c", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"]))

        let usage = try await child.wait().usage

        #expect(usage.cpuSeconds > 0.005)
        #expect(usage.peakMemory > 200_000)
    }

    /// Starts a shell that runs `script`, says so and waits.
    private func ready(_ script: String) async throws -> (ChildProcess, String) {
        let ends = try FileDescriptor.pipe()
        let child = try ChildProcess.start(
            Command(
                "/bin/sh", ["-c", "\(script); echo ready; while :; do sleep 1; done"],
                descriptors: [1: ends.writer.raw]))
        var text = ""
        while !text.contains("ready") {
            #expect(try await Reactor.shared.wait(for: .readable, on: ends.reader.raw, until: soon()))
            text += String(decoding: try ends.reader.read(upTo: 100) ?? [], as: UTF8.self)
        }
        return (child, text)
    }
}
