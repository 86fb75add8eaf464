import DagKitSystem
import FoundationEssentials
import Glibc
import Testing

@testable import DagKitRuntime

@Suite struct LogSegmentsTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "dagkit-\(UUID().uuidString)")
        .path

    private func log(_ limit: Int = 4000) throws -> LogSegments {
        try LogSegments("\(folder)/log/a.log", orElse: "\(folder)/other/a.log", limit: limit) {
            Array("! \($0)\n".utf8)
        }
    }

    private func text(_ name: String = "log/a.log") throws -> String {
        try FileSystem.readText("\(folder)/\(name)")
    }

    @Test
    func `a long log keeps its beginning and its end, says what is missing, and stays within its limit`()
        throws
    {
        defer { try? FileSystem.removeTree(folder) }
        let log = try log()

        for number in 1...1000 { log.append(Array("line \(number)\n".utf8)) }

        let names = try FileSystem.names(in: "\(folder)/log")
        let sizes = try names.map { try text("log/\($0)").utf8.count }
        let last = try #require(names.compactMap { Int($0.dropFirst("a.log.".count)) }.max())
        #expect(names.count == 4)
        #expect(sizes.reduce(0, +) < 4000 + 4 * 200)
        #expect(try text().hasPrefix("line 1\n"))
        #expect(try text().hasSuffix("! the log goes on in a.log.1\n"))
        #expect(try text("log/a.log.\(last)").hasSuffix("line 1000\n"))
        #expect(
            try text("log/a.log.\(last)").hasPrefix(
                "! a.log.\(last - 3) was removed: the log is longer than its limit"))
    }

    @Test func `the next attempt of a try goes on where the last one ended`() throws {
        defer { try? FileSystem.removeTree(folder) }
        let first = try log()
        for number in 1...250 { first.append(Array("line \(number)\n".utf8)) }

        try log().append(Array("again\n".utf8))

        let names = try FileSystem.names(in: "\(folder)/log")
        #expect(try text("log/\(names[names.count - 1])").hasSuffix("line 250\nagain\n"))
    }

    @Test func `a log that is removed while it is written is made again`() throws {
        defer { try? FileSystem.removeTree(folder) }
        let log = try log()
        log.append(Array("before\n".utf8))

        try FileSystem.removeTree("\(folder)/log")
        log.append(Array("after\n".utf8))

        #expect(try text() == "! the log was removed while the task ran; it goes on here\nafter\n")
    }

    @Test func `a log whose folder goes and cannot be made again goes on elsewhere, with a warning`() throws {
        defer { try? FileSystem.removeTree(folder) }
        let log = try log()
        var warnings: [String] = []
        log.warn = { warnings.append($0) }
        log.append(Array("before\n".utf8))

        try FileSystem.removeTree("\(folder)/log")
        try FileSystem.write([], to: "\(folder)/log")
        log.append(Array("after\n".utf8))

        #expect(try text("other/a.log").hasSuffix("goes on here\nafter\n"))
        #expect(warnings.count == 1)
        #expect(warnings.first?.hasSuffix("the log goes on in \(folder)/other/a.log") == true)
        #expect(log.isFallback)
    }

    @Test func `a log that cannot be written anywhere is an error before anything is lost`() throws {
        defer { try? FileSystem.removeTree(folder) }
        try FileSystem.createFolder(folder)
        for name in ["log", "other"] { try FileSystem.write([], to: "\(folder)/\(name)") }

        let error = #expect(throws: SystemError.self) { try log() }

        #expect(error?.code == ENOTDIR || error?.code == EEXIST)
    }

    @Test func `what finds no room is counted and nothing else happens`() throws {
        let log = try LogSegments("/dev/full", orElse: nil, limit: 4000) { Array("! \($0)\n".utf8) }

        for _ in 0..<100 { log.append(Array("lost\n".utf8)) }
        log.finish()

        #expect(!log.isFallback)
    }
}
