public import DagKitCore
public import DagKitSQL
public import FoundationEssentials
import Synchronization

/// A ``MetadataStore`` in the tables of an SQL database, named as Airflow's users know them.
///
/// ```swift
/// let database = try await SQLiteDatabase.open("dagkit.db")
/// let store = try await SQLMetadataStore.open(database, sealing: secrets, at: now)
/// ```
///
/// Every commit appends its events and changes the tables that fold from them in one transaction; a run's
/// revision is compared under the same lock. Passwords, extras and secret variables are sealed before they
/// reach the database.
public final class SQLMetadataStore: MetadataStore {
    let database: any SQLDatabase
    let sealing: any SecretSealing

    /// Is told of rows that are left out of lists; without it they make the call fail.
    let leftOut: (@Sendable (UnreadableRow) -> Void)?

    /// Attempt tokens that the database has given to this process and that nobody has got yet.
    private let reserved = Mutex<Range<Int64>>(0..<0)

    /// No attempt token that this process issues is lower.
    private let tokenFloor: Int64

    /// How many attempt tokens are taken from the database at once.
    private static let tokenBlock = 1_000

    /// Opens the store of a database, whose tables are made if it has none.
    ///
    /// - Throws: ``StoreError/outdated(found:needed:)`` for tables of an older program, which only
    ///   ``StoreSchema/migrate(at:)`` changes; ``StoreError/tooNew(found:known:)``; ``StoreError/foreign``.
    public static func open(
        _ database: any SQLDatabase, sealing: any SecretSealing, at now: Date
    ) async throws -> SQLMetadataStore {
        let schema = try StoreSchema(of: database)
        switch try await schema.state() {
        case .current: break
        case .empty: try await schema.migrate(at: now)
        case .outdated(let found): throw StoreError.outdated(found: found, needed: schema.newest)
        case .tooNew(let found): throw StoreError.tooNew(found: found, known: schema.newest)
        case .foreign: throw StoreError.foreign
        }
        let floor = Int64(max(0, now.timeIntervalSince1970) * 1_000_000)
        return SQLMetadataStore(database, sealing, tokenFloor: floor, leftOut: nil)
    }

    private init(
        _ database: any SQLDatabase, _ sealing: any SecretSealing, tokenFloor: Int64,
        leftOut: (@Sendable (UnreadableRow) -> Void)?
    ) {
        self.database = database
        self.sealing = sealing
        self.tokenFloor = tokenFloor
        self.leftOut = leftOut
    }

    public func leavingOutUnreadable(_ tell: @escaping @Sendable (UnreadableRow) -> Void)
        -> any MetadataStore
    {
        SQLMetadataStore(database, sealing, tokenFloor: tokenFloor, leftOut: tell)
    }

    /// Issues tokens from a block that was taken from the database beforehand, so that most calls cost nothing.
    ///
    /// The block is taken durably: not even a power cut makes the store issue a token twice. Nor does a database that was
    /// reset, or restored from an older backup, while attempts of its past still run: no token is below the microsecond in
    /// which the store was opened, and fewer than one is issued in a microsecond.
    public func reserveAttempts(_ count: Int) async throws -> ClosedRange<Int64> {
        let wanted = Int64(max(count, 1))
        if let issued = issue(wanted) { return issued }
        let block = max(wanted, Int64(Self.tokenBlock))
        let floor = tokenFloor
        let last: Int64 = try await write { transaction in
            try transaction.query(
                """
                insert into counter (name, value) values ('attempt', \(floor + block))
                on conflict (name) do update
                set value = case when counter.value + 0 < \(floor) then \(floor) else counter.value end + \(block)
                returning value
                """)[0][0]
        }
        let fresh = (last - block + 1)..<(last + 1)
        reserved.withLock { $0 = fresh.dropFirst(Int(wanted)) }
        return fresh.lowerBound...(fresh.lowerBound + wanted - 1)
    }

    public var writingExecutor: (any TaskExecutor)? { database.writingExecutor }

    public func close() async { await database.close() }

    private func issue(_ wanted: Int64) -> ClosedRange<Int64>? {
        reserved.withLock { range in
            guard range.count >= wanted else { return nil }
            let first = range.lowerBound
            range = (first + wanted)..<range.upperBound
            return first...(first + wanted - 1)
        }
    }
}

extension SQLMetadataStore {
    /// Runs what a user asked for in one transaction that survives a power cut.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value {
        do {
            return try await database.transaction(.write, durability: .full, body)
        } catch let row as UnreadableRow {
            throw named(row)
        }
    }

    /// Reads one consistent state.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value {
        do {
            return try await database.transaction(.read, body)
        } catch let row as UnreadableRow {
            throw named(row)
        }
    }

    /// Reads the rows of a list, of which those that cannot be read are left out if the store was told so.
    func list<Value>(_ rows: [SQLRow], _ read: (SQLRow) throws -> Value) throws -> [Value] {
        try rows.compactMap { row in
            do {
                return try read(row)
            } catch let row as UnreadableRow {
                try leaveOut(row)
                return nil
            }
        }
    }

    /// Notes a row that is left out; throws it if none may be.
    func leaveOut(_ row: UnreadableRow) throws {
        guard let leftOut else { throw named(row) }
        leftOut(named(row))
    }

    /// A row with the file that it lies in.
    private func named(_ row: UnreadableRow) -> UnreadableRow {
        var row = row
        row.file = database.path
        return row
    }
}
