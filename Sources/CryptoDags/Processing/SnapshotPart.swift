/// What a part of an answer gives, before ids that came twice are looked for.
struct SnapshotPart: Sendable {
    fileprivate var rows: [MarketRow] = []

    /// A hash of the id of each row.
    fileprivate var hashes: [Int] = []
    fileprivate var rejected: [RejectedAsset] = []

    /// The faults, each with the row that has it.
    fileprivate var faults: [(row: Int, fault: FieldFault)] = []

    /// The rows without a rank of their own.
    fileprivate var rankedByPosition: [Int] = []

    init(capacity: Int) {
        rows.reserveCapacity(capacity)
        hashes.reserveCapacity(capacity)
    }

    mutating func add(_ row: consuming MarketRow, faults: [FieldFault], isRankedByPosition: Bool) {
        for fault in faults { self.faults.append((rows.count, fault)) }
        if isRankedByPosition { rankedByPosition.append(rows.count) }
        hashes.append(row.cryptoID.hashValue)
        rows.append(row)
    }

    mutating func reject(_ asset: RejectedAsset) { rejected.append(asset) }

    /// Takes up the part that follows.
    fileprivate mutating func append(_ part: SnapshotPart) {
        let start = rows.count
        rows += part.rows
        hashes += part.hashes
        rejected += part.rejected
        faults += part.faults.map { (start + $0.row, $0.fault) }
        rankedByPosition += part.rankedByPosition.map { start + $0 }
    }

    /// The rows whose id an earlier row has, in order.
    ///
    /// - Complexity: O(n): a table of places, in which equal hashes follow each other.
    fileprivate var repetitions: [Int] {
        var size = 1
        while size < 2 * rows.count { size *= 2 }
        var table = [UInt32](repeating: .max, count: size)
        var repeated: [Int] = []
        nextRow: for row in rows.indices {
            var slot = hashes[row] & (size - 1)
            while table[slot] != .max {
                let earlier = Int(table[slot])
                if hashes[earlier] == hashes[row], rows[earlier].cryptoID == rows[row].cryptoID {
                    repeated.append(row)
                    continue nextRow
                }
                slot = (slot + 1) & (size - 1)
            }
            table[slot] = UInt32(row)
        }
        return repeated
    }
}

extension ProcessedSnapshot {
    /// Joins the parts of an answer, in order; of equal ids the first one stays.
    ///
    /// - Precondition: There is at least one.
    init(joining parts: consuming [SnapshotPart]) {
        // Taken out of the list, so that it grows where it lies.
        var whole = parts.removeFirst()
        for part in parts { whole.append(part) }
        let repeated = whole.repetitions
        guard !repeated.isEmpty else {
            self.init(
                rows: whole.rows, rejected: whole.rejected, faults: whole.faults.map(\.fault),
                rankedByPosition: whole.rankedByPosition.map { whole.rows[$0].cryptoID })
            return
        }
        let dropped = Set(repeated)
        self.init(
            rows: whole.rows.indices.filter { !dropped.contains($0) }.map { whole.rows[$0] },
            rejected: whole.rejected,
            faults: whole.faults.filter { !dropped.contains($0.row) }.map(\.fault),
            duplicateIDs: repeated.map { whole.rows[$0].cryptoID },
            rankedByPosition: whole.rankedByPosition.filter { !dropped.contains($0) }
                .map { whole.rows[$0].cryptoID })
    }
}
