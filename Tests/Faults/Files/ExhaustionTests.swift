import DagKitCore
import DagKitStore
import DagKitSystem
import Glibc
import Testing

@Suite(.serialized) struct ExhaustionTests {
    @Test func `a scheduler without standard streams works`() async throws {
        let home = try FaultHome(ProofDAG.declaration(tasks: ["only": []]))
        _ = try await home.dagctl("dags", "trigger", "proof")

        let scheduler = try await home.shell("exec $DAGCTL scheduler --once <&- >&- 2>&-")

        #expect(scheduler.status == 0, "\(scheduler)")
        #expect(try await home.findings() == [])
        #expect(try await home.leftovers() == [])
    }

    @Test(
        .fault(
            .F21,
            "with 48 the run ends well and nothing is tried in a circle; below the scheduler says in one line what is missing",
            by: .really("ulimit -n, from far too few descriptors to enough")),
        arguments: [(12, false), (16, false), (24, false), (48, true), (64, true)])
    func `F21 a scheduler with few descriptors works or says why not`(
        limit: Int, isEnough: Bool
    ) async throws {
        let home = try FaultHome()
        _ = try await home.dagctl("dags", "trigger", "proof")

        let starved = try await home.shell("ulimit -n \(limit); timeout 180 \"$DAGCTL\" scheduler --once")
        let events = try await home.proofEvents()
        let fed = try await home.dagctl("scheduler", "--once")

        #expect(starved.status != 124, "it neither ended nor gave up: \(starved)")
        if isEnough {
            #expect(starved.status == 0, "\(starved)")
        } else if starved.status != 0 {
            #expect(starved.errors.contains("error: ") && starved.errors.contains("too many open files"))
            #expect(starved.errors.split(separator: "\n").count == 1, "\(starved)")
        }
        // One of the run's creation, two of its start and end, and three of each task.
        #expect(events <= 15, "\(starved)")
        #expect(fed.status == 0, "\(fed)")
        let findings = try await home.findings()
        #expect(findings == [])
        #expect(try await home.leftovers() == [])
    }

    @Test(
        .fault(
            .F21, "what cannot be looked at is not taken for dead: no second attempt beside it",
            by: .really("prlimit on a running scheduler, whose supervisor and worker are killed then")))
    func `F21 a scheduler that may open nothing more takes nothing for dead`() async throws {
        let home = try FaultHome(
            ScriptDAG.declaration(
                "exec 9>>only.lock; flock -n 9 || echo $DAGKIT_CTX_TRY_NUMBER >>doubled; echo $$ >>begun; "
                    + "[ $DAGKIT_CTX_TRY_NUMBER = 2 ] || sleep 600", retries: 1))
        _ = try await home.dagctl("dags", "trigger", "script")
        let scheduler = try home.startScheduler("--once")
        _ = try await home.words(in: "begun")

        try await home.killOwners {
            let lowered = try await home.shell("prlimit --pid \(scheduler.id) --nofile=10:")
            #expect(lowered.status == 0, "\(lowered)")
        }
        let hasSaid = try await holds {
            home.schedulerLines().contains { $0.contains("and waits until the system does") }
        }
        let raised = try await home.shell("prlimit --pid \(scheduler.id) --nofile=1024:")

        #expect(raised.status == 0, "\(raised)")
        #expect(hasSaid, "\(home.schedulerLines())")
        #expect(try await home.end(of: scheduler)?.isSuccess == true)
        let ended = try await home.scriptEnds()
        #expect(ended?.state == .success)
        #expect(ended?.tryNumber == 2)
        #expect(!FileSystem.exists("\(home.path)/doubled"))
        #expect(try await home.leftovers() == [])
    }
}

extension FaultHome {
    /// How many events the runs of the proof DAG have had.
    fileprivate func proofEvents() async throws -> Int {
        try await withStore { store in
            var count = 0
            for run in try await store.runs(RunQuery(dagID: ProofDAG.id)) {
                count += try await store.events(of: run.key).count
            }
            return count
        }
    }
}
