import DagKitCore
import DagKitStore
import DagKitSystem
import Glibc
import Testing

@Suite(.serialized) struct DAGsFileTests {
    /// A way to ruin dags.json: a script that is given its path as `$1`.
    struct Ruin: Sendable, CustomTestStringConvertible {
        let name: String
        let script: String

        var testDescription: String { name }
    }

    static let ruins = [
        Ruin(name: "half written", script: "head -c 200 \"$1\" >\"$1.half\"; mv \"$1.half\" \"$1\""),
        Ruin(name: "empty", script: ": >\"$1\""),
        Ruin(name: "200 MB", script: "truncate -s 200M \"$1\""),
        Ruin(name: "a pipe", script: "rm \"$1\"; mkfifo \"$1\""),
        Ruin(name: "a link to itself", script: "rm \"$1\"; ln -s \"$1\" \"$1\""),
        Ruin(name: "a folder", script: "rm \"$1\"; mkdir \"$1\""),
        Ruin(name: "gone", script: "rm \"$1\""),
    ]

    @Test(
        .fault(
            .F42, "its last good version stays in force, runs go on, and the import error says why",
            by: .really("the file is replaced while the scheduler runs, and SIGHUP sent")),
        arguments: ruins)
    func `F42 a ruined dags file leaves the last good version in force`(ruin: Ruin) async throws {
        let home = try FaultHome(ProofDAG.declaration(seconds: 0.1))
        _ = try await home.dagctl("dags", "trigger", "proof")
        let good = try FileSystem.read(home.dagsFile)
        let scheduler = try home.startScheduler()
        #expect(try await holds { try !Proof(of: home).begun.isEmpty })

        _ = try await home.shell("set -- '\(home.dagsFile)'; \(ruin.script)")
        scheduler.send(SIGHUP)
        #expect(try await holds { home.schedulerLines().contains { $0.contains(" ERROR ") } }, "\(ruin.name)")
        #expect(try await home.runsEnd(1))
        // The scheduler says what it has read, and stores it then.
        let errors = try await home.withStore { store in
            _ = try await holds { try await !store.importErrors().isEmpty }
            return try await store.importErrors()
        }
        _ = try await home.shell("rm -rf '\(home.dagsFile)'")
        try FileSystem.write(good, to: home.dagsFile, durable: false)
        scheduler.send(SIGHUP)
        let isMended = try await home.withStore { store in
            try await holds { try await store.importErrors().isEmpty }
        }

        #expect(errors.map(\.file) == ["dags.json"], "\(errors)")
        #expect(isMended)
        scheduler.send(SIGTERM)
        #expect(try await scheduler.wait().isSuccess)
        #expect(try await home.findings() == [])
    }

    @Test(
        .fault(
            .F42, "a command ends at once, with a status above 0 and the file's name",
            by: .really("the file is ruined before a command reads it")),
        arguments: ruins)
    func `F42 a command refuses a ruined dags file at once`(ruin: Ruin) async throws {
        let home = try FaultHome()
        _ = try await home.shell("set -- '\(home.dagsFile)'; \(ruin.script)")

        let answer = try await home.dagctl("dags", "trigger", "proof")

        #expect((answer.status ?? 0) > 0, "\(answer)")
        #expect(answer.errors.contains("dags.json"), "\(answer)")
        #expect(answer.errors.split(separator: "\n").count <= 2, "\(answer)")
    }

    @Test(
        .fault(
            .F42, "a command ends with status 7 and one line", by: .really("permission 000, as another user"))
    )
    func `F42 an unreadable dags file is refused`() async throws {
        let home = try FaultHome()
        _ = try await home.shell("chmod -R a+rX \"$DAGKIT_HOME/..\"; chmod 000 '\(home.dagsFile)'")
        let asNobody = geteuid() == 0 ? "setpriv --reuid=65534 --clear-groups" : ""

        let answer = try await home.shell("\(asNobody) \"$DAGCTL\" dags list")

        #expect(answer.status == 7, "\(answer)")
        #expect(answer.errors.contains("permission denied"), "\(answer)")
    }

    @Test func `a file that comes after the start is found at SIGHUP`() async throws {
        let home = try FaultHome()
        let text = try FileSystem.readText(home.dagsFile)
        try FileSystem.remove(home.dagsFile)
        let scheduler = try home.startScheduler(environment: ["DAGKIT__CORE__DAGS_FILE": ""])
        let starts = try await home.schedulersStart()

        try FileSystem.write(Array(text.utf8), to: home.dagsFile, durable: false)
        scheduler.send(SIGHUP)
        let isFound = try await holds {
            home.schedulerLines().contains { $0.contains("dags read again: 3") }
        }
        scheduler.send(SIGTERM)

        #expect(starts && isFound, "\(home.schedulerLines())")
        #expect(try await home.end(of: scheduler)?.reason == .exited(0))
    }
}
