import DagKitCore
import DagKitSQL
import DagKitSQLite
import DagKitStore
import FoundationEssentials
import SQLTestSupport
import Synchronization
import Testing

@Suite struct UnreadableRowTests {
    @Test func `the error names the row and how it is corrected`() async throws {
        let folder = try TemporaryFolder()
        let store = try await SQLMetadataStore.fixture(in: folder)
        let run = DAGRun.fixture()
        _ = try await store.commit([run.creation], durability: .process)
        try await spoil(folder, "update task_instance set state = 'xyzzy' where task_id = 'end'")

        let error = await #expect(throws: UnreadableRow.self) { try await store.snapshot(of: run.key) }

        let key =
            "dag_id = 'crypto_data_pipeline' and run_id = 'manual__2025-10-25T12:00:00+00:00' and task_id = 'end' and map_index = -1"
        #expect(
            error?.description
                == "run \(run.key): column \"state\" of table \"task_instance\" cannot be read where \(key) (\"xyzzy\" is no TaskState); "
                + "correct it with: sqlite3 \(folder.file("dagkit.db")) \"update task_instance set state = VALUE where \(key)\", "
                + "or delete the run with: dagctl runs delete \(run.key.runID) --dag crypto_data_pipeline")
        await store.close()
    }

    @Test func `what a shell would take for its own is escaped`() {
        let row = UnreadableRow(
            table: "slot_pool", column: "slots", key: "pool = 'a\"$b`'", reason: "x",
            file: "/my home/dagkit.db")

        #expect(
            row.remedy
                == #"correct it with: sqlite3 "/my home/dagkit.db" "update slot_pool set slots = VALUE where pool = 'a\"\$b\`'""#
        )
    }

    @Test func `a secret that cannot be read does not stand in the error`() async throws {
        let folder = try TemporaryFolder()
        let store = try await SQLMetadataStore.fixture(in: folder)
        let password = Connection("bank", type: "http", password: "hunter2")
        try await store.setConnection(password, by: "ana", at: .noon)
        try await spoil(folder, "update connection set port = 'hunter2'")

        let error = await #expect(throws: UnreadableRow.self) { try await store.connections() }

        #expect(error?.description.contains("where conn_id = 'bank' (it holds text, not Int)") == true)
        #expect(error?.description.contains("hunter2") == false)
        await store.close()
    }

    @Test(arguments: [
        "update dag_run set state = 'xyzzy' where run_id = 'b'",
        "update dag_run set conf = '{' where run_id = 'b'",
        "update task_instance set attempt_id = null, state = 'running' where run_id = 'b'",
        "update task_instance set try_number = 9223372036854775807 where run_id = 'b'",
    ])
    func `whoever leaves out what cannot be read gets the other runs`(damage: String) async throws {
        let folder = try TemporaryFolder()
        let store = try await SQLMetadataStore.fixture(in: folder)
        let record = DAGRecord(
            id: "crypto_data_pipeline", isPaused: false, isActive: true, bundle: "", fileloc: "", owners: [],
            about: nil, tags: [], schedule: "", timetableDescription: "", maxActiveTasks: 1, maxActiveRuns: 1,
            structureHash: "abc", structure: [:], hasImportErrors: false, lastRegistered: nil, next: nil)
        try await store.register([record], bundle: "test", at: .noon)
        var other = DAGRun(
            key: RunKey("crypto_data_pipeline", "b"), type: .manual, logicalDate: .noon + 1,
            dataInterval: nil, runAfter: .noon,
            queuedAt: .noon, structureHash: "abc")
        other.state = .running
        _ = try await store.commit([DAGRun.fixture().creation, other.creation], durability: .process)
        try await spoil(folder, damage)
        let told = Told()

        let runs = try await store.leavingOutUnreadable { told.add($0) }.unfinishedRuns()

        #expect(runs.map(\.run.key) == [DAGRun.fixture().key])
        #expect(told.all.map(\.run) == [other.key])
        await #expect(throws: UnreadableRow.self) { try await store.snapshot(of: other.key) }
        await store.close()
    }

    @Test func `the newest interval that can be read counts where the newest cannot`() async throws {
        let folder = try TemporaryFolder()
        let store = try await SQLMetadataStore.fixture(in: folder)
        let dates = [Date.noon, .noon + 60]
        for date in dates {
            let run = DAGRun(
                key: RunKey("a", RunID("scheduled__\(date.isoText)")), type: .scheduled, logicalDate: date,
                dataInterval: DataInterval(start: date, end: date + 60), runAfter: date, queuedAt: date,
                structureHash: "abc")
            _ = try await store.commit([run.creation], durability: .process)
        }
        try await spoil(
            folder,
            "update dag_run set data_interval_end = 'x' where execution_date = '\(dates[1].databaseText)'")
        let told = Told()

        let last = try await store.leavingOutUnreadable { told.add($0) }.lastScheduledIntervals()

        #expect(last["a"]?.start == .noon)
        #expect(Set(told.all.map(\.column)) == ["data_interval_end"])
        await store.close()
    }

    @Test func `tokens go on after the time of the start where their counter is no number`() async throws {
        let folder = try TemporaryFolder()
        let first = try await SQLMetadataStore.fixture(in: folder)
        let before = try await first.reserveAttempts(1)
        await first.close()
        try await spoil(folder, "update counter set value = 'x'")

        let second = try await SQLMetadataStore.fixture(in: folder)

        #expect(try await second.reserveAttempts(1).lowerBound >= before.lowerBound)
        await second.close()
    }

    private func spoil(_ folder: TemporaryFolder, _ statement: SQLStatement) async throws {
        let database = try await SQLiteDatabase.open(folder.file("dagkit.db"))
        try await database.execute(statement)
        await database.close()
    }

    private func spoil(_ folder: TemporaryFolder, _ statement: String) async throws {
        try await spoil(folder, SQLStatement(verbatim: statement))
    }
}

/// The rows that were told of.
private final class Told: Sendable {
    private let rows = Mutex<[UnreadableRow]>([])

    var all: [UnreadableRow] { rows.withLock { $0 } }

    func add(_ row: UnreadableRow) { rows.withLock { $0.append(row) } }
}
