import DagKitCore
import DagKitRuntime
import DagKitSystem
import FoundationEssentials
import Glibc
import Synchronization

/// The log of a scheduler: lines on the console and in `latest/scheduler.log` of its folder.
///
/// Each day has a folder. A file that has become long is put aside as `scheduler.log.1`, and the last three of these are kept.
final class SchedulerLogFile: Sendable {
    private let folder: String
    private let console: LossyConsole
    private let level: TaskLogger.Level
    private let limit: Int
    private let now: @Sendable () -> Date

    /// What the next line finds; lines come from several threads.
    private let state = Mutex(State())

    private struct State {
        /// The day whose folder `latest` points at.
        var day = ""
        /// Whether the file of that day has become long.
        var isLong = false
    }

    /// Opens a folder for today and points `latest` at it; where that cannot be, the console alone is told.
    ///
    /// - Parameters:
    ///   - level: The least level of the lines that are written.
    ///   - limit: How many bytes a file may have before another one is begun.
    init(
        folder: String, console: Console, level: TaskLogger.Level = .info, limit: Int = 64 << 20,
        now: @escaping @Sendable () -> Date
    ) {
        self.folder = folder
        self.console = LossyConsole(console, wholeLog: "\(folder)/latest/scheduler.log")
        self.level = level
        self.limit = limit
        self.now = now
        let today = now().ds
        state.withLock { $0.day = today }
        if let problem = open(today) { write(.warning, problem) }
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
        let now = now()
        let rendered = LogLine.render(text, level: level, at: now, from: place)
        let today = now.ds
        state.withLock { state in
            let path = "\(folder)/\(today)/scheduler.log"
            if state.day != today {
                // The lines go where they belong, whatever keeps `latest` from pointing there.
                _ = open(today)
            } else if state.isLong {
                LogFile.rotate(path, kept: 3)
            }
            let size = LogFile.append(rendered + "\n", to: path)
            state = State(day: today, isLong: size.map { $0 >= limit } ?? false)
        }
        console.note(rendered)
    }

    /// Makes the folder of a day and points `latest` at it.
    ///
    /// - Returns: What keeps it from being so.
    private func open(_ day: String) -> String? {
        do {
            try FileSystem.createFolder("\(folder)/\(day)")
        } catch {
            return "the scheduler's log is on the console only: \(error)"
        }
        // A link of another name is moved over the old one, so that `latest` is there at every moment.
        let link = "\(folder)/latest.\(getpid())"
        unlink(link)
        guard symlink(day, link) == 0, rename(link, "\(folder)/latest") == 0 else {
            return "cannot set \(folder)/latest: \(String(cString: strerror(errno)))"
        }
        return nil
    }
}
