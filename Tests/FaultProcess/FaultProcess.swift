import DagKitCore
import DagKitSQLite
import DagKitStore
import FoundationEssentials
import Glibc

/// A process that dies as by `kill -9` at a chosen statement of a transaction, for the tests of faults.
///
/// With the arguments `count-signals FILE` it is a ``SignalCounter``. Else its arguments are `migrate PATH N` or `create-run PATH N`: it dies before the N-th statement of a transaction that writes,
/// of which the commit is the last, or ends with status 0 if there are not so many.
enum FaultProcess {
    static func run(_ arguments: [String]) async {
        if arguments.count == 2, arguments[0] == "count-signals" {
            do { try SignalCounter.run(arguments[1]) } catch { print(error) }
            exit(1)
        }
        guard arguments.count == 3, let fatal = Int(arguments[2]) else {
            print("this program is started by the tests of faults")
            exit(2)
        }
        do {
            let database = DeadlyDatabase(try await SQLiteDatabase.open(arguments[1]), at: fatal)
            switch arguments[0] {
            case "migrate":
                database.arm()
                try await StoreSchema(of: database).migrate(at: Self.noon)
            case "create-run": try await createRun(in: database)
            default: exit(2)
            }
            exit(0)
        } catch {
            print(error)
            exit(1)
        }
    }

    private static func createRun(in database: DeadlyDatabase) async throws {
        let store = try await SQLMetadataStore.open(database, sealing: NoSecrets(), at: noon)
        let spec = try DAGSpec(FaultDAG())
        try await store.register(
            [DAGRecord(spec, bundle: "faults", isPaused: false)], bundle: "faults", at: noon)
        database.arm()
        let run = DAGRun.manual(spec, runID: "run1", conf: [:], by: "test", at: noon)
        var machine = RunMachine(creating: run, of: spec, actor: "test")
        if let batch = machine.takeBatch() { _ = try await store.commit([batch], durability: .full) }
    }

    static let noon = Date(timeIntervalSince1970: 1_767_268_800)
}

/// A DAG of a few tasks, so that its run is several rows.
struct FaultDAG: DAG {
    var configuration = DAGConfiguration("fault_dag")

    func build(_ dag: inout DAGBuilder) {
        let start = dag.empty("start")
        let left = dag.empty("left", after: start)
        let right = dag.empty("right", after: start)
        dag.empty("end", after: left, right)
    }
}

private struct NoSecrets: SecretSealing {
    func seal(_ secret: String, for place: SecretPlace) throws -> String { throw CancellationError() }
    func open(_ sealed: String, for place: SecretPlace) throws -> String { throw CancellationError() }
}
