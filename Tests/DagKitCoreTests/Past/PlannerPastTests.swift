import DagKitCore
import FoundationEssentials
import Testing

@Suite struct PlannerPastTests {
    private static let depends = TaskOptions(dependsOnPast: true)

    @Test func `the first run waits for nothing, the next one for it, and says so`() async throws {
        var bench = try await RowBench(.row(Self.depends))
        try await bench.trigger(1)
        try await bench.trigger(2)
        #expect(bench.running == ["day1/load"])
        let waiting = try await bench.instance(2, "load")
        #expect(waiting?.state == nil)
        #expect(waiting?.reason == "waits for the run before: task load has not succeeded in day1")
        #expect(try await bench.run(2)?.state == .running)

        try await bench.end("day1/load")

        #expect(bench.running == ["day1/check", "day1/count", "day2/load"])
        #expect(bench.queries == 2, "the store says once which run is the one before")
    }

    @Test func `what waits is written once, whatever else ends in the run before`() async throws {
        var bench = try await RowBench(
            .row(TaskOptions(retries: 3, retryDelay: .zero, dependsOnPast: true)))
        try await bench.trigger(1)
        try await bench.trigger(2)
        try await bench.end("day1/load", .failed(reason: "exit 1", isRetryable: true, retryDelay: nil))

        let events = try await bench.store.events(of: RunKey("row", "day2"))

        #expect(events.map(\.kind) == [.runCreated, .runStarted, .waiting])
    }

    @Test func `skipped counts as success`() async throws {
        var bench = try await RowBench(.row(Self.depends))
        try await bench.trigger(1)
        try await bench.trigger(2)

        try await bench.end("day1/load", .skipped(reason: "nothing new"))

        #expect(bench.running == ["day2/load"])
    }

    @Test func `after a failure the next run waits until somebody mends the one before`() async throws {
        var bench = try await RowBench(.row(Self.depends))
        try await bench.trigger(1)
        try await bench.fail("day1/load")
        try await bench.trigger(2)
        #expect(try await bench.run(1)?.state == .failed)
        #expect(bench.running == [])
        #expect(
            try await bench.reason(2, "load")
                == "waits for the run before: task load has not succeeded in day1")

        try await bench.change(1) { machine in
            .mark(TaskSelection(tasks: ["load"]).references(in: machine), .success, actor: "ada")
        }

