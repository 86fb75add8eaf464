import DagKitCore
import DagKitSystem
import FoundationEssentials
import Testing

@testable import DagKitRuntime

@Suite struct AttemptLogTests {
    private let path = FileManager.default.temporaryDirectory.appending(
        path: "dagkit-\(UUID().uuidString).log"
    ).path

    private func log(_ secrets: [String] = []) throws -> AttemptLog {
        try AttemptLog(
            path, limit: 1 << 20, patterns: SecretPatterns(secrets), mark: OutputLines.mark(of: "word")
        ) { Date(microseconds: 0) }
    }

    @Test func `a secret is masked wherever its bytes were cut, in both streams apart`() throws {
        defer { try? FileSystem.remove(path) }
        let secret = Array("correct horse".utf8)
        let log = try log()
        log.addSecrets(["correct horse"])

        for cut in 0...secret.count {
            log.take(Array(secret[..<cut]), from: .output)
            log.take(Array(secret[..<cut]), from: .errors)
            log.take(Array(secret[cut...]) + [10], from: .output)
            log.take(Array(secret[cut...]) + [10], from: .errors)
        }
        log.finish()

        let text = try FileSystem.readText(path)
        #expect(!text.contains("correct") && !text.contains("horse"))
        #expect(text.split(separator: "\n").count == 2 * (secret.count + 1))
    }

    @Test func `each line has its time, stream and number, and its bytes as they were`() throws {
        defer { try? FileSystem.remove(path) }
        let log = try log()

        log.take([0, 0xFF, 1, 27, 13, 10], from: .output)
        log.take(Array("no end".utf8), from: .errors)
        log.finish()

        let bytes = try FileSystem.read(path)
        let first =
            Array("[1970-01-01T00:00:00.000+0000] {stdout:1} INFO - ".utf8) + [0, 0xFF, 1, 27, 13, 10]
        #expect(Array(bytes.prefix(first.count)) == first)
        #expect(
            bytes.dropFirst(first.count).elementsEqual(
                "[1970-01-01T00:00:00.000+0000] {stderr:1} WARNING - no end\n".utf8))
    }

    @Test(arguments: [
        (
            "a\nmain.swift:3: Fatal error: boom\nPlease submit a bug report\n",
            "main.swift:3: Fatal error: boom"
        ),
        ("x.swift:1: Precondition failed: no\n\n", "x.swift:1: Precondition failed: no"),
        ("one\ntwo\n  \n", "two"),
    ])
    func `the last words of a crashed program are those of its runtime, or else its last line`(
        output: String, line: String
    ) throws {
        defer { try? FileSystem.remove(path) }
        let log = try log()

        log.take(Array(output.utf8), from: .errors)

        #expect(log.crashLine == line)
    }
}
