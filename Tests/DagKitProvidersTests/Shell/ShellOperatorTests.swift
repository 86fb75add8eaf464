import DagKitCore
import DagKitProviders
import DagKitSystem
import Glibc
import Synchronization
import Testing

@Suite struct ShellOperatorTests {
    @Test func `the last line of standard output is the output`() async throws {
        let run = try OperatorRun()

        let output = try await run(ShellOperator("echo one; echo two; echo trouble >&2"))

        #expect(output == "two")
        #expect(Set(run.log.lines) == ["one", "two", "trouble"])
    }

    @Test(arguments: [
        ("true", ""), ("printf 'no end'", "no end"), ("echo a; echo", ""), ("printf 'a\\r\\n'", "a"),
        ("seq 1 200000", "200000"),
        ("head -c 65536 /dev/zero | tr '\\0' x", String(repeating: "x", count: 65536)),
        ("head -c 65536 /dev/zero | tr '\\0' x; echo", String(repeating: "x", count: 65536)),
        ("head -c 1048576 /dev/zero | tr '\\0' x; echo", String(repeating: "x", count: 1 << 20)),
    ])
    func `an output may be empty, unended or long`(script: String, output: String) async throws {
        #expect(try await OperatorRun()(ShellOperator(.value(script))) == output)
    }

    @Test(arguments: ["", "; echo", "; echo end >&2"])
    func `an output beyond the limit fails with its size, and is never cut`(more: String) async throws {
        let script = "head -c 1048577 /dev/zero | tr '\\0' x\(more)"

        let error = await #expect(throws: OutputError.self) {
            try await OperatorRun()(ShellOperator(.value(script)))
        }

