import DagKitSystem
import FoundationEssentials
import Glibc
import Testing

@testable import DagKitRuntime

@Suite struct SupervisorLogTests {
    private let home = FileManager.default.temporaryDirectory.appending(path: "log-\(UUID().uuidString)").path
    private var path: String { "\(home)/logs/supervisor/supervisor.log" }

    @Test func `a log that has become long is put aside while its process runs`() throws {
        defer { try? FileSystem.removeTree(home) }
        let folders = ExecutionFolders(home: home)
        try folders.create()
        var log = SupervisorLog(folders, limit: 640)
        let file = try log.open()

        for number in 1...10 {
            let line = Array("line \(number) \(String(repeating: "x", count: 90))\n".utf8)
            try file.writeAll(line)
            log.renew([file.raw], afterWriting: line.count)
        }

        #expect(try FileSystem.readText(path + ".1").hasPrefix("line 1 "))
        #expect(try FileSystem.readText(path).contains("line 10 "))
        #expect(try FileSystem.readText(path).utf8.count <= 640)
    }

    @Test func `a process whose log another one has put aside goes on in the new file`() throws {
        defer { try? FileSystem.removeTree(home) }
        let folders = ExecutionFolders(home: home)
        try folders.create()
        var log = SupervisorLog(folders, limit: 64)
        let file = try log.open()
        try file.writeAll([UInt8](repeating: 0x78, count: 100))
        rename(path, path + ".1")
        try FileSystem.write(Array("of another\n".utf8), to: path, durable: false)

        log.renew([file.raw], afterWriting: 100)
        try file.writeAll(Array("own\n".utf8))

        #expect(try FileSystem.readText(path) == "of another\nown\n")
    }
}
