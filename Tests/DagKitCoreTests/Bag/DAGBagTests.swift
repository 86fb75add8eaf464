import DagKitCore
import FoundationEssentials
import Testing

@Suite struct DAGBagTests {
    @Test func `an entry without tasks changes the compiled dag of its id`() throws {
        let bag = Self.bag(
            """
            {"dags": {"nightly": {"paused": false, "schedule": "15 4 * * *", "max_active_runs": 1,
              "params": {"limit": 5}, "defaults": {"retries": 3, "retry_delay": "2m", "email_on_failure": ["a@example.org"]}}}}
            """)

        let spec = try #require(bag.specs.first)
        #expect(bag.isSound)
        #expect(spec.configuration.isPausedAtCreation == false)
        #expect(spec.configuration.schedule == .cron("15 4 * * *"))
        #expect(spec.configuration.params == ["limit": 5, "mode": "full"])
        #expect(spec.configuration.defaults.emailOnFailure == ["a@example.org"])
        #expect(spec.tasks.map(\.retries) == [3, 7])
        #expect(spec.tasks[0].retryPolicy.delay == .minutes(2))
    }

    @Test func `an entry with tasks declares a dag that goes through the same validator`() throws {
        let bag = Self.bag(
            """
            {"dags": {"house": {"schedule": null, "tasks": [
              {"id": "a", "operator": "say", "text": "hello"},
              {"id": "b", "operator": "say", "text": "bye", "after": ["a"], "trigger_rule": "all_done"}]}}}
            """)

        let spec = try #require(bag.specs.first { $0.id == "house" })
        #expect(spec.tasks.map(\.id) == ["a", "b"])
        #expect(spec.tasks[1].triggerRule == .allDone)
        #expect(spec.tasks[0].operatorName == "say")
    }

