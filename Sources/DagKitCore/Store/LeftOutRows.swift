import Synchronization

/// The rows that a store has left out, for one who asked it to; see ``MetadataStore/leavingOutUnreadable(_:)``.
package final class LeftOutRows: Sendable {
    private let rows = Mutex<[UnreadableRow]>([])

    package init() {}

    package func add(_ row: UnreadableRow) { rows.withLock { $0.append(row) } }

    /// The rows since the last call.
    package func takeAll() -> [UnreadableRow] {
        rows.withLock { rows in
            defer { rows = [] }
            return rows
        }
    }
}
