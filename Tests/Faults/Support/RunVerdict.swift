import DagKitCore
import DagKitProviders
import DagKitStore
import DagKitSystem

/// What is wrong with the stored runs of a home after a fault; nothing, if the promises hold.
struct RunVerdict {
    private(set) var findings: [String] = []
    private let spec: DAGSpec
    private let proof: Proof

    /// How many tries have failed.
    private(set) var failures = 0

    init(_ home: FaultHome) throws {
        spec = try home.spec(ProofDAG.id)
        proof = try Proof(of: home)
    }

    /// Looks at every run of the proof DAG.
    ///
    /// - Parameter state: What each run must have become.
    mutating func judge(_ store: SQLMetadataStore, state: RunState = .success) async throws {
        let runs = try await store.runs(RunQuery(dagID: ProofDAG.id))
        if runs.isEmpty { findings.append("there is no run") }
        for run in runs {
            if run.state != state { findings.append("\(run.key) is \(run.state)") }
            try await judge(run, store)
        }
        if !proof.doubled.isEmpty { findings.append("alive twice at once: \(proof.doubled)") }
    }

    private mutating func judge(_ run: DAGRun, _ store: SQLMetadataStore) async throws {
        let events = try await store.events(of: run.key)
        try await fold(events, of: run, store)
        for instance in try await store.taskInstances(of: run.key) {
            let own = events.filter { $0.task == instance.key }
            failures += own.count { $0.kind == .failed || $0.kind == .upForRetry }
            let successes = own.count { $0.kind == .succeeded }
            if instance.state == .success, successes != 1 {
                findings.append("\(instance.key) succeeded \(successes) times")
            }
            judge(instance, own)
        }
    }

    /// Each try was at most once begun by a process, and an attempt that was recorded as a success did end.
    private mutating func judge(_ instance: TaskInstance, _ events: [RunEvent]) {
        let key = instance.key
        func mine(_ entry: Proof.Entry) -> Bool {
            entry.run == key.run.runID.rawValue && entry.task == key.taskID.rawValue
        }
        let begun = proof.begun.filter(mine)
        let ordered = events.count { $0.kind == .running }
        if begun.count > ordered {
            findings.append("\(key) was begun \(begun.count) times for \(ordered) attempts")
        }
        if Set(begun).count < begun.count { findings.append("one try was begun twice: \(begun)") }
        if instance.state == .success, !proof.ended.contains(where: mine) {
            findings.append("\(key) succeeded and did not end")
        }
        let attempts = events.filter { $0.kind == .running }.map(\.attemptID)
        if Set(attempts).count != attempts.count {
            findings.append("\(key) was dispatched twice by one token")
        }
    }

    private mutating func fold(_ events: [RunEvent], of run: DAGRun, _ store: SQLMetadataStore) async throws {
        guard let folded = RunSnapshot(folding: events, of: spec),
            let stored = try await store.snapshot(of: run.key)
        else { return findings.append("the events of \(run.key) do not fold") }
        var foldedRun = folded.run
        foldedRun.revision = stored.run.revision
        if foldedRun != stored.run { findings.append("the folded \(run.key) differs") }
        if folded.instances != stored.instances {
            let differing = zip(folded.instances, stored.instances).filter { $0 != $1 }
            findings.append("the folded instances of \(run.key) differ: \(differing)")
        }
    }
}

/// Why a home cannot be judged.
enum RunVerdictError: Error {
    case noDAG(String)
}

extension FaultHome {
    /// A DAG of this home's dags.json.
    func spec(_ id: DAGID) throws -> DAGSpec {
        let text = try FileSystem.readText(dagsFile)
        let bag = DAGBag(
            compiled: [], file: DAGsFile(parsing: text, file: "dags.json", registry: .standard))
        guard let spec = bag.specs.first(where: { $0.id == id }) else {
            throw RunVerdictError.noDAG("\(bag.problems)")
        }
        return spec
    }

    /// What is wrong with the runs of this home.
    ///
    /// - Parameter kills: How many tries may have failed since something was killed; all others must have succeeded.
    func findings(state: RunState = .success, kills: Int = 0) async throws -> [String] {
        var verdict = try RunVerdict(self)
        try await withStore { try await verdict.judge($0, state: state) }
        guard verdict.failures > kills else { return verdict.findings }
        return verdict.findings + ["\(verdict.failures) tries have failed, and kills explain \(kills)"]
    }

    /// Waits until a number of runs of the proof DAG have ended.
    func runsEnd(_ count: Int, within limit: Duration = .seconds(180)) async throws -> Bool {
        try await withStore { store in
            try await holds(within: limit) {
                let runs = try await store.runs(RunQuery(dagID: ProofDAG.id))
                return runs.count >= count && runs.allSatisfy(\.state.isFinished)
            }
        }
    }
}
