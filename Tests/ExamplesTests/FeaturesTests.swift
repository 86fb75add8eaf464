import DagKitSystem
import FoundationEssentials
import Testing

/// Builds the package of features and runs its DAGs.
@Suite(.serialized) struct FeaturesTests {
    /// A DAG of the package, how it is run, and what is seen.
    struct Feature: CustomTestStringConvertible, Sendable {
        let dag: String
        var conf = "{}"
        var status: Int32 = 0
        let shows: [String]

        var testDescription: String { "\(dag) \(conf)" }
    }

    @Test(arguments: [
        Feature(
            dag: "branching", shows: ["load_at_once succeeded", "load_in_parts skipped", "loaded 10 rows"]),
        Feature(
            dag: "branching", conf: #"{"rows": 5000}"#,
            shows: ["load_at_once skipped", "load_in_parts succeeded"]),
        Feature(dag: "branching", conf: #"{"rows": 0}"#, shows: ["choose_size skipped", "report skipped"]),
        Feature(dag: "teardown", shows: ["works on scratch_", "dropped scratch_"]),
        Feature(
            dag: "teardown", conf: #"{"fails": true}"#, status: 1, shows: ["work failed", "dropped scratch_"]),
        Feature(
            dag: "mapping", shows: ["longest is 30", "chart of ETH per week", "btc: 3.0, eth: 3.0"]),
        Feature(dag: "outputs", shows: ["200000 of 200000 rows in"]),
        Feature(dag: "params", conf: #"{"limit": 7}"#, shows: ["loads 7 rows, full"]),
        Feature(
            dag: "params", conf: #"{"limit": 7000, "mode": "quik"}"#, status: 2,
            shows: [
                #"param "limit" is 7000, above 1000; write at most 1000"#,
                #"param "mode" is "quik"; did you mean "quick"?"#,
            ]),
        // Nothing has registered the DAG that it follows.
        Feature(dag: "closing", status: 1, shows: ["booked failed (dag ledger does not exist"]),
        Feature(dag: "limits", shows: ["60 from 3 parts"]),
        Feature(
            dag: "skipping", shows: ["count up_for_retry", "load skipped (there are no rows)", "published"]),
        Feature(dag: "skipping", conf: #"{"rows": -1}"#, status: 1, shows: ["load failed (-1 rows"]),
        Feature(dag: "failures", shows: ["fetched at try 3", "load succeeded"]),
        Feature(
            dag: "failures", conf: #"{"status": 404}"#, status: 1,
            shows: ["fetch failed (status 404", "load skipped (fail_fast: task fetch failed)"]),
        Feature(dag: "assets", shows: ["loaded 12 rows"]),
        Feature(dag: "asset_report", shows: ["tell succeeded"]),
        Feature(
            dag: "asset_waiter",
            shows: [
                "fresh deferred (waits for an update of asset s3://market/prices since ",
                "fresh skipped (soft fail: waited in vain for 1.0 seconds: waits for an update",
            ]),
        Feature(
            dag: "ledger", shows: ["open succeeded", "booking.income succeeded", "costs: the day of 20"]),
        Feature(
            dag: "waiting",
            shows: [
                "soon succeeded", "look up_for_reschedule (look 2 of 3)", "it was the third look",
                "bonus skipped (soft fail: waited in vain for 0.0 seconds: there is no file /no/bonus/today)",
            ]),
        Feature(dag: "groups", shows: ["checks.order.lowest succeeded", "end succeeded"]),
    ])
    func `the example of a feature does what it says`(feature: Feature) async throws {
        let run = try await Self.features(["dags", "test", feature.dag, "--conf", feature.conf])

        #expect(run.status == feature.status, "\(run.output)")
        for text in feature.shows { #expect(run.output.contains(text), "\(text) is not in:\n\(run.output)") }
    }

    @Test func `groups and labels are part of the graph that is shown`() async throws {
        let dot = try await Self.features(["dags", "show", "groups", "--format", "dot"])
        let lines = try await Self.features(["dags", "show", "branching", "--format", "lines"])

        #expect(dot.output.contains(#""load" -> "checks.not_empty" [label="rows"]"#), "\(dot.output)")
        #expect(dot.output.contains(#"subgraph "cluster_checks.order""#), "\(dot.output)")
        #expect(lines.output.contains("load_in_parts [choose_size: large]"), "\(lines.output)")
    }

    @Test func `a backfill lists the days that it would make runs for`() async throws {
        let plan = try await Self.features([
            "backfill", "create", "ledger", "--from-date", "2025-12-30", "--to-date", "2026-01-02",
            "--dry-run",
        ])

        #expect(plan.status == 0)
        for day in ["2025-12-30", "2025-12-31", "2026-01-01", "2026-01-02"] {
            #expect(plan.output.contains("\(day)T00:00:00+00:00"), "\(plan.output)")
        }
    }

    @Test(arguments: [
        ("daily_in_paris", ["2026-03-27T23:00:00", "2026-03-28T23:00:00", "2026-03-29T22:00:00"]),
        ("at_the_open", ["2026-03-27T13:30:00", "2026-03-30T13:30:00"]),
        ("twice_a_week", ["2026-03-27T17:00:00", "2026-03-30T09:00:00"]),
        ("every_ninety_minutes", ["2026-03-28T00:00:00", "2026-03-28T01:30:00"]),
        ("month_by_month", ["2026-02-01T00:00:00", "2026-03-01T00:00:00"]),
        ("fixings", ["2026-03-20T12:00:00"]),
    ])
    func `a schedule of each kind names its dates`(dag: String, dates: [String]) async throws {
        let plan = try await Self.features([
            "backfill", "create", dag, "--from-date", "2026-02-01", "--to-date", "2026-03-31", "--dry-run",
        ])

        #expect(plan.status == 0, "\(plan.output)")
        for date in dates { #expect(plan.output.contains("\(date)+00:00"), "\(plan.output)") }
    }

    @Test func `what limits a dag is shown`() async throws {
        let details = try await Self.features(["dags", "details", "limits", "-o", "json"])

        for text in [#""max_active_runs": 2"#, #""max_active_tasks": 4"#] {
            #expect(details.output.contains(text), "\(details.output)")
        }
    }

    @Test func `callbacks are told by a scheduler, in processes of their own`() async throws {
        let home = FileManager.default.temporaryDirectory.appending(path: "features-\(UUID().uuidString)")
            .path
        defer { try? FileSystem.removeTree(home) }

        let trigger = try await Self.features(
            ["--home", home, "dags", "trigger", "callbacks", "-r", "mine", "--unpause"])
        let run = try await Self.features(["--home", home, "scheduler", "--once"])

        #expect(trigger.status == 0, "\(trigger.output)")
        for text in [
            "praise of callbacks/mine/load: well done, load, at try 1", "heard: no rows; load some",
            "Bell of callbacks/mine: ding: run_failed of mine",
            "Bell of callbacks/mine: ding: deadline_missed of mine",
        ] {
            #expect(run.output.contains(text), "\(text) is not in:\n\(run.output)")
        }
    }

    @Test func `people write notes about runs, and a deployment sets what a dag leaves open`() async throws {
        let home = FileManager.default.temporaryDirectory.appending(path: "features-\(UUID().uuidString)")
            .path
        defer { try? FileSystem.removeTree(home) }

        let details = try await Self.features([
            "--home", home, "--set", "core.max_active_runs_per_dag=3", "dags", "details", "groups", "-o",
            "json",
        ])
        let trigger = try await Self.features(["--home", home, "dags", "trigger", "groups", "-r", "mine"])
        let write = try await Self.features(["--home", home, "dags", "note", "groups", "mine", "slow disk"])
        let read = try await Self.features(["--home", home, "dags", "note", "groups", "mine"])

        #expect(trigger.status == 0 && write.status == 0, "\(trigger.output) \(write.output)")
        #expect(read.output == "slow disk\n")
        #expect(details.output.contains(#""max_active_runs": 3"#), "\(details.output)")
    }

    @Test func `a year of a dag is simulated by the tests of the package`() async throws {
        let run = try await Checkout.run(
            [
                "swift", "test", "--package-path", Checkout.root + "/Examples/Features", "--scratch-path",
                Checkout.root + "/.build/features",
            ])

        #expect(run.status == 0, "\(run.output)")
        #expect(run.output.contains("4 tests in 2 suites passed"), "\(run.output)")
    }

    private static func features(_ arguments: [String]) async throws -> Checkout.Run {
        let built = try await Checkout.run(
            [
                "swift", "build", "--package-path", Checkout.root + "/Examples/Features", "--scratch-path",
                Checkout.root + "/.build/features",
            ])
        guard built.status == 0 else { return built }
        return try await Checkout.run([Checkout.root + "/.build/features/debug/features"] + arguments)
    }
}
