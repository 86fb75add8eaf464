import DagKitCore
import DagKitStore
import DagKitSystem
import FoundationEssentials
import Glibc
import Testing

/// Tasks that somebody marks while they run.
@Suite(.serialized, .timeLimit(.minutes(5))) struct MarkedTaskTests {
    @Test(
        .fault(
            .F48,
            "it is killed, then it has failed; a late success is refused, by its token and by the run's revision",
            by: .really("`tasks mark` while the task ignores SIGTERM, then a success of its attempt")))
    func `F48 a task that is marked failed while it runs is killed and stays failed`() async throws {
        let home = try FaultHome(ScriptDAG.declaration(ScriptDAG.stubborn(), retries: 3))
        _ = try await home.dagctl("dags", "trigger", "script")
        let scheduler = try home.startScheduler()
        let processes = try await home.stubbornProcesses()
        let before = try #require(try await home.scriptSnapshot())

        let mark = try await home.markFailed(before.run.key)
        let survivors = try await home.survivors(of: processes, at: .failed)

        scheduler.send(SIGTERM)
        #expect(try await home.end(of: scheduler)?.isSuccess == true)
        let after = try #require(try await home.scriptSnapshot())
        #expect(mark.status == 0, "\(mark)")
        #expect(processes.count == 2)
        #expect(survivors == [])
        #expect(after.instances[0].state == .failed)
        #expect(after.instances[0].reason?.hasPrefix("marked failed by ") == true)
        #expect(after.run.state == .failed)
        #expect(try await home.scriptEvents().suffix(3) == [.running, .endRequested, .failed])
        try await home.expectGrace()

        let answer = try await home.reportSuccess(asOf: before)

        #expect(answer.conflicts == [before.run.key])
        #expect(answer.refused == 1)
        #expect(try await home.scriptSnapshot() == after)
        #expect(try await home.leftovers() == [])
    }

    @Test(
        .fault(.F48, "the next scheduler kills what runs, and refuses what has succeeded since", by: .real),
        arguments: [true, false])
    func `F48 a task that is marked failed while no scheduler runs has failed for the next`(
        endsItself: Bool
    ) async throws {
        let home = try FaultHome(
            ScriptDAG.declaration("echo $$ >begun; while [ ! -e go ]; do sleep 0.05; done; echo >through"))
        _ = try await home.dagctl("dags", "trigger", "script")
        let first = try home.startScheduler()
        let task = try #require(ProcessIdentity.of(Int32(try await home.words(in: "begun")[0]) ?? 0))
        let run = try #require(try await home.script()?.run.key)
        first.send(SIGKILL)
        _ = try await first.wait()

        let mark = try await home.markFailed(run)
        if endsItself {
            try FileSystem.write([], to: "\(home.path)/go")
            #expect(try await holds { try home.keptOutcomes() == 1 })
        }
        let second = try home.startScheduler()

        let ended = try await home.scriptEnds()
        second.send(SIGTERM)
        #expect(try await home.end(of: second)?.isSuccess == true)
        #expect(mark.status == 0, "\(mark)")
        #expect(!task.isAlive)
        #expect(FileSystem.exists("\(home.path)/through") == endsItself)
        #expect(ended?.state == .failed)
        #expect(ended?.reason?.hasPrefix("marked failed by ") == true)
        #expect(try await home.scriptEvents().suffix(3) == [.running, .endRequested, .failed])
        #expect(try home.keptOutcomes() == 0)
        #expect(try await home.leftovers() == [])
    }
}

extension FaultHome {
    /// Marks the script's task as failed, as a user does.
    fileprivate func markFailed(_ run: RunKey) async throws -> Finished {
        try await dagctl("tasks", "mark", "script", "only", run.runID.rawValue, "failed")
    }

    /// The script's run with its one instance.
    fileprivate func scriptSnapshot() async throws -> RunSnapshot? {
        try await withStore { store in
            guard let run = try await store.runs(RunQuery(dagID: ScriptDAG.id)).first else { return nil }
            return try await store.snapshot(of: run.key)
        }
    }

    /// How many outcomes supervisors keep in files.
    fileprivate func keptOutcomes() throws -> Int {
        try FileSystem.names(in: "\(path)/attempts").count { $0.hasSuffix(".outcome") }
    }

    /// Reports the success of the attempt that ran in `snapshot`: once as a scheduler that has heard of nothing since, once
    /// as one that knows the run as it is.
    ///
    /// - Returns: The runs that the store refused to write, and how many outcomes the run's machine refused.
    fileprivate func reportSuccess(
        asOf snapshot: RunSnapshot
    ) async throws -> (conflicts: Set<RunKey>, refused: Int) {
        let spec = try spec(ScriptDAG.id)
        let now = Date().roundedToMicroseconds
        let only = snapshot.instances[0]
        let outcome = AttemptOutcome(
            attemptID: only.attemptID ?? AttemptID(rawValue: 0), key: only.key, tryNumber: only.tryNumber,
            verdict: .success(nil), startedAt: only.startDate ?? now, endedAt: now)
        return try await withStore { store in
            var late = RunMachine(snapshot, of: spec, at: now)
            _ = late.advance(.finished(outcome), at: now)
            guard let batch = late.takeBatch(), let current = try await store.snapshot(of: snapshot.run.key)
            else { return ([], 0) }
            let answer = try await store.commit([batch], durability: .full)
            var knowing = RunMachine(current, of: spec, at: now)
            _ = knowing.advance(.finished(outcome), at: now)
            return (answer.conflicts, knowing.takeBatch() == nil ? knowing.staleOutcomes : 0)
        }
    }
}