        #expect(error == .tooLarge(type: "String", bytes: 1_048_579))
    }

    @Test func `a long line before the last one does no harm`() async throws {
        let script = "head -c 3000000 /dev/zero | tr '\\0' x; echo; echo end"

        #expect(try await OperatorRun()(ShellOperator(.value(script))) == "end")
    }

    @Test func `a program gets its arguments as they are`() async throws {
        let work = ShellOperator(program: "printf", arguments: ["%s|", "a b", "$HOME", "'"])

        #expect(try await OperatorRun()(work) == "a b|$HOME|'|")
    }

    @Test func `an argument may be another task's output`() async throws {
        let work = ShellOperator(program: "echo", arguments: [.output(OperatorRun.other)])

        #expect(work.inputs.compactMap(\.producer) == ["other"])
        #expect(try await OperatorRun(output: "{{ not rendered }}; rm")(work) == "{{ not rendered }}; rm")
    }

    @Test func `a command gets the environment of this process, its own, and what attempt it is`()
        async throws
    {
        let work = ShellOperator(
            "echo $PATH/$OWN/$AIRFLOW_CTX_DAG_ID/$DAGKIT_CTX_TASK_ID", environment: ["OWN": "x y"])

        let path = String(cString: getenv("PATH"))
        #expect(try await OperatorRun()(work) == "\(path)/x y/fixture/task")
    }

    @Test func `a command starts in its folder`() async throws {
        let folder = try TemporaryFolder()

        #expect(try await OperatorRun()(ShellOperator("pwd", folder: folder.path)) == folder.path)
    }

    @Test(arguments: [
        ("exit 3", "exit 3"), ("kill -9 $$", "signal 9 (killed)"), ("no-such-program", "exit 127"),
    ])
    func `a command that fails is told with its ending`(script: String, ending: String) async throws {
        await #expect(throws: ShellError.failed(ending: ending)) {
            try await OperatorRun()(ShellOperator(.value(script)))
        }
    }

    @Test func `a program that does not exist is told by name`() async throws {
        let error = await #expect(throws: SystemError.self) {
            try await OperatorRun()(ShellOperator(program: "no-such-program"))
        }

        #expect(error?.problem.contains("\"no-such-program\"") == true)
    }

    @Test func `status 99 skips`() async throws {
        await #expect(throws: TaskSkip("the command ended with status 99")) {
            try await OperatorRun()(ShellOperator("exit 99"))
        }
    }

    @Test func `status 99 fails where no status skips`() async throws {
        await #expect(throws: ShellError.failed(ending: "exit 99")) {
            try await OperatorRun()(ShellOperator("exit 99", skipStatus: nil))
        }
    }

    @Test func `a cancelled command ends with all that it started`() async throws {
        let run = try OperatorRun()
        let task = Task {
            try await run(ShellOperator("sleep 3600 & echo $!; sleep 3600", grace: .seconds(5)))
        }
        let child = try await firstLine(run.log)

        task.cancel()

        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await hasEnded(#require(Int32(child))))
    }

    @Test func `a command that does not heed the request to end is killed`() async throws {
        let run = try OperatorRun()
        let script: Input<String> = "trap '' TERM; echo $$; while :; do sleep 3600; done"
        let task = Task { try await run(ShellOperator(script, grace: .milliseconds(50))) }
        let child = try await firstLine(run.log)

        task.cancel()

        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await hasEnded(#require(Int32(child))))
    }

    @Test func `a command of an attempt neither waits for what it left behind nor ends it`() async throws {
        let base = try OperatorRun()
        var services = base.context.services
        services[AttemptProcessGroup.self] = AttemptProcessGroup { _ in }
        let context = TaskContext(
            attempt: base.context.attempt, logger: base.context.logger, services: services)

        let child = try await ShellOperator("sleep 3600 & echo $!").execute(in: context)

        let id = try #require(Int32(child))
        // In the group of its command, which is gone, and not in that of whoever ran it.
        #expect(getpgid(id) > 0 && getpgid(id) != getpgid(0))
        kill(id, SIGKILL)
    }

    @Test func `a command of an attempt prints bytes as they are`() async throws {
        let base = try OperatorRun()
        let lines = Mutex<[[UInt8]]>([])
        var services = base.context.services
        services[AttemptProcessGroup.self] = AttemptProcessGroup { line in
            lines.withLock { $0.append(Array(line)) }
        }
        let context = TaskContext(
            attempt: base.context.attempt, logger: base.context.logger, services: services)

        _ = try await ShellOperator("printf '\\000\\377\\r\\nlast'").execute(in: context)

        #expect(lines.withLock { $0 } == [[0, 0xFF, 13], Array("last".utf8)])
    }

    @Test(arguments: [("kill -9 $$", true), ("sh -c 'kill -9 $$'; exit $?", true), ("exit 3", false)])
    func `a command that was killed is told of, whoever says so`(script: String, isTold: Bool) async throws {
        let base = try OperatorRun()
        let wasTold = Atomic(false)
        var services = base.context.services
        services[AttemptProcessGroup.self] = AttemptProcessGroup { _ in
        } noteKill: {
            wasTold.store(true, ordering: .relaxed)
        }
        let context = TaskContext(
            attempt: base.context.attempt, logger: base.context.logger, services: services)

        await #expect(throws: ShellError.self) {
            try await ShellOperator(.value(script)).execute(in: context)
        }

        #expect(wasTold.load(ordering: .relaxed) == isTold)
    }

    @Test func `a command that leaves a writer behind that never pauses has ended all the same`() async throws
    {
        let base = try OperatorRun()
        var services = base.context.services
        services[AttemptProcessGroup.self] = AttemptProcessGroup { _ in }
        let context = TaskContext(
            attempt: base.context.attempt, logger: base.context.logger, services: services)

        let folder = try TemporaryFolder()
        let file = folder.path + "/child"
        _ = try await ShellOperator(.value("yes & echo $! > \(file)")).execute(in: context)

        let text = try FileSystem.readText(file)
        kill(try #require(Int32(text.split(separator: "\n")[0])), SIGKILL)
    }

    @Test func `templates are listed by name`() {
        let work = ShellOperator("echo {{ ds }}", environment: ["B": "{{ run_id }}", "A": "x"])

        #expect(work.templates.map(\.name) == ["script", "environment.A", "environment.B"])
    }

    /// Whether a process ends within ten seconds; one that waits to be reaped has ended.
    private func hasEnded(_ id: Int32) async throws -> Bool {
        for _ in 0..<2000 {
            let status = try? FileSystem.readText("/proc/\(id)/stat")
            if status?.split(separator: ")").last?.hasPrefix(" Z") ?? true { return true }
            try await Task.sleep(for: .milliseconds(5))
        }
        return false
    }

    /// The first line of a log, as soon as it is there.
    private func firstLine(_ log: OperatorRun.Log) async throws -> String {
        while true {
            if let line = log.lines.first { return line }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    @Test(arguments: [
        (#"{"operator": "shell", "command": "echo a\u0000b"}"#, "command"),
        (#"{"operator": "shell", "argv": ["rm", "/data/\u0000x"]}"#, "argv[1]"),
        (#"{"operator": "shell", "command": "env", "env": {"A": "\u0000"}}"#, "env.A"),
        (#"{"operator": "shell", "command": "env", "env": {"A\u0000": "a"}}"#, #"env.A\u0000"#),
        (#"{"operator": "shell", "command": "pwd", "cwd": "/tmp\u0000/x"}"#, "cwd"),
    ])
    func `a declaration with a NUL character is refused`(text: String, key: String) throws {
        let declaration = try JSONValue(parsing: text)

        #expect(throws: DeclarationError.holdsNUL(key: key)) {
            try OperatorRegistry.standard.work(of: declaration)
        }
    }

    @Test func `a callback with a NUL character is refused`() throws {
        let declaration = try JSONValue(parsing: #"{"command": {"script": "a", "env": {"B": "\u0000"}}}"#)

        #expect(throws: DeclarationError.holdsNUL(key: "command.env.B")) {
            try OperatorRegistry.standard.notifier(of: declaration)
        }
    }
}
