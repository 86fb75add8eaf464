import DagKitSystem
import FoundationEssentials
import Glibc
import Testing

@Suite struct FileWatchTests {
    @Test func `a write to the file, or to one beside it whose name goes on, wakes at once`() async throws {
        let folder = try TemporaryFolder()
        let watch = try FileWatch(folder.path + "/x.db")
        for name in ["x.db", "x.db-wal"] {
            try FileSystem.write(Array(name.utf8), to: "\(folder.path)/\(name)", durable: false)
            try append("more", to: "\(folder.path)/\(name)")

            #expect(try await watch.change(until: .distant))
        }
    }

    @Test func `what was written before anybody waits is told, and only once`() async throws {
        let folder = try TemporaryFolder()
        let watch = try FileWatch(folder.path + "/x.db")
        for _ in 0..<3 { try append("more", to: folder.path + "/x.db") }

        #expect(try await watch.change(until: .distant))
        #expect(try await !watch.change(until: BootTimeClock().now))
    }

    @Test func `a write to another file wakes nobody`() async throws {
        let folder = try TemporaryFolder()
        let watch = try FileWatch(folder.path + "/x.db")
        try append("more", to: folder.path + "/y.db")

        #expect(try await !watch.change(until: BootTimeClock().now.advanced(by: .milliseconds(20))))
    }

    @Test func `a folder that is not there cannot be watched`() {
        #expect(throws: SystemError.self) { try FileWatch("/nowhere/x.db") }
    }

    private func append(_ text: String, to path: String) throws {
        let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_APPEND)
        try file.writeAll(text.utf8)
    }
}

extension BootTimeClock.Instant {
    /// Later than any test lasts.
    fileprivate static var distant: Self { BootTimeClock().now.advanced(by: .seconds(600)) }
}
