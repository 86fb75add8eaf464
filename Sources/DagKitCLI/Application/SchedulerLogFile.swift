import DagKitCore
import DagKitRuntime
import DagKitSystem
import FoundationEssentials
import Glibc

/// The log of a scheduler: lines on the console and in `latest/scheduler.log` of its folder.
final class SchedulerLogFile: Sendable {
    private let path: String
    private let console: LossyConsole
    private let level: TaskLogger.Level
    private let now: @Sendable () -> Date

    /// Opens a folder for today and points `latest` at it; where that cannot be, the console alone is told.
    ///
    /// - Parameter level: The least level of the lines that are written.
    init(
        folder: String, console: Console, level: TaskLogger.Level = .info,
        now: @escaping @Sendable () -> Date
    ) {
        let today = now().ds
        path = "\(folder)/\(today)/scheduler.log"
        self.console = LossyConsole(console, wholeLog: path)
        self.level = level
        self.now = now
        do {
            try FileSystem.createFolder("\(folder)/\(today)")
        } catch {
            write(.warning, "the scheduler's log is on the console only: \(error)")
            return
        }
        // A link of another name is moved over the old one, so that `latest` is there at every moment.
        let link = "\(folder)/latest.\(getpid())"
        unlink(link)
        if symlink(today, link) != 0 || rename(link, "\(folder)/latest") != 0 {
            write(.warning, "cannot set \(folder)/latest: \(String(cString: strerror(errno)))")
        }
    }

    /// What the scheduler writes to.
    var schedulerLog: SchedulerLog {
        SchedulerLog { level, text, place in self.write(level, text, at: place) }
    }

    func write(_ level: TaskLogger.Level, _ text: String, fileID: String = #fileID, line: Int = #line) {
        write(level, text, at: SourceLocation(file: fileID, line: line))
    }

    private func write(_ level: TaskLogger.Level, _ text: String, at place: SourceLocation) {
        guard level >= self.level else { return }
        let rendered = LogLine.render(text, level: level, at: now(), from: place)
        LogFile.append(rendered + "\n", to: path)
        console.note(rendered)
    }
}
