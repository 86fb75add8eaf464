import CSQLite
import Synchronization

/// Tells a job on another thread that nobody waits for it any more.
final class Cancellation: Sendable {
    private let flag = Atomic(false)

    var isCancelled: Bool { flag.load(ordering: .relaxed) }

    func cancel() { flag.store(true, ordering: .relaxed) }
}

extension SQLiteConnection {
    /// Makes SQLite ask now and then, within a statement, whether its job is cancelled.
    ///
    /// `sqlite3_interrupt` would be lost if it came between two statements.
    func watchCancellation() {
        sqlite3_progress_handler(
            handle.pointer, 10_000, stopIfCancelled, Unmanaged.passUnretained(self).toOpaque())
    }
}

/// Called by SQLite within a statement, on the connection's thread; anything but 0 ends the statement.
private func stopIfCancelled(_ connection: UnsafeMutableRawPointer?) -> Int32 {
    // The connection closes its handle when it ends, so it outlives every call.
    connection.map { Unmanaged<SQLiteConnection>.fromOpaque($0).takeUnretainedValue() }?.isCancelled == true
        ? 1 : 0
}
