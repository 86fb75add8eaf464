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
        return try await using(place, access: .create) { database in
            let schema = try StoreSchema(of: database)
            if case .outdated(let version) = try await schema.state() {
                try FileSystem.createFolder(place.backupFolder)
                try await database.backup(to: place.backup(at: now, mark: "-version-\(version)"))
            }
            return try await schema.migrate(at: now)
        }
    }

    func damage(of place: DatabasePlace) async throws -> [String] {
        try await using(place, access: .write) { try await $0.quickCheck() }
    }

    func delete(_ place: DatabasePlace) async throws {
        // The log and the shared memory belong to the file: a new one must not be read with old ones.
        for ending in ["", "-wal", "-shm"] { try FileSystem.remove(place.path + ending) }
    }

    func size(of place: DatabasePlace) -> Int64 {
        var status = stat()
        return stat(place.path, &status) == 0 ? Int64(status.st_size) : 0
    }

    func backup(_ place: DatabasePlace, to path: String) async throws {
        guard !Self.isSame(path, place.path) else {
            throw CommandError.conflict("\"\(path)\" is the database itself", remedy: "name another file")
        }
        try FileSystem.createFolder(FileSystem.parent(of: path))
        try await using(place, access: .write) { try await $0.backup(to: path) }
    }

    func backups(of place: DatabasePlace) throws -> [String] {
        try FileSystem.names(in: place.backupFolder).filter { $0.hasPrefix("dagkit-") && $0.hasSuffix(".db") }
            .map { "\(place.backupFolder)/\($0)" }
    }

    func restore(_ place: DatabasePlace, from path: String, at now: Date) async throws -> String? {
        let backup = DatabasePlace(home: place.home, path: path, busyTimeout: place.busyTimeout)
        guard FileSystem.exists(path) else {
            throw CommandError.notFound(
                "there is no file \"\(path)\"", remedy: "see the folder \"\(place.backupFolder)\"")
        }
        guard !Self.isSame(path, place.path) else {
            throw CommandError.conflict("\"\(path)\" is the database itself", remedy: "name a backup")
        }
        try await refuseUnusable(backup)
        let kept = exists(place) ? Self.freeName(place.displaced(at: now)) : nil
        let draft = place.path + ".restored"
        try await using(backup, access: .write) { try await $0.backup(to: draft) }
        FaultPoint.restoreCopied.pass()
        do {
            try await put(draft, in: place, keeping: kept, at: now)
        } catch {
            try? FileSystem.remove(draft)
            throw error
        }
        return kept
    }

    /// Gives a whole database the name of another one, which keeps the name `kept`.
    ///
    /// There is a whole database at each moment: the old one, or the new one.
    private func put(
        _ draft: String, in place: DatabasePlace, keeping kept: String?, at now: Date
    ) async throws {
        guard let kept else {
            try Self.putAsideLog(of: place, at: now)
            return try Self.move(draft, to: place)
        }
        try await SQLiteDatabase.holdingAlone(place.path, patience: place.busyTimeout) { isLogEmpty in
            FaultPoint.restoreHeld.pass()
            try Self.keep(place, as: kept, withLog: !isLogEmpty)
            // A log that is empty belongs to no file: it stays, since others may open the new one from here on.
            if !isLogEmpty { try Self.removeLog(of: place) }
            try Self.move(draft, to: place)
        }
    }

    private static func move(_ draft: String, to place: DatabasePlace) throws {
        guard rename(draft, place.path) == 0 else { throw SystemError.last("move", draft) }
        FaultPoint.restoreMoved.pass()
        try FileSystem.synchronizeFolder(of: place.path)
    }

    /// A name, or that with a number, which no file has: of a restore that was broken off the same second, say.
    private static func freeName(_ name: String) -> String {
        var (free, number) = (name, 1)
        while FileSystem.exists(free) || FileSystem.exists(free + "-wal") {
            number += 1
            free = "\(name)-\(number)"
        }
        return free
    }

    /// Gives the database another name besides its own.
    private static func keep(_ place: DatabasePlace, as kept: String, withLog: Bool) throws {
        for ending in withLog ? ["", "-wal"] : [""] where FileSystem.exists(place.path + ending) {
            guard link(place.path + ending, kept + ending) == 0 else {
                throw SystemError.last("keep", place.path + ending)
            }
            FaultPoint.restoreKept.pass()
        }
        try FileSystem.synchronizeFolder(of: kept)
    }

    /// Gives a log without a database another name: it would be read with the next database at its place.
    private static func putAsideLog(of place: DatabasePlace, at now: Date) throws {
        let log = place.path + "-wal"
        guard FileSystem.exists(log) else { return }
        guard rename(log, freeName(place.displaced(at: now)) + "-wal") == 0 else {
            throw SystemError.last("move", log)
        }
    }

    /// Takes away the log of a damaged database, which must not be read with another file.
    private static func removeLog(of place: DatabasePlace) throws {
        for ending in ["-wal", "-shm"] {
            try FileSystem.remove(place.path + ending)
            FaultPoint.restoreLogRemoved.pass()
        }
    }

    /// Refuses a backup that is damaged, or no metadata at all.
    private func refuseUnusable(_ backup: DatabasePlace) async throws {
        if let damage = try await damage(of: backup).first {
            throw CommandError.unreachable(
                "the backup \"\(backup.path)\" is damaged: \(damage)", remedy: "take an older one")
        }
        switch try await state(of: backup) {
        case .missing, .foreign, .outdated(found: 0, _):
            throw CommandError.unreachable(
                "\"\(backup.path)\" is no copy of a metadata database",
                remedy: "name a file that `db backup` made")
        case .current, .outdated, .tooNew: return
        }
    }

    private static func isSame(_ path: String, _ other: String) -> Bool {
        var (one, two) = (stat(), stat())
        return stat(path, &one) == 0 && stat(other, &two) == 0 && one.st_ino == two.st_ino
            && one.st_dev == two.st_dev
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