        #expect(bench.running.contains("day2/load"))
    }

    @Test func `a task that waits for what is downstream of it waits for each of them`() async throws {
        var bench = try await RowBench(.row(TaskOptions(waitsForDownstream: true)))
        try await bench.trigger(1)
        try await bench.trigger(2)
        try await bench.end("day1/load")
        #expect(bench.running == ["day1/check", "day1/count"])
        #expect(
            try await bench.reason(2, "load")
                == "waits for the run before: task check has not succeeded in day1")

        try await bench.end("day1/check")
        #expect(bench.running == ["day1/count"])
        #expect(
            try await bench.reason(2, "load")
                == "waits for the run before: task count has not succeeded in day1")
        try await bench.end("day1/count")

        #expect(bench.running == ["day2/load"])
    }

    @Test func `a clear of the run before holds what has not begun, and lets it go in the end`() async throws
    {
        var bench = try await RowBench(
            .row(TaskOptions(retries: 1, retryDelay: .zero, dependsOnPast: true)))
        try await bench.trigger(1)
        for task in ["load", "check", "count"] { try await bench.end("day1/\(task)") }
        try await bench.resize(to: 0)
        try await bench.trigger(2)
        #expect(try await bench.instance(2, "load")?.state == .scheduled)

        try await bench.change(1) { machine in
            .clear(TaskSelection(tasks: ["load"]).references(in: machine), actor: "ada")
        }
        try await bench.resize(to: 9)

        #expect(bench.running == ["day1/load"])
        #expect(
            try await bench.reason(2, "load")
                == "waits for the run before: task load has not succeeded in day1")
        try await bench.end("day1/load")
        #expect(bench.running == ["day2/load"])
    }

    @Test func `a retry waits too, and keeps the failure beside the reason`() async throws {
        var bench = try await RowBench(
            .row(TaskOptions(retries: 1, retryDelay: .zero, dependsOnPast: true)))
        try await bench.trigger(1)
        for task in ["load", "check", "count"] { try await bench.end("day1/\(task)") }
        try await bench.trigger(2)
        try await bench.change(1) { machine in
            .clear(TaskSelection(tasks: ["load"]).references(in: machine), actor: "ada")
        }
        try await bench.end("day2/load", .failed(reason: "exit 1", isRetryable: true, retryDelay: nil))
        try await bench.settle()
        let waiting = try await bench.instance(2, "load")
        #expect(waiting?.state == .upForRetry)
        #expect(waiting?.reason == "exit 1; waits for the run before: task load has not succeeded in day1")

        try await bench.end("day1/load")

        #expect(bench.running == ["day2/load"])
        #expect(try await bench.instance(2, "load")?.tryNumber == 2)
    }

    @Test func `a run that comes in between becomes the one before`() async throws {
        var bench = try await RowBench(.row(Self.depends))
        try await bench.trigger(1)
        try await bench.trigger(3)
        try await bench.trigger(2)

        try await bench.end("day1/load")
        #expect(bench.running == ["day1/check", "day1/count", "day2/load"])
        #expect(
            try await bench.reason(3, "load")
                == "waits for the run before: task load has not succeeded in day2")
        try await bench.end("day2/load")

        #expect(bench.running.contains("day3/load"))
    }

    @Test func `where all missed runs are created, manual runs are no part of the row`() async throws {
        var bench = try await RowBench(.row(Self.depends, catchup: .all))
        try await bench.trigger(1, type: .scheduled)
        try await bench.end("day1/load")
        try await bench.trigger(2)
        try await bench.fail("day2/load")

        try await bench.trigger(3, type: .scheduled)

        #expect(bench.running.contains("day3/load"))
    }

    @Test func `a run before the start date of the dag is no part of the row`() async throws {
        let start = InstantLiteral(.noon + 2 * 86400)
        var bench = try await RowBench(.row(Self.depends, catchup: .all, startDate: start))
        try await bench.trigger(1, type: .scheduled)
        try await bench.fail("day1/load")

        try await bench.trigger(3, type: .scheduled)

        #expect(bench.running == ["day3/load"])
    }

    @Test(arguments: [(true, ["day2/load"]), (false, [])])
    func `a task that no run had before waits only if it does not ignore that`(
        ignoresFirst: Bool, running: [String]
    ) async throws {
        let options = TaskOptions(dependsOnPast: true, ignoresFirstDependsOnPast: ignoresFirst)
        var old = try await RowBench(.fixture("row", tasks: [FixtureTask(id: "other", upstream: [])]))
        try await old.trigger(1)
        try await old.end("day1/other")
        var bench = try await RowBench(.row(options), old.store)

        try await bench.trigger(2)

        #expect(bench.running == running)
        if running == [] {
            #expect(
                try await bench.reason(2, "load") == "waits for the run before: task load is no part of day1")
        }
    }

    @Test func `a scheduler that begins anew asks again, and holds what was scheduled`() async throws {
        var bench = try await RowBench(.row(Self.depends))
        try await bench.trigger(1)
        try await bench.trigger(2)
        try await bench.restart()
        #expect(bench.running == ["day1/load"])

        try await bench.end("day1/load")
        try await bench.restart()

        #expect(bench.running == ["day1/check", "day1/count", "day2/load"])
    }

    @Test func `the events of a run that waited fold to its state`() async throws {
        var bench = try await RowBench(.row(TaskOptions(waitsForDownstream: true)))
        try await bench.trigger(1)
        try await bench.trigger(2)
        try await bench.end("day1/load")
        let key = RunKey("row", "day2")

        let folded = RunSnapshot(folding: try await bench.store.events(of: key), of: bench.spec)

        let stored = try #require(try await bench.store.snapshot(of: key))
        #expect(folded?.instances == stored.instances)
    }
}
