import DagKitCore
import FoundationEssentials

extension StoreConformance {
    /// The records of DAGs and what could not be loaded.
    static var dagChecks: [Check] {
        [
            Check("a registered dag comes back as it was, with the time of its registration") {
                store, findings in
                var dag = record("market")
                try await store.register([dag], bundle: "dagctl", at: .conformanceNoon)
                dag.bundle = "dagctl"
                dag.lastRegistered = .conformanceNoon
                findings.equal(try await store.dag("market"), dag, "the record")
                findings.equal(try await store.dag("unknown"), nil, "an unknown dag")
            },
            Check("a new registration keeps what users and the scheduler decided") { store, findings in
                let next = PlannedRun(
                    dataInterval: DataInterval(start: .conformanceNoon, end: .conformanceNoon + 60),
                    runAfter: .conformanceNoon + 60)
                try await store.register(
                    [record("market", isPaused: true)], bundle: "dagctl", at: .conformanceNoon)
                _ = try await store.setPaused(false, ["market"], by: "ana", at: .conformanceNoon)
                try await store.setNextRuns(["market": next, "unknown": next])
                var changed = record("market", isPaused: true, hash: "new")
                changed.about = "changed"
                changed.tags = ["only"]
                try await store.register([changed], bundle: "dagctl", at: .conformanceNoon + 1)
                let stored = try await store.dag("market")
                findings.equal(stored?.isPaused, false, "paused")
                findings.equal(stored?.next, next, "the next run")
                findings.equal(stored?.about, "changed", "the description")
                findings.equal(stored?.tags, ["only"], "the tags")
                findings.equal(stored?.lastRegistered, .conformanceNoon + 1, "the time of the registration")
                try await store.setNextRuns(["market": nil])
                findings.equal(
                    try await store.dag("market")?.next, nil, "the next run after it was taken back")
            },
            Check("dags that a bundle no longer has become inactive, those of others stay") {
                store, findings in
                try await store.register([record("a"), record("b")], bundle: "one", at: .conformanceNoon)
                try await store.register([record("c")], bundle: "two", at: .conformanceNoon)
                try await store.register([record("b")], bundle: "one", at: .conformanceNoon)
                findings.equal(
                    try await store.dags(includingInactive: false).map(\.id), ["b", "c"], "the active dags")
                findings.equal(
                    try await store.dags(includingInactive: true).map(\.id), ["a", "b", "c"], "all dags")
                try await store.register([record("a")], bundle: "one", at: .conformanceNoon)
                findings.equal(
                    try await store.dags(includingInactive: false).map(\.id), ["a", "c"], "the dags then")
            },
            Check("every version of a dag keeps its structure") { store, findings in
                try await store.register([record("market", hash: "one")], bundle: "b", at: .conformanceNoon)
                try await store.register([record("market", hash: "two")], bundle: "b", at: .conformanceNoon)
                findings.equal(
                    try await store.structure(of: "market", hash: "one"), ["hash": "one"], "the old structure"
                )
                findings.equal(
                    try await store.structure(of: "market", hash: "two"), ["hash": "two"], "the new structure"
                )
                findings.equal(
                    try await store.structure(of: "market", hash: "x"), nil, "an unknown structure")
            },
            Check("a structure that was not there becomes the next version, one that was stays the same") {
                store, findings in
                func register(_ hash: String, _ line: Int, _ executable: String?, _ seconds: Double)
                    async throws
                {
                    var dag = record("market", hash: hash)
                    dag.structure = ["hash": .string(hash), "line": .integer(Int64(line))]
                    dag.source = hash == "two" ? "{ \"tasks\": [] }" : nil
                    dag.executableHash = executable
                    try await store.register([dag], bundle: "b", at: .conformanceNoon + seconds)
                }
                try await register("one", 1, "old", 0)
                try await register("two", 2, "new", 1)
                try await register("one", 9, nil, 2)
                try await store.register([record("other")], bundle: "c", at: .conformanceNoon)
                let one = DAGVersion(
                    dagID: "market", number: 1, structureHash: "one", structure: ["hash": "one", "line": 9],
                    source: nil, bundle: "b", executableHash: "old", createdAt: .conformanceNoon,
                    lastRegistered: .conformanceNoon + 2)
                let two = DAGVersion(
                    dagID: "market", number: 2, structureHash: "two", structure: ["hash": "two", "line": 2],
                    source: "{ \"tasks\": [] }", bundle: "b", executableHash: "new",
                    createdAt: .conformanceNoon + 1, lastRegistered: .conformanceNoon + 1)
                findings.equal(try await store.versions(of: "market"), [one, two], "the versions")
                findings.equal(try await store.version(of: "market", hash: "two"), two, "the second version")
                findings.equal(try await store.version(of: "market", hash: "x"), nil, "an unknown version")
                findings.equal(
                    try await store.versionNumbers(of: "market"), ["one": 1, "two": 2], "the numbers")
                findings.equal(
                    try await store.versions(of: "other").map(\.number), [1], "those of another dag")
                let stored = try await store.dag("market")
                findings.equal(stored?.executableHash, "old", "the executable of the record")
                findings.equal(stored?.source, nil, "the text of the record")
                _ = try await store.deleteDAG("market", by: "ana", at: .conformanceNoon)
                findings.equal(try await store.versions(of: "market"), [], "the versions of a deleted dag")
            },
            Check("pausing gives the dags that changed and writes them to the audit log") { store, findings in
                try await store.register(
                    [record("a"), record("b", isPaused: true)], bundle: "b", at: .conformanceNoon)
                let changed = try await store.setPaused(
                    true, ["a", "b", "unknown"], by: "ana", at: .conformanceNoon + 5)
                findings.equal(changed, ["a"], "the changed dags")
                findings.equal(try await store.pausedDAGs(), ["a", "b"], "the paused dags")
                let entry = AuditEntry(at: .conformanceNoon + 5, event: "pause", actor: "ana", dagID: "a")
                findings.equal(try await store.auditLog(limit: 10), [entry], "the audit log")
            },
            Check("deleting a dag takes all that belongs to it") { store, findings in
                try await store.register(
                    [record("market"), record("other")], bundle: "b", at: .conformanceNoon)
                let (run, other) = (DAGRun.conformance(), DAGRun.conformance(of: "other"))
                for run in [run, other] {
                    var batch = run.creation(["a", "b"])
                    batch.history = [batch.instances[0]]
                    batch.outputs = [.conformance(run, "a", json: "1")]
                    _ = try await store.apply(batch)
                }
                let count = try await store.deleteDAG("market", by: "ana", at: .conformanceNoon)
                findings.equal(count, 6, "the count of a dag, a run, two instances, a try and an output")
                findings.equal(try await store.dag("market"), nil, "the dag")
                findings.equal(try await store.snapshot(of: run.key), nil, "its run")
                findings.equal(try await store.events(of: run.key), [], "its events")
                findings.equal(try await store.structure(of: "market", hash: "hash"), nil, "its structure")
                findings.equal(try await store.outputs(in: other.key).count, 1, "the outputs of another dag")
                findings.equal(try await store.auditLog(limit: 1).map(\.event), ["delete"], "the audit log")
                findings.equal(
                    try await store.deleteDAG("market", by: "ana", at: .conformanceNoon), 0,
                    "the second count")
                findings.expect(try await store.apply(run.creation()), "the run's id to be free again")
            },
            Check("adding a dag leaves those of its bundle as they are") { store, findings in
                try await store.register([record("market")], bundle: "b", at: .conformanceNoon)
                try await store.add(record("new", isPaused: true), bundle: "b", at: .conformanceNoon + 1)
                let dags = try await store.dags(includingInactive: false)
                findings.equal(dags.map(\.id), ["market", "new"], "the active dags")
                findings.equal(dags.map(\.bundle), ["b", "b"], "their bundles")
                findings.equal(
                    dags.map(\.lastRegistered), [.conformanceNoon, .conformanceNoon + 1], "their instants")
                findings.equal(try await store.pausedDAGs(), ["new"], "the paused dags")
                findings.equal(try await store.versions(of: "new").map(\.number), [1], "its versions")
            },
            Check("deleting a run takes all that belongs to it, once it has ended") { store, findings in
                var run = DAGRun.conformance()
                var batch = run.creation(["a"])
                batch.outputs = [.conformance(run, "a", json: "1")]
                _ = try await store.apply(batch)
                do {
                    _ = try await store.deleteRun(run.key, by: "ana", at: .conformanceNoon)
                    findings.add("a run that has not ended was deleted")
                } catch RunDeletionError.open(let key) {
                    findings.equal(key, run.key, "the run in the error")
                }
                run.revision += 1
                run.state = .success
                var end = RunBatch(run: run, expectedRevision: run.revision - 1)
                end.events = batch.events
                _ = try await store.apply(end)
                let last = try await store.lastEventNumber()
                findings.expect(
                    try await store.deleteRun(run.key, by: "ana", at: .conformanceNoon), "it to be deleted")
                let changes = try await store.changes(after: last, limit: 10)
                findings.equal(changes.map(\.kind), [.runDeleted], "what others learn of it")
                findings.equal(changes.map(\.actor), ["ana"], "who did it")
                findings.equal(try await store.snapshot(of: run.key), nil, "the run")
                findings.equal(try await store.events(of: run.key), [], "its events")
                findings.equal(try await store.outputs(in: run.key), [], "its outputs")
                let line = try await store.auditLog(limit: 1).first
                findings.equal(line?.event, "delete", "the audit log")
                findings.equal(line?.runID, run.runID, "the run in the audit log")
                findings.expect(
                    try await !store.deleteRun(run.key, by: "ana", at: .conformanceNoon),
                    "no run to be deleted twice")
                findings.expect(
                    try await store.apply(DAGRun.conformance().creation()), "the run's id to be free again")
                findings.equal(
                    try await store.events(of: run.key).map(\.kind).first, .runCreated,
                    "the first event of the run that has the id now")
            },
            Check("a dag whose attempts run is not deleted") { store, findings in
                try await store.register([record("market")], bundle: "b", at: .conformanceNoon)
                let run = DAGRun.conformance()
                var batch = run.creation(["a", "b"])
                batch.instances[0].state = .running
                batch.instances[0].attemptID = AttemptID(rawValue: 7)
                _ = try await store.apply(batch)
                do {
                    _ = try await store.deleteDAG("market", by: "ana", at: .conformanceNoon)
                    findings.add("a dag whose attempts run was deleted")
                } catch DAGDeletionError.running(let dag, let attempts) {
                    findings.equal(dag, "market", "the dag in the error")
                    findings.equal(attempts, 1, "the attempts in the error")
                }
                findings.expect(try await store.snapshot(of: run.key) != nil, "its run to be there")
            },
            Check("import errors replace those of their source") { store, findings in
                func error(_ file: String, _ text: String) -> ImportError {
                    ImportError(file: file, at: .conformanceNoon, text: text)
                }
                try await store.setImportErrors(
                    [error("z.json", "line 1"), error("b.json", "line 2")], of: "dags.json",
                    at: .conformanceNoon)
                try await store.setImportErrors([error("m", "no")], of: "dagctl", at: .conformanceNoon)
                findings.equal(
                    try await store.importErrors().map(\.file), ["b.json", "m", "z.json"], "the files")
                try await store.setImportErrors([], of: "dags.json", at: .conformanceNoon)
                findings.equal(try await store.importErrors(), [error("m", "no")], "the errors that are left")
            },
        ]
    }

    static func record(_ id: DAGID, isPaused: Bool = false, hash: String = "hash") -> DAGRecord {
        DAGRecord(
            id: id, isPaused: isPaused, isActive: true, bundle: "", fileloc: "Market.swift:12",
            owners: ["ana", "dagkit"], about: "Prices, \"every\" half hour", tags: ["crypto", "postgres"],
            schedule: "*/30 * * * *", timetableDescription: "Every 30 minutes", maxActiveTasks: 16,
            maxActiveRuns: 3,
            structureHash: hash, structure: ["hash": .string(hash)], hasImportErrors: false,
            lastRegistered: nil,
            next: nil)
    }
}
