import DagKitCore
import DagKitSystem
import FoundationEssentials

/// The log of an attempt that runs in this process.
struct AttemptLogFile: Sendable {
    private let path: String
    private let mask: LogMask
    private let now: @Sendable () -> Date

    init(folder: String, order: AttemptOrder, mask: LogMask, now: @escaping @Sendable () -> Date) {
        path = folder + "/" + AttemptLogPath.path(of: order.key, tryNumber: order.tryNumber)
        self.mask = mask
        self.now = now
    }

    /// What the task writes to.
    var logger: TaskLogger {
        // A folder that cannot be made costs the log and not the task.
        try? FileSystem.createFolder(FileSystem.parent(of: path))
        return TaskLogger { level, text, place in
            LogFile.append(
                LogLine.render(mask.mask(text), level: level, at: now(), from: place) + "\n", to: path)
        }
    }
}
