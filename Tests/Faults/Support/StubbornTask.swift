import DagKitCore
import DagKitStore
import DagKitSystem
import Testing

extension ScriptDAG {
    /// A task of two processes that do not end when they are asked to, and write down that they were asked and live on.
    static func stubborn(after first: String = ":") -> String {
        """
        trap 'echo asked >>got' TERM
        sh -c 'trap "" TERM; echo $$ >child; while :; do sleep 0.1; done' &
        while [ ! -s child ]; do sleep 0.01; done
        echo $$ >begun
        \(first)
        while :; do sleep 0.1; [ ! -e got ] || echo alive >>got; done
        """
    }
}

extension FaultHome {
    /// The two processes of a stubborn task.
    func stubbornProcesses() async throws -> [ProcessIdentity] {
        let ids = try await words(in: "begun") + words(in: "child")
        return ids.compactMap { Int32($0) }.compactMap(ProcessIdentity.of)
    }

    /// Expects that a stubborn task was asked to end, and had the time to go on for a while before it was killed.
    func expectGrace() async throws {
        let words = try await words(in: "got")
        #expect(words.first == "asked")
        // Ten turns of its loop.
        #expect(words.count { $0 == "alive" } >= 10)
    }

    /// Runs a stubborn task that has a timeout, and expects that it is asked to end, killed after the grace, and failed then.
    func expectTimeoutOfStubbornTask() async throws {
        _ = try await dagctl("dags", "trigger", "script")
        let scheduler = try startScheduler("--once")
        let processes = try await stubbornProcesses()
        let survivors = try await survivors(of: processes, at: .failed)

        #expect(try await end(of: scheduler)?.isSuccess == true)
        #expect(processes.count == 2)
        #expect(survivors == [])
        let only = try await script()?.only
        #expect(only?.state == .failed)
        #expect(only?.reason?.contains("longer than its timeout") == true)
        try await expectGrace()
        #expect(try await leftovers() == [])
    }

    /// Waits until an event of the script's task is stored, and gives those of its processes that live then.
    ///
    /// - Returns: `nil` if the event does not come. An empty answer says that they were dead when it was stored, if they do
    ///   not end when they are asked to: they would live for as long as the grace is.
    func survivors(
        of processes: [ProcessIdentity], at kind: RunEvent.Kind
    ) async throws -> [ProcessIdentity]? {
        try await withStore { store in
            let hasCome = try await holds {
                guard let run = try await store.runs(RunQuery(dagID: ScriptDAG.id)).first else {
                    return false
                }
                return try await store.events(of: run.key).contains { $0.kind == kind }
            }
            return hasCome ? processes.filter(\.isAlive) : nil
        }
    }

    /// The kinds of the stored events of the script's task, in order.
    func scriptEvents() async throws -> [RunEvent.Kind] {
        try await withStore { store in
            guard let run = try await store.runs(RunQuery(dagID: ScriptDAG.id)).first else { return [] }
            return try await store.events(of: run.key).filter { $0.task != nil }.map(\.kind)
        }
    }
}
