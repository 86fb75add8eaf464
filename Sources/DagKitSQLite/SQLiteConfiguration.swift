public import DagKitSQL

/// How a SQLite file is opened.
public struct SQLiteConfiguration: Hashable, Sendable {
    /// What the file is opened for.
    public enum Access: Hashable, Sendable {
        /// Reads and writes; a missing file is created with permission 0600.
        case create
        /// Reads and writes; a missing file is an error.
        case write
        /// Reads only; nothing is created.
        case read
    }

    /// What the file is opened for.
    public var access: Access

    /// How long a statement waits for the lock of another process.
    public var busyTimeout: Duration

    /// How many reads may run at once beside the writer, at least 1.
    public var readers: Int

    /// What an ordinary transaction survives: `.standard` any crash of a process, `.full` a power cut too.
    public var durability: SQLDurability

    /// Creates a configuration; the defaults suit a metadata store.
    public init(
        access: Access = .create, busyTimeout: Duration = .seconds(5), readers: Int = 4,
        durability: SQLDurability = .standard
    ) {
        self.access = access
        self.busyTimeout = busyTimeout
        self.readers = max(1, readers)
        self.durability = durability
    }
}