    @Test(arguments: [
        (
            #"{"dags": {"nightly": {"pausd": false}}}"#,
            #"dags.json:1:23: error: key "pausd" is not known here; did you mean "paused"?"#
        ),
        (
            #"{"dags": {"nighly": {}}}"#,
            #"dags.json:1:11: error: dag "nighly" is not compiled into this executable and has no tasks; did you mean "nightly"?"#
        ),
        (
            #"{"dags": {"nightly": {"max_active_runs": "two"}}}"#,
            #"dags.json:1:42: error: /dags/nightly/max_active_runs is "two", not a whole number; write a whole number"#
        ),
        (
            #"{"dags": {"h": {"tasks": [{"id": "a", "operator": "sya", "text": "x"}]}}}"#,
            #"dags.json:1:51: error: operator "sya" does not exist; did you mean "say"?"#
        ),
        (
            #"{"dags": {"h": {"tasks": [{"id": "a", "operator": "say"}]}}}"#,
            #"dags.json:1:27: error: a task of operator "say" needs "text"; add "text""#
        ),
        (
            #"{"dags": {"h": {"tasks": [{"id": "a", "operator": "say", "text": "x\u0000y"}]}}}"#,
            #"dags.json:1:27: error: "text" holds a NUL character (\u0000); take it out: the text would end there"#
        ),
        (
            #"{"dags": {"h": {"callbacks": [{"on": "sucess", "say": 1}], "tasks": []}}}"#,
            #"dags.json:1:38: error: a callback is called on "sucess"; did you mean "success"?"#
        ),
        (
            #"{"dags": {"h": {"callbacks": [{"on": "retry", "say": 1}], "tasks": []}}}"#,
            #"dags.json:1:38: error: a callback is called on "retry"; use success, failure"#
        ),
        (
            #"{"dags": {"nightly": {"defaults": {"callbacks": [{"say": 1}]}}}}"#,
            #"dags.json:1:50: error: a callback does not say when it is called; add "on""#
        ),
        (
            #"{"dags": {"h": {"tasks": [{"id": "a", "operator": "say", "text": "x", "callbacks": [{"on": "retry"}]}]}}}"#,
            #"dags.json:1:85: error: the callback names nobody who is told; add one of say"#
        ),
        (
            #"{"dags": {"h": {"tasks": [{"id": "a", "operator": "say", "text": "x", "after": ["b"]}]}}}"#,
            #"dags.json:1:27: error: task "a" names an upstream task "b" that does not exist; did you mean "a"?"#
        ),
        (
            #"{"dags": {"h": {"tasks": [{"id": "a", "operator": "say", "text": "x", "password": "hunter22"}]}}}"#,
            #"dags.json:1:71: error: key "password" is not known here"#
        ),
        (
            #"{"dags": {"h": {"schedule": "61 * * * *", "start_date": "2026-01-01", "tasks": [{"id": "a", "operator": "say", "text": "x"}]}}}"#,
            #"dags.json:1: error: cron "61 * * * *" has "61" for the minute, which goes from 0 to 59"#
        ),
        (
            #"{"dags": {"h": {"schedule": "@daily", "tasks": [{"id": "a", "operator": "say", "text": "x"}]}}}"#,
            #"dags.json:1: error: dag "h" has a schedule and no start date"#
        ),
        (
            #"{"settings": {"crypto": {"api_key": "abcdef123456"}}}"#,
            #"dags.json:1:37: error: setting crypto.api_key holds a secret in clear text; write env:NAME"#
        ),
        (
            #"{"dags": {"nightly": {"params": {"password": "hunter2"}}}}"#,
            #"dags.json:1:46: error: "password" holds a secret in clear text; let the task read a connection or a variable"#
        ),
        (
            #"{"dags": {"nightly": {"params": {"password": "env:PASSWORD"}}}}"#,
            #"dags.json:1:46: error: "password" holds a secret in clear text"#
        ),
        (
            #"{"dags": {"h": {"tasks": [{"id": "a", "operator": "say", "text": {"token": "env:TOKEN"}}]}}}"#,
            #"dags.json:1:76: error: "token" holds a secret in clear text; write {{ conn.ID.password }} or {{ var.value.KEY }}"#
        ),
        (
            #"{"dags": {"nightly": {"params": {"tokens": [12345678]}}}}"#,
            #"dags.json:1:45: error: "tokens" holds a secret in clear text"#
        ),
        (
            #"{"dags": {"h": {"tasks": [{"id": "a", "operator": "say", "text": "x", "retries": 9223372036854775807}]}}}"#,
            #"dags.json:1:27: error: task "a" has "9223372036854775807" retries; write 1000000 at most"#
        ),
        (
            #"{"dags": {"h": {"tasks": [{"id": "a", "operator": "say", "text": "x", "retries": -1}]}}}"#,
            #"dags.json:1:27: error: task "a" has "-1" retries, below zero; write 0 for none"#
        ),
        (#"{"dags": {}"#, "dags.json:1:12: error: "),
    ])
    func `what is wrong is told with its place and a remedy`(text: String, message: String) {
        let bag = Self.bag(text)
        let lines = (bag.fileProblems + bag.problems.values.flatMap { $0 }).map(\.description)

        #expect(lines.contains { $0.hasPrefix(message) }, "\(lines)")
    }

    @Test(arguments: ["9223372036854775807", "1000001", "-1"])
    func `a default of retries out of range is refused`(retries: String) {
        let bag = Self.bag(#"{"dags": {"nightly": {"defaults": {"retries": \#(retries)}}}}"#)

        #expect(
            bag.problems["nightly"]?.contains {
                $0.problem.hasPrefix(#"the default of tasks is "\#(retries)" retries"#)
            } == true)
    }

    @Test(arguments: [
        "9223372036854775807", "1e300", #""9223372036854775807s""#, #""9223372036854775807m""#,
        #""9223372036854775807d""#,
    ])
    func `a span beyond all bounds is as long as one can be`(span: String) throws {
        let bag = Self.bag(
            #"{"dags": {"nightly": {"dagrun_timeout": \#(span), "defaults": {"retry_delay": \#(span)}}}}"#)

        let policy = try #require(bag.specs.first).tasks[0].retryPolicy
        #expect(policy.delay > .days(100_000_000))
        #expect(policy.delay < .seconds(9_000_000_000_001))
    }

    @Test func `a cycle is printed as a path`() {
        let bag = Self.bag(
            """
            {"dags": {"h": {"tasks": [
              {"id": "a", "operator": "say", "text": "x", "after": ["c"]},
              {"id": "b", "operator": "say", "text": "x", "after": ["a"]},
              {"id": "c", "operator": "say", "text": "x", "after": ["b"]}]}}}
            """)

        #expect(bag.problems["h"]?.map(\.problem) == ["the tasks form a cycle: b -> c -> a -> b"])
    }

    @Test func `a dag that is compiled and declared is refused, and both places are named`() {
        let bag = Self.bag(
            #"{"dags": {"nightly": {"tasks": [{"id": "a", "operator": "say", "text": "x"}]}}}"#)

        #expect(bag.specs.isEmpty)
        #expect(
            bag.problems["nightly"]?.first?.description.contains(
                "is already used at DagKitCoreTests/DAGBagTests.swift") == true)
    }

    @Test func `a dag whose build is not deterministic is refused`() {
        let bag = DAGBag(compiled: [Fickle()])

        #expect(
            bag.problems["fickle"]?.first?.problem == #"build of dag "fickle" declares other tasks each time"#
        )
    }

    @Test func `a broken file leaves the last good version in force`() throws {
        let good = Self.bag(#"{"dags": {"nightly": {"defaults": {"retries": 3}}}}"#)

        let broken = Self.bag(#"{"dags": {"nightly": {"defaults": {"retries": "many"}}}}"#).keeping(good)
        let unreadable = Self.bag(#"{"dags": "#).keeping(good)

        #expect(broken.specs.first?.tasks[0].retries == 3)
        #expect(unreadable.specs.first?.tasks[0].retries == 3)
        #expect(!broken.isSound)
    }

    @Test func `import errors name their file, and a sound source clears what it reported`() {
        let bag = Self.bag(#"{"dags": {"nightly": {"pausd": false}}}"#)

        let errors = bag.importErrors(bundle: "app", at: .noon)

        #expect(errors["app"] == [])
        #expect(errors["dags.json"]?.map(\.file) == ["dags.json"])
        #expect(errors["dags.json"]?.first?.text.hasPrefix("dags.json:1:23: error:") == true)
    }

    @Test func `a secret that a task reads where it is kept is no secret of the file`() {
        let bag = Self.bag(
            #"{"settings": {"smtp": {"smtp_password": "env:MAIL"}}, "dags": {"h": {"tasks": [{"id": "a", "operator": "say", "text": {"token": "{{ var.value.token }}"}}]}}}"#
        )

        #expect(bag.fileProblems == [])
        #expect(bag.problems["h"]?.contains { $0.problem.contains("secret") } == false)
    }

    @Test func `a schedule that names no zone is in the default one`() throws {
        let bag = DAGBag(
            compiled: [Nightly()], zones: TimeZones([try Fixture.zone("Europe/Paris")]),
            defaultTimeZone: "Europe/Paris")

        #expect(bag.specs.first?.configuration.schedule == .cron("@daily", timeZone: "Europe/Paris"))
    }

    @Test func `a deployment's defaults hold where neither the author nor the file has said anything`() throws
    {
        let defaults = DeploymentDefaults(
            catchup: .all, maxActiveRuns: 2, maxActiveTasks: 3, maxMapLength: 4)
        let text =
            #"{"dags": {"nightly": {"max_active_tasks": 7}, "plain": {"max_map_length": 9, "tasks": [{"id": "a", "operator": "say", "text": "x"}]}}}"#
        let file = DAGsFile(parsing: text, file: "dags.json", registry: .saying)

        let bag = DAGBag(compiled: [Nightly(), Outspoken()], file: file, defaults: defaults)

        let found = bag.specs.map { spec in
            let said = spec.configuration
            return
                "\(spec.id) \(spec.schedule.bounds.catchup) \(said.maxActiveRuns) \(said.maxActiveTasks) \(said.maxMapLength)"
        }
        #expect(found == ["nightly all 2 7 4", "outspoken latest 16 16 1024", "plain all 2 3 9"])
    }

    @Test func `settings are read by section and key`() {
        let bag = Self.bag(
            #"{"settings": {"crypto": {"retention_days": 35, "source": "generated:1", "recipients": ["a", "b"]}}}"#
        )

        #expect(
            bag.settings == [
                "crypto.retention_days": "35", "crypto.source": "generated:1", "crypto.recipients": "a,b",
            ])
    }

    private static func bag(_ text: String) -> DAGBag {
        DAGBag(compiled: [Nightly()], file: DAGsFile(parsing: text, file: "dags.json", registry: .saying))
    }
}

private struct Nightly: DAG {
    var configuration = DAGConfiguration(
        "nightly", schedule: .daily, startDate: "2026-01-01", params: ["limit": 1, "mode": "full"],
        defaults: TaskDefaults(retries: 1))

    func build(_ dag: inout DAGBuilder) {
        let first = dag.task("first") { _ in 1 }
        dag.task("second", after: first, options: TaskOptions(retries: 7)) { _ in 2 }
    }
}

/// Says what is the default anyway.
private struct Outspoken: DAG {
    var configuration = DAGConfiguration(
        "outspoken", catchup: .latest, maxActiveRuns: 16, maxActiveTasks: 16, maxMapLength: 1024)

    func build(_ dag: inout DAGBuilder) { dag.empty("nothing") }
}

private struct Fickle: DAG {
    var configuration = DAGConfiguration("fickle")

    func build(_ dag: inout DAGBuilder) {
        dag.empty(TaskID("t\(Int.random(in: 0..<1_000_000_000))"))
    }
}
