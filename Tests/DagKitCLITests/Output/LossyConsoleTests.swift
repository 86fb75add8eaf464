import Synchronization
import Testing

@testable import DagKitCLI

@Suite struct LossyConsoleTests {
    /// A terminal whose reader stops and reads on, as a test says.
    private final class Terminal: Sendable {
        let lines = Mutex<[String]>([])
        let isStopped = Mutex(false)

        var console: Console {
            Console { _, text in
                self.lines.withLock { $0.append(text) }
            } room: { _, _ in
                self.isStopped.withLock { !$0 }
            }
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

    @Test func `a long line goes in pieces that a pipe takes at once`() {
        let terminal = Terminal()
        let console = LossyConsole(terminal.console, wholeLog: "logs/scheduler.log")
        let line = String(repeating: "ä1", count: 5_000)

        console.note(line)

        let pieces = terminal.lines.withLock { $0 }
        #expect(pieces.joined() == line + "\n")
        #expect(pieces.count == 4)
        #expect(pieces.allSatisfy { $0.utf8.count <= 4_096 })
    }

    @Test func `a broken console costs nothing`() {
        let console = LossyConsole(
            Console { _, _ in throw ConsoleError.brokenPipe }, wholeLog: "logs/scheduler.log")

        console.note("one")
        console.note("two")
    }
}
