import DagKitCore
import DagKitSQL
import DagKitSQLite
import DagKitStore
import FoundationEssentials
import SQLTestSupport
import Testing

@Suite struct SQLMetadataStoreTests {
    @Test func `runs and tasks read naturally in plain SQL`() async throws {
        let (database, store) = try await inMemory()
        _ = try await store.commit([DAGRun.fixture().creation], durability: .process)
        _ = try await store.commit([DAGRun.fixture().fullChange], durability: .process)

        let runs = try await database.query(
            "select dag_id, run_id, state, execution_date, data_interval_start from dag_run")
        let tasks = try await database.query(
            "select task_id, state, duration, try_number from task_instance where dag_id = 'crypto_data_pipeline'"
        )

        #expect(
            runs.map(\.values) == [
                [
                    "crypto_data_pipeline", "manual__2025-10-25T12:00:00+00:00", "running",
                    "2025-10-25 12:00:00.000000",
                    "2025-10-25 11:30:00.000000",
                ]
            ])
        #expect(tasks.map(\.values).contains(["start", "success", 1.5, 0]))
        await store.close()
    }

    @Test(arguments: [
        ("dag", ["dag_id", "is_paused", "is_active", "fileloc", "owners", "next_dagrun", "max_active_runs"]),
        (
            "dag_run",
            ["id", "execution_date", "queued_at", "external_trigger", "conf", "clear_number", "dag_hash"]
        ),
        (
            "task_instance",
            ["map_index", "try_number", "max_tries", "queued_dttm", "pool_slots", "operator", "pid"]
        ),
        ("task_instance_history", ["id", "try_number", "state"]),
        ("xcom", ["task_id", "map_index", "key", "value", "timestamp"]),
        ("variable", ["key", "val", "is_encrypted"]),
        (
            "connection",
            ["conn_id", "conn_type", "schema", "login", "password", "extra", "is_extra_encrypted"]
        ),
        ("slot_pool", ["pool", "slots", "include_deferred"]),
        ("job", ["job_type", "latest_heartbeat", "executor_class", "unixname"]),
        ("log", ["dttm", "event", "owner", "extra"]),
        ("import_error", ["timestamp", "filename", "stacktrace"]),
        ("dag_tag", ["name", "dag_id"]), ("serialized_dag", ["dag_id", "data", "dag_hash"]),
        (
            "dag_version",
            ["version_number", "dag_id", "bundle_name", "bundle_version", "created_at", "last_updated"]
        ),
        ("dag_warning", ["warning_type", "message"]), ("rendered_task_instance_fields", ["rendered_fields"]),
        ("task_reschedule", ["reschedule_date"]), ("dag_run_note", ["dag_run_id", "content"]),
        ("task_instance_note", ["task_id", "content"]),
    ])
    func `tables have the columns that users of Airflow know`(table: String, columns: [String]) async throws {
        let (database, store) = try await inMemory()

        let found: [String] = try await database.query("select name from pragma_table_info(\(table))").map {
            try $0[0]
        }

        #expect(Set(columns).subtracting(found).isEmpty)
        await store.close()
    }

    @Test func `no secret reaches the file or its log`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let store = try await SQLMetadataStore.fixture(in: folder)
        let secrets = ["pa55word-of-a-connection", "t0ken-in-an-extra", "value-0f-a-variable"]

        try await store.setConnection(
            Connection("c", type: "http", password: secrets[0], extra: #"{"token":"\#(secrets[1])"}"#),
            by: "ana", at: .noon)
        try await store.setVariable(Variable("v", value: secrets[2], isSecret: true), by: "ana", at: .noon)
        try await store.setVariable(Variable("w", value: "plain-and-visible"), by: "ana", at: .noon)

        var bytes = Data()
        for name in ["dagkit.db", "dagkit.db-wal"] {
            bytes += try Data(contentsOf: URL(filePath: folder.file(name)))
        }
        for secret in secrets { #expect(bytes.firstRange(of: Data(secret.utf8)) == nil) }
        #expect(bytes.firstRange(of: Data("plain-and-visible".utf8)) != nil)
        await store.close()
    }

    @Test func `a sealed secret that was moved to another row is refused`() async throws {
        let (database, store) = try await inMemory()
        try await store.setConnection(Connection("a", type: "http", password: "s"), by: "ana", at: .noon)
        try await database.execute("update connection set conn_id = 'b'")

        await #expect(throws: TestSealerError.wrongPlace) { try await store.connection("b") }
        await store.close()
    }

    @Test func `a database that begins anew issues no token of the one before`() async throws {
        let first = try await SQLMetadataStore.open(
            SQLiteDatabase.inMemory(), sealing: TestSealer(), at: .noon)
        let second = try await SQLMetadataStore.open(
            SQLiteDatabase.inMemory(), sealing: TestSealer(), at: .noon + 1)

        let early = try await first.reserveAttempts(5_000)
        let late = try await second.reserveAttempts(1)

        #expect(early.upperBound < late.lowerBound)
        for store in [first, second] { await store.close() }
    }

    @Test func `what users ask for survives a power cut, task progress need not`() async throws {
        let database = FaultyDatabase(SQLiteDatabase.inMemory())
        let store = try await SQLMetadataStore.open(database, sealing: TestSealer(), at: .noon)
        let opened = database.durabilities.count

        _ = try await store.commit([DAGRun.fixture().creation], durability: .full)
        _ = try await store.commit([DAGRun.fixture().fullChange], durability: .process)
        try await store.setVariable(Variable("v", value: "1"), by: "ana", at: .noon)
        _ = try await store.setPaused(true, [], by: "ana", at: .noon)
        _ = try await store.reserveAttempts(1)
        try await store.setNextRuns(["x": nil])

        #expect(
            database.durabilities.dropFirst(opened) == [.full, .standard, .full, .full, .full, .standard])
        await store.close()
    }

    @Test func `full durability reaches SQLite and ends with its transaction`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let database = try await SQLiteDatabase.open(folder.file("a.db"))

        let levels = try await [SQLDurability.standard, .full, .standard].asyncMap { durability in
            try await database.transaction(.write, durability: durability) { transaction in
                try transaction.query("pragma synchronous")[0][0] as Int
            }
        }

        #expect(levels == [1, 2, 1])
        await database.close()
    }

    @Test func `a commit that fails at any statement has changed nothing`() async throws {
        let database = FaultyDatabase(SQLiteDatabase.inMemory())
        let store = try await SQLMetadataStore.open(database, sealing: TestSealer(), at: .noon)
        let run = DAGRun.fixture()
        _ = try await store.commit([run.creation], durability: .process)
        let before = try await RunPicture(of: run, in: store)

        var statements = 0
        while true {
            database.fail(after: statements)
            guard (try? await store.commit([run.fullChange], durability: .process)) == nil else { break }
            #expect(try await RunPicture(of: run, in: store) == before, "after statement \(statements)")
            statements += 1
        }
        database.fail(after: nil)

        #expect(statements >= 9)
        #expect(try await RunPicture(of: run, in: store).events.count == 3)
        await store.close()
    }

    @Test func `a process that is killed in the middle of a commit leaves no half of it`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let database = try await SQLiteDatabase.open(folder.file("dagkit.db"))
        let store = try await SQLMetadataStore.open(database, sealing: TestSealer(), at: .noon)
        let run = DAGRun.fixture()
        _ = try await store.commit([run.creation], durability: .process)
        let before = try await RunPicture(of: run, in: store)
        let (isWriting, mayEnd) = (AsyncStream<Void>.makeStream(), Gate())
        let writing = Task {
            try await database.transaction { transaction in
                try transaction.execute("pragma cache_size = 1")
                try transaction.execute("update dag_run set state = 'failed', revision = 9")
                for number in 0..<3_000 {
                    try transaction.execute(
                        "insert into event (at, dag_id, run_id, kind, actor) values ('', '', \(number), 'running', '')"
                    )
                }
                isWriting.continuation.yield()
                mayEnd.wait()
            }
        }
        for await _ in isWriting.stream { break }

        // The files as kill -9 would leave them: the pages that spilled into the log have no commit record.
        for name in ["dagkit.db", "dagkit.db-wal"] {
            try FileManager.default.copyItem(atPath: folder.file(name), toPath: folder.file("killed-" + name))
        }
        mayEnd.open()
        try await writing.value
        let log =
            try FileManager.default.attributesOfItem(atPath: folder.file("killed-dagkit.db-wal"))[.size]
            as? Int
        let survivor = try await SQLMetadataStore.open(
            SQLiteDatabase.open(folder.file("killed-dagkit.db")), sealing: TestSealer(), at: .noon)

        #expect(try #require(log) > 100_000)
        #expect(try await RunPicture(of: run, in: survivor) == before)
        await survivor.close()
        await store.close()
    }

    @Test func `of two processes on one file one wins and the other is told of the conflict`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let stores = [
            try await SQLMetadataStore.fixture(in: folder), try await SQLMetadataStore.fixture(in: folder),
        ]
        let run = DAGRun.fixture()
        _ = try await stores[0].commit([run.creation], durability: .process)

        var current = run
        for _ in 0..<20 {
            let batch = current.fullChange
            async let first = stores[0].commit([batch], durability: .process)
            async let second = stores[1].commit([batch], durability: .process)
            let conflicts = try await [first, second].map(\.conflicts)
            #expect(conflicts.filter(\.isEmpty).count == 1)
            current = batch.updatedRun
        }

        #expect(try await stores[1].snapshot(of: run.key)?.run.revision == 20)
        #expect(try await stores[1].events(of: run.key).count == 41)
        for store in stores { await store.close() }
    }

    @Test func `two processes never get the same attempt token`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        var tokens: [Int64] = []

        for _ in 0..<3 {
            let stores = [
                try await SQLMetadataStore.fixture(in: folder),
                try await SQLMetadataStore.fixture(in: folder),
            ]
            for count in [1, 2, 1_500, 1] {
                for store in stores { tokens += Array(try await store.reserveAttempts(count)) }
            }
            for store in stores { await store.close() }
        }

        #expect(Set(tokens).count == 3 * 2 * 1_504)
    }

    @Test func `a value that nobody of us wrote is named with its table and column`() async throws {
        let (database, store) = try await inMemory()
        _ = try await store.commit([DAGRun.fixture().creation], durability: .process)
        try await database.execute("update dag_run set start_date = 'yesterday'")

        let error = await #expect(throws: UnreadableRow.self) { try await store.runs(RunQuery()) }

        #expect(error?.problem.contains(#"column "start_date" of table "dag_run" cannot be read"#) == true)
        await store.close()
    }

    @Test func `what was acknowledged is there after the store is opened again`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let first = try await SQLMetadataStore.fixture(in: folder)
        _ = try await first.commit([DAGRun.fixture().creation], durability: .process)
        _ = try await first.commit([DAGRun.fixture().fullChange], durability: .process)
        let before = try await RunPicture(of: .fixture(), in: first)
        await first.close()

        let second = try await SQLMetadataStore.fixture(in: folder)

        #expect(try await RunPicture(of: .fixture(), in: second) == before)
        await second.close()
    }

    private func inMemory() async throws -> (SQLiteDatabase, SQLMetadataStore) {
        let database = SQLiteDatabase.inMemory()
        return (database, try await SQLMetadataStore.open(database, sealing: TestSealer(), at: .noon))
    }
}

extension Array {
    fileprivate func asyncMap<Result>(_ transform: (Element) async throws -> Result) async rethrows
        -> [Result]
    {
        var results: [Result] = []
        for element in self { results.append(try await transform(element)) }
        return results
    }
}
