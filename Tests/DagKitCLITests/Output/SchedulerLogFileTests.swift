import DagKitCore
import DagKitSystem
import FoundationEssentials
import Glibc
import Synchronization
import Testing

@testable import DagKitCLI

@Suite struct SchedulerLogFileTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "log-\(UUID().uuidString)")
        .path
    private static let noon = Date(timeIntervalSince1970: 1_761_393_600)

    private func text(_ name: String) throws -> String { try FileSystem.readText("\(folder)/\(name)") }

    @Test func `each day has its file, and latest points at that of today`() throws {
        defer { try? FileSystem.removeTree(folder) }
        let clock = ManualDate(Self.noon)
        let log = SchedulerLogFile(folder: folder, console: Console(writer: { _, _ in })) { clock.now }
        log.write(.info, "today")

        clock.pass(86_400)
        log.write(.info, "tomorrow")

        #expect(try text("2025-10-25/scheduler.log").hasSuffix("INFO - today\n"))
        #expect(try text("2025-10-26/scheduler.log").hasSuffix("INFO - tomorrow\n"))
        #expect(try text("latest/scheduler.log") == text("2025-10-26/scheduler.log"))
    }

    @Test func `a long file is put aside, and the last three are kept`() throws {
        defer { try? FileSystem.removeTree(folder) }
        let clock = ManualDate(Self.noon)
        let log = SchedulerLogFile(folder: folder, console: Console(writer: { _, _ in }), limit: 100) {
            clock.now
        }

        for number in 1...11 { log.write(.info, "line \(number) \(String(repeating: "x", count: 20))") }

        let names = try FileSystem.names(in: "\(folder)/2025-10-25").sorted()
        #expect(names == ["scheduler.log", "scheduler.log.1", "scheduler.log.2", "scheduler.log.3"])
        let kept = try names.map { try text("2025-10-25/\($0)") }
        #expect(kept[0].contains("line 11 ") && kept[1].contains("line 10 "))
        #expect(!kept.contains { $0.contains("line 2 ") })
    }

    /// A clock that a test sets.
    private final class ManualDate: Sendable {
        private let date: Mutex<Date>

        init(_ date: Date) { self.date = Mutex(date) }

        var now: Date { date.withLock { $0 } }

        func pass(_ seconds: TimeInterval) { date.withLock { $0 += seconds } }
    }
}
