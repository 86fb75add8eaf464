import DagKitCore
import DagKitSystem
import Glibc
import Testing

/// What tasks print, and where it cannot be written.
@Suite(.serialized, .timeLimit(.minutes(15))) struct TaskOutputTests {
    @Test(
        .fault(
            .F22, "the task runs, its log lies in the home's own place, and the scheduler's log says where",
            by: .really("a file in the place of the log folder")))
    func `F22 a task runs without its log folder`() async throws {
        let home = try FaultHome(
            ScriptDAG.declaration("echo printed"),
            settings: ["DAGKIT__LOGGING__BASE_LOG_FOLDER": "/dev/null/logs"])
        _ = try await home.dagctl("dags", "trigger", "script")

        let scheduler = try await home.dagctl("scheduler", "--once")

        #expect(scheduler.status == 0, "\(scheduler)")
        #expect(try await home.script()?.only.state == .success)
        let log = String(decoding: try home.scriptLog(under: "attempts/logs"), as: UTF8.self)
        #expect(log.contains("INFO - printed"))
        #expect(scheduler.errors.contains("cannot be written to /dev/null/logs; it lies in "))
    }

    @Test(.fault(.F22, "the folder is made again and the log goes on", by: .real))
    func `F22 a log folder that goes while a task runs is made again`() async throws {
        let home = try FaultHome(
            ScriptDAG.declaration("echo $$ >begun; while [ ! -e go ]; do sleep 0.05; done; echo after"))
        _ = try await home.dagctl("dags", "trigger", "script")
        let scheduler = try home.startScheduler("--once")
        _ = try await home.words(in: "begun")

        // The scheduler may be writing there.
        #expect(try await holds { (try? FileSystem.removeTree("\(home.path)/logs")) != nil })
        try FileSystem.write([], to: "\(home.path)/go")

        #expect(try await home.end(of: scheduler)?.isSuccess == true)
        let log = String(decoding: try home.scriptLog(), as: UTF8.self)
        #expect(log.contains("the log was removed while the task ran"))
        #expect(log.contains("INFO - after"))
    }

    @Test(
        .fault(
            .F26, "no process grows, the log keeps its beginning and end within its limit, others go on",
            by: .really("yes, until its log was cut thirty-two times")))
    func `F26 a task that prints without end takes neither memory nor disk`() async throws {
        let home = try FaultHome(
            ScriptDAG.declaration(
                "yes $(printf '%0400d' 0) & echo $$ >begun; while [ ! -e go ]; do sleep 0.1; done"
            )
            .merging(ProofDAG.declaration(tasks: ["other": []])),
            settings: [
                "DAGKIT__LOGGING__MAX_LOG_BYTES": "4000000", "ASAN_OPTIONS": Self.sanitizerThatKeepsLittle,
            ])
        _ = try await home.dagctl("dags", "trigger", "script")
        let scheduler = try home.startScheduler()
        _ = try await home.words(in: "begun")
        #expect(try await holds { home.countOfScriptLogParts() >= 2 })
        let parts = home.countOfScriptLogParts()
        let before = try home.peaks()

        _ = try await home.dagctl("dags", "trigger", "proof")
        #expect(try await home.runsEnd(1))
        #expect(
            try await holds(within: .seconds(400)) { home.countOfScriptLogParts() >= parts + 30 })
        let after = try home.peaks()
        try FileSystem.write([], to: "\(home.path)/go")

        #expect(try await home.scriptEnds()?.state == .success)
        #expect(before.count >= 3)
        for (process, peak) in after {
            // One that came later may be as large as the largest was then.
            let earlier = before[process] ?? before.values.max() ?? 0
            #expect(peak - earlier < 8192, "process \(process.id) grew by \(peak - earlier) kB")
        }
        #expect(try home.scriptLog().count < 4_500_000)
        scheduler.send(SIGTERM)
        #expect(try await home.end(of: scheduler)?.isSuccess == true)
        #expect(try await home.leftovers() == [])
    }

    @Test(.fault(.F27, "all bytes are in the log as they came, long lines in pieces of 64 KiB", by: .real))
    func `F27 bytes that are no text are kept as they are`() async throws {
        let home = try FaultHome(
            ScriptDAG.declaration(
                #"printf 'a\000b\377\376\001\033[31mred\r\n'; head -c 200000 /dev/zero | tr '\0' l; printf '\nno end'"#
            ))
        _ = try await home.dagctl("dags", "trigger", "script")

        let scheduler = try await home.dagctl("scheduler", "--once")

        #expect(scheduler.status == 0, "\(scheduler)")
        let lines = try home.scriptLog().split(separator: 10)
        let strange: [UInt8] = [97, 0, 98, 0xFF, 0xFE, 1, 27] + Array("[31mred\r".utf8)
        let counts = lines.map { line in line.count { $0 == UInt8(ascii: "l") } }
        #expect(lines.contains { $0.suffix(strange.count).elementsEqual(strange) })
        #expect(counts.filter { $0 > 1000 }.reduce(0, +) == 200_000)
        #expect(lines.allSatisfy { $0.count < 65536 + 100 })
        #expect(lines.contains { String(decoding: $0, as: UTF8.self).hasSuffix("INFO - no end") })
    }

    @Test(
        .fault(
            .F27, "100 MB without a line break pass, and no process keeps them",
            by: .really("100 MB of zero bytes")))
    func `F27 a line of 100 MB passes through`() async throws {
        let home = try FaultHome(
            ScriptDAG.declaration("head -c 100000000 /dev/zero; echo; echo done"),
            settings: [
                "DAGKIT__LOGGING__MAX_LOG_BYTES": "1000000", "ASAN_OPTIONS": Self.sanitizerThatKeepsLittle,
            ])
        _ = try await home.dagctl("dags", "trigger", "script")

        let scheduler = try await home.dagctl("scheduler", "--once")

        let only = try await home.script()?.only
        #expect(scheduler.status == 0, "\(scheduler)")
        #expect(only?.state == .success)
        #expect((only?.usage?.peakMemory ?? .max) < 90_000_000)
        #expect(try home.scriptLog().count < 1_300_000)
    }

    /// A build with the address sanitizer keeps what was freed for a while, which is not a process's own memory.
    private static let sanitizerThatKeepsLittle = "quarantine_size_mb=1:thread_local_quarantine_size_kb=64"
}

extension FaultHome {
    /// How many times the script's log was cut so far; parts are removed again, and some are gone before anybody sees them.
    fileprivate func countOfScriptLogParts() -> Int {
        let logs = "\(path)/logs/dag_id=script"
        guard let run = try? FileSystem.names(in: logs).first else { return 0 }
        let names = (try? FileSystem.names(in: "\(logs)/\(run)/task_id=only")) ?? []
        return names.compactMap { $0.split(separator: ".").last.flatMap { Int($0) } }.max() ?? 0
    }

    /// The highest memory of scheduler, supervisor and each worker so far, in kilobytes.
    fileprivate func peaks() throws -> [ProcessIdentity: Int] {
        var peaks: [ProcessIdentity: Int] = [:]
        for process in [.scheduler, .supervisor, .worker].flatMap(processes) {
            let lines = try FileSystem.readText("/proc/\(process.id)/status").split(separator: "\n")
            let words = lines.first { $0.hasPrefix("VmHWM") }?.split(whereSeparator: \.isWhitespace) ?? []
            if words.count > 1 { peaks[process] = Int(words[1]) }
        }
        return peaks
    }
}
