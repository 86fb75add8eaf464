import DagKitCore
import DagKitSQL
import DagKitSQLite
import DagKitSecrets
import DagKitStore
import DagKitSystem
import FoundationEssentials
import Glibc
import Synchronization

/// Keeps metadata in SQLite files.
struct SQLDatabaseKeeper: DatabaseKeeper {
    /// What cannot be seen for lack of permission counts as there, so that opening it says why it cannot be used.
    func exists(_ place: DatabasePlace) -> Bool {
        var status = stat()
        return stat(place.path, &status) == 0 || (errno != ENOENT && errno != ENOTDIR)
    }

    func open(_ place: DatabasePlace, at now: Date) async throws -> any MetadataStore {
        try FileSystem.createFolder(FileSystem.parent(of: place.path))
        let database = try await connect(place, access: .create)
        do {
            return try await SQLMetadataStore.open(database, sealing: LazySealing(home: place.home), at: now)
        } catch {
            await database.close()
            throw error
        }
    }

    func state(of place: DatabasePlace) async throws -> DatabaseState {
        guard exists(place) else { return .missing }
        return try await using(place, access: .write) { database in
            let schema = try StoreSchema(of: database)
            return switch try await schema.state() {
            case .empty: .outdated(found: 0, needed: schema.newest)
            case .current: .current(version: schema.newest)
            case .outdated(let found): .outdated(found: found, needed: schema.newest)
            case .tooNew(let found): .tooNew(found: found, known: schema.newest)
            case .foreign: .foreign
            }
        }
    }

    func migrate(_ place: DatabasePlace, at now: Date) async throws -> [String] {
        try FileSystem.createFolder(place.home)
        try FileSystem.createFolder(FileSystem.parent(of: place.path))
        return try await using(place, access: .create) { try await StoreSchema(of: $0).migrate(at: now) }
    }

    func damage(of place: DatabasePlace) async throws -> [String] {
        try await using(place, access: .write) { try await $0.quickCheck() }
    }

    func delete(_ place: DatabasePlace) async throws {
        // The log and the shared memory belong to the file: a new one must not be read with old ones.
        for ending in ["", "-wal", "-shm"] { try FileSystem.remove(place.path + ending) }
    }

    private func connect(
        _ place: DatabasePlace, access: SQLiteConfiguration.Access
    ) async throws -> SQLiteDatabase {
        try await SQLiteDatabase.open(
            place.path, configuration: SQLiteConfiguration(access: access, busyTimeout: place.busyTimeout))
    }

    private func using<Value: Sendable>(
        _ place: DatabasePlace, access: SQLiteConfiguration.Access,
        _ body: (SQLiteDatabase) async throws -> Value
    ) async throws -> Value {
        let database = try await connect(place, access: access)
        do {
            let value = try await body(database)
            await database.close()
            return value
        } catch {
            await database.close()
            throw error
        }
    }
}

/// Seals with the keys of a home, which are read, or made, when a secret is first met.
private final class LazySealing: SecretSealing {
    private let home: String
    private let box = Mutex<SecretBox?>(nil)

    init(home: String) { self.home = home }

    func seal(_ secret: String, for place: SecretPlace) throws -> String {
        try opened().seal(secret, for: place)
    }

    func open(_ sealed: String, for place: SecretPlace) throws -> String {
        try opened().open(sealed, for: place)
    }

    private func opened() throws -> SecretBox {
        if let box = box.withLock({ $0 }) { return box }
        let made = SecretBox(try KeyRing.load(orCreateAt: home + "/keys/secrets.key"))
        box.withLock { $0 = made }
        return made
    }
}
