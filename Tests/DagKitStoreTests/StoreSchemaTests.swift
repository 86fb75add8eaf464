import DagKitCore
import DagKitSQL
import DagKitSQLite
import DagKitStore
import FoundationEssentials
import SQLTestSupport
import Testing

@Suite struct StoreSchemaTests {
    @Test func `an empty database gets its tables when a store is opened`() async throws {
        let database = SQLiteDatabase.inMemory()
        #expect(try await StoreSchema(of: database).state() == .empty)

        _ = try await SQLMetadataStore.open(database, sealing: TestSealer(), at: .noon)

        #expect(try await StoreSchema(of: database).state() == .current)
        let row = try await database.query("select version, name, applied_at from schema_version")[0]
        #expect(row.values == [1, "create the tables", "2025-10-25 12:00:00.000000"])
    }

    @Test func `migrating twice does nothing the second time`() async throws {
        let schema = try StoreSchema(of: SQLiteDatabase.inMemory())

        #expect(try await schema.migrate(at: .noon).count == schema.newest)
        #expect(try await schema.migrate(at: .noon) == [])
    }

    @Test func `a newer database is refused and left alone`() async throws {
        let database = SQLiteDatabase.inMemory()
        _ = try await SQLMetadataStore.open(database, sealing: TestSealer(), at: .noon)
        try await database.execute("insert into schema_version values (99, 'from the future', '2030-01-01')")

        let refused = StoreError.tooNew(found: 99, known: try StoreSchema(of: database).newest)

        await #expect(throws: refused) {
            try await SQLMetadataStore.open(database, sealing: TestSealer(), at: .noon)
        }
        await #expect(throws: refused) { try await StoreSchema(of: database).migrate(at: .noon) }
    }

    @Test func `the tables of another program are refused and left alone`() async throws {
        let database = SQLiteDatabase.inMemory()
        try await database.execute("create table alembic_version (version_num text)")

        await #expect(throws: StoreError.foreign) {
            try await SQLMetadataStore.open(database, sealing: TestSealer(), at: .noon)
        }
        await #expect(throws: StoreError.foreign) { try await StoreSchema(of: database).migrate(at: .noon) }
        #expect(try await database.query("select count(*) from sqlite_schema")[0].values == [1])
    }

    @Test func `an older database is told to be migrated, and is only when asked`() async throws {
        let database = SQLiteDatabase.inMemory()
        try await StoreSchema(of: database, dialect: Steps(count: 1)).migrate(at: .noon)
        let newer = StoreSchema(of: database, dialect: Steps(count: 3))

        #expect(try await newer.state() == .outdated(found: 1))
        #expect(try await newer.migrate(at: .noon) == ["step 2", "step 3"])
        #expect(try await newer.state() == .current)
        #expect(StoreError.outdated(found: 1, needed: 3).remedy == "run `dagctl db migrate`")
    }

    @Test func `a migration that fails at its last step has changed nothing`() async throws {
        let database = SQLiteDatabase.inMemory()
        try await StoreSchema(of: database, dialect: Steps(count: 1)).migrate(at: .noon)

        await #expect(throws: SQLError.self) {
            try await StoreSchema(of: database, dialect: Steps(count: 3, isBroken: true)).migrate(at: .noon)
        }

        #expect(try await StoreSchema(of: database, dialect: Steps(count: 3)).state() == .outdated(found: 1))
        #expect(try await StoreSchema(of: database, dialect: Steps(count: 3)).migrate(at: .noon).count == 2)
    }

    @Test func `mails that waited in an older database are told as callbacks`() async throws {
        let database = SQLiteDatabase.inMemory()
        try await StoreSchema(of: database, dialect: Earlier(version: 5)).migrate(at: .noon)
        let payload = """
            {"at":"2023-11-14T22:13:20+00:00","failures":0,"kind":"task_failed","lastTry":3,"number":0,"reason":"no luck",\
            "recipients":["ana@example.org"],"task":{"mapIndex":-1,"run":{"dagID":"a","runID":"r"},"taskID":"t"},\
            "tryNumber":3}
            """
        try await database.execute(
            """
            insert into dag_run (dag_id, run_id, run_type, state, queued_at, external_trigger, conf, dag_hash, updated_at,
                run_after, revision)
            values ('a', 'r', 'manual', 'failed', '', 1, '{}', '', '', '', 1)
            """)
        try await database.execute(
            """
            insert into notice (created_at, updated_at, due_at, dag_id, run_id, task_id, map_index, kind, state, failures,
                payload)
            values (\(Date.noon.databaseText), \(Date.noon.databaseText), \(Date.noon.databaseText), 'a', 'r', 't', -1,
                'task_failed', 'pending', 2, \(payload))
            """)

        try await StoreSchema(of: database).migrate(at: .noon)
        let store = try await SQLMetadataStore.open(database, sealing: TestSealer(), at: .noon)
        let waiting = try await store.notices(dueBy: .noon, limit: 10)

        #expect(waiting.map(\.title) == ["task a/r/t failed"])
        #expect(
            waiting.map(\.receiver) == [Notice.Receiver("mail", declaration: ["mail": ["ana@example.org"]])])
        #expect(waiting.map(\.failures) == [2])
    }

    @Test
    func `the structures of an older database become versions in the order in which runs followed them`()
        async throws
    {
        let database = SQLiteDatabase.inMemory()
        try await StoreSchema(of: database, dialect: Earlier(version: 10)).migrate(at: .noon)
        try await database.execute(
            """
            insert into dag (dag_id, is_paused, is_active, fileloc, owners, schedule_interval, timetable_description,
                max_active_tasks, max_active_runs, has_import_errors, bundle, dag_hash)
            values ('a', 0, 1, 'A.swift:1', '', 'None', '', 16, 16, 0, 'tool', 'new')
            """)
        for (hash, stored) in [("new", Date.noon + 60), ("old", .noon + 120), ("unused", .noon + 90)] {
            try await database.execute(
                """
                insert into serialized_dag (dag_id, dag_hash, fileloc, data, last_updated)
                values ('a', \(hash), 'A.swift:1', '{}', \(stored.databaseText))
                """)
        }
        for (run, hash) in [("first", "old"), ("second", "new")] {
            try await database.execute(
                """
                insert into dag_run (dag_id, run_id, run_type, state, queued_at, external_trigger, conf, dag_hash,
                    updated_at, run_after, revision)
                values ('a', \(run), 'manual', 'success', \((Date.noon + (run == "first" ? 0 : 70)).databaseText), 1,
                    '{}', \(hash), '', '', 1)
                """)
        }

        try await StoreSchema(of: database).migrate(at: .noon + 200)
        let store = try await SQLMetadataStore.open(database, sealing: TestSealer(), at: .noon + 200)
        let versions = try await store.versions(of: "a")

        #expect(versions.map(\.structureHash) == ["old", "new", "unused"])
        #expect(versions.map(\.number) == [1, 2, 3])
        #expect(versions.map(\.bundle) == ["tool", "tool", "tool"])
        #expect(versions.map(\.createdAt) == [.noon, .noon + 60, .noon + 90])
        #expect(versions.map(\.executableHash) == [nil, nil, nil])
    }

    @Test func `many processes that find no database make one`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }

        let stores = try await withThrowingTaskGroup { group in
            for _ in 0..<6 { group.addTask { try await SQLMetadataStore.fixture(in: folder) } }
            return try await group.reduce(into: [SQLMetadataStore]()) { $0.append($1) }
        }

        #expect(try await stores[5].pools().count == 1)
        for store in stores { await store.close() }
    }
}

/// The tables as an earlier version made them.
private struct Earlier: SchemaDialect {
    let version: Int

    var tableNames: SQLStatement { SQLiteSchema().tableNames }
    var migrations: [Migration] { SQLiteSchema().migrations.filter { $0.version <= version } }
}

/// Steps that make a table each.
private struct Steps: SchemaDialect {
    let count: Int
    var isBroken = false

    var tableNames: SQLStatement { SQLiteSchema().tableNames }

    var migrations: [Migration] {
        (1...count).map { step in
            let text = isBroken && step == count ? "create tabel" : "create table step_\(step) (id integer)"
            return Migration(version: step, name: "step \(step)", statements: [SQLStatement(verbatim: text)])
        }
    }
}
