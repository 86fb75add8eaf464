import Glibc
import Synchronization
import Testing

@testable import DagKitCLI

@Suite struct LossyConsoleTests {
    /// A terminal whose reader stops and reads on, as a test says.
    private final class Terminal: Sendable {
        let lines = Mutex<[String]>([])
        let isStopped = Mutex(false)

        var console: Console {
            Console(
                writer: { _, text in self.lines.withLock { $0.append(text) } },
                hastyWriter: { _, text, _ in
                    if self.isStopped.withLock({ $0 }) { return false }
                    self.lines.withLock { $0.append(text) }
                    return true
                })
        }
    }

    @Test func `lines that nobody reads are left out, and whoever reads on is told how many`() {
        let terminal = Terminal()
        let console = LossyConsole(terminal.console, wholeLog: "logs/scheduler.log")

        console.note("one")
        terminal.isStopped.withLock { $0 = true }
        console.note("two")
        console.note("three")
        terminal.isStopped.withLock { $0 = false }
        console.note("four")

        #expect(
            terminal.lines.withLock { $0 } == [
                "one\n", "(2 lines were not read and left out here; logs/scheduler.log has all)\n", "four\n",
            ])
    }

    @Test(arguments: ["a terminal", "a pipe", "a socket"])
    func `what nobody reads holds nobody up`(kind: String) throws {
        let ends = try Self.ends(of: kind)
        defer { for end in [ends.read, ends.write] { close(end) } }
        let output = HastyOutput(ends.write)
        let line = String(repeating: "a line that nobody reads ", count: 40) + "\n"

        let taken = try (0..<10_000).prefix { _ in try output.write(line, within: .milliseconds(1)) }.count

        #expect(taken > 0 && taken < 10_000)
    }

    /// The two ends of something that has room for some thousand bytes.
    private static func ends(of kind: String) throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        switch kind {
        case "a pipe": try #require(pipe(&ends) == 0)
        case "a socket":
            try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        default:
            var (unlocked, number): (Int32, Int32) = (0, 0)
            ends[0] = open("/dev/ptmx", O_RDWR | O_NOCTTY)
            try #require(ioctl(ends[0], 0x4004_5431, &unlocked) == 0, "TIOCSPTLCK")
            try #require(ioctl(ends[0], 0x8004_5430, &number) == 0, "TIOCGPTN")
            ends[1] = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
            try #require(ends[1] >= 0)
        }
        return (ends[0], ends[1])
    }

    @Test func `a broken console costs nothing`() {
        let console = LossyConsole(
            Console { _, _ in throw ConsoleError.brokenPipe }, wholeLog: "logs/scheduler.log")

        console.note("one")
        console.note("two")
    }
}
