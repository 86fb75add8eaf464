import DagKitCore
import DagKitRuntime
import DagKitSystem
import DagKitTesting
import FoundationEssentials
import Testing

@Suite(.serialized) struct ClockChangeTests {
    @Test(
        .fault(
            .F24, "a wall clock time that is skipped runs once, one that comes twice runs once",
            by: .standIn("the injected clock on the scheduler's loop, over both changes in Paris")))
    func `F24 a nightly run happens once over each change of the clock`() async throws {
        let spring = try await nights(from: "2026-03-27T12:00:00Z", count: 4)
        let autumn = try await nights(from: "2026-10-23T12:00:00Z", count: 4)

        // 02:30 in Paris: +01:00 in winter, +02:00 in summer; skipped on 29 March, and there twice on 25 October.
        #expect(
            spring == [
                try Date("2026-03-27T01:30:00Z"), try Date("2026-03-28T01:30:00Z"),
                try Date("2026-03-29T01:30:00Z"), try Date("2026-03-30T00:30:00Z"),
            ])
        #expect(
            autumn == [
                try Date("2026-10-23T00:30:00Z"), try Date("2026-10-24T00:30:00Z"),
                try Date("2026-10-25T01:30:00Z"), try Date("2026-10-26T01:30:00Z"),
            ])
    }

    /// The starts of the data intervals of the runs that some days bring.
    private func nights(from start: String, count: Int) async throws -> [Date] {
        let bench = try ClockBench(Nightly(), at: Date(start))
        try await bench.run { () async throws in
            for night in 1...count {
                #expect(try await bench.succeeded(night))
                if night < count { bench.clock.advance(by: 86_400) }
            }
        }
        return try await bench.store.runs(RunQuery(dagID: "nightly")).compactMap { $0.dataInterval?.end }
            .sorted()
    }

    @Test(
        .fault(
            .F24, "the next runs follow the new rules, each interval once",
            by: .standIn("the scheduler is given the DAG with other rules for its zone")))
    func `F24 new time zone data holds from the next run on`() async throws {
        let utc = try DAGSpec(Nightly(zone: "UTC"), zones: Self.zones("UTC"))
        let bench = try ClockBench(Nightly(), at: Date("2026-06-01T12:00:00Z"))

        try await bench.run { () async throws in
            #expect(try await bench.succeeded(1))
            bench.scheduler.replace(
                with: Deployment(bundle: "faults", specs: [utc], arePausedAtCreation: false))
            // By the new rules half past two of this day is later than by the old ones: it has not run yet.
            #expect(try await bench.succeeded(2))
            bench.clock.set(to: try Date("2026-06-02T02:30:01Z"))
            #expect(try await bench.succeeded(3))
        }

        let ends = try await bench.store.runs(RunQuery(dagID: "nightly")).compactMap { $0.dataInterval?.end }
        let expected = [
            try Date("2026-06-01T00:30:00Z"), try Date("2026-06-01T02:30:00Z"),
            try Date("2026-06-02T02:30:00Z"),
        ]
        #expect(ends.sorted() == expected)
    }

    @Test(.fault(.F24, "`dagctl info` shows which time zone data is used", by: .real))
    func `F24 the version of the time zone data is shown`() async throws {
        let home = try FaultHome()

        let info = try await home.dagctl("info", "-o", "json")

        let version = try #require(ZoneInfo.system().version)
        #expect(info.output.contains("\"\(version)\""), "\(info)")
    }

    private static func zones(_ name: String) -> TimeZones {
        TimeZones(loading: [name], from: ZoneInfo.system())
    }
}

/// A DAG that runs at half past two, in Paris unless told otherwise.
private struct Nightly: DAG {
    var configuration: DAGConfiguration

    init(zone: String = "Europe/Paris") {
        configuration = DAGConfiguration(
            "nightly", schedule: .cron("30 2 * * *", timeZone: zone), startDate: "2026-01-01",
            catchup: .latest)
    }

    func build(_ dag: inout DAGBuilder) { dag.empty("only") }
}
