import DagKitCLI
import DagKitCore
import FoundationEssentials
import Testing

@Suite struct SessionTests {
    @Test func `a secret is read from the input and kept sealed from listings`() async throws {
        let session = Session()

        let set = await session.run("dagctl variables set key --secret", input: "hunter2hunter2\n")

        #expect(set.code == .success)
        #expect(
            try await session.store.variable("key")
                == Variable("key", value: "hunter2hunter2", isSecret: true))
        let list = await session.run("dagctl variables list --show-values -o json")
        #expect(!list.output.contains("hunter2"))
    }

    @Test func `a secret is asked for on a terminal without echo`() async throws {
        let session = Session()

        _ = await session.run(
            "dagctl variables set key --secret", inputIsTerminal: true, answers: ["typed-secret"])

        #expect(try await session.store.variable("key")?.value == "typed-secret")
    }

    @Test func `a password on the input becomes part of the connection`() async throws {
        let session = Session()

        _ = await session.run(
            "dagctl connections add pg --conn-type postgres --conn-login me --secret", input: "p w\r\n")

        #expect(try await session.store.connection("pg")?.password == "p w")
    }

    @Test(arguments: [("y", ExitCode.success), ("", .failure), ("no", .failure)])
    func `destruction is confirmed on a terminal`(answer: String, code: ExitCode) async throws {
        let session = Session()
        _ = await session.run("dagctl dags unpause greeting")

        let result = await session.run(
            "dagctl dags delete greeting", terminals: [.error], inputIsTerminal: true, answers: [answer])

        #expect(result.code == code)
        #expect((try await session.store.dag("greeting") == nil) == (code == .success))
    }

    @Test func `what a user named scheduler does is not taken for a scheduler's own`() async throws {
        let session = Session(user: "scheduler")

        _ = await session.run("dagctl dags trigger greeting -r mine")

        let events = try await session.store.events(of: RunKey("greeting", "mine"))
        #expect(events.map(\.actor) == ["scheduler (user)"])
    }

    @Test func `a dag whose attempt runs is not deleted`() async throws {
        let session = Session()
        _ = await session.run("dagctl dags trigger greeting -r mine")
        let run = RunKey("greeting", "mine")
        let snapshot = try #require(try await session.store.snapshot(of: run))
        var batch = RunBatch(run: snapshot.run, expectedRevision: snapshot.run.revision)
        var instance = snapshot.instances[0]
        instance.state = .running
        batch.instances = [instance]
        _ = try await session.store.commit([batch], durability: .full)

        let refused = await session.run("dagctl dags delete greeting --yes")

        #expect(refused.code == .conflict)
        #expect(refused.errors.contains("an attempt of dag \"greeting\" runs; wait for their end"))
        #expect(try await session.store.snapshot(of: run) != nil)
    }

    /// A scheduler of an older executable may work on the home.
    @Test func `a dag that the store does not know is registered alone`() async throws {
        let session = Session(dags: [Greeting(), Loading(), Reporting()])
        let old = try DAGRecord(DAGSpec(Loading()), bundle: "dagctl", isPaused: false)
        try await session.store.register([old], bundle: "dagctl", at: Date(microseconds: 0))

        let result = await session.run("dagctl dags trigger greeting")

        let dags = try await session.store.dags(includingInactive: false)
        #expect(result.code == .success)
        #expect(dags.map(\.id) == ["greeting", "loading"])
        #expect(dags.last?.lastRegistered == Date(microseconds: 0))
    }

    @Test func `a run is deleted once it has ended`() async throws {
        let session = Session()
        _ = await session.run("dagctl dags trigger greeting -r mine")
        let line = "dagctl runs delete mine --dag greeting --yes"

        let early = await session.run(line)
        _ = await session.run("dagctl dags mark greeting mine failed")
        let unsure = await session.run("dagctl runs delete mine --dag greeting")
        let deletion = await session.run(line)
        let again = await session.run(line)

        #expect(early.code == .conflict && early.errors.contains("dagctl dags mark greeting mine failed"))
        #expect(unsure.code == .usage)
        #expect(deletion.code == .success && deletion.errors == "run mine deleted (greeting)\n")
        #expect(again.code == .notFound)
        #expect(try await session.store.snapshot(of: RunKey("greeting", "mine")) == nil)
    }

    @Test func `two triggers in one microsecond make two runs`() async throws {
        let session = Session()

        _ = await session.run("dagctl dags trigger greeting")
        _ = await session.run("dagctl dags trigger greeting")

        let runs = try await session.store.runs(RunQuery(dagID: "greeting"))
        #expect(
            Set(runs.map(\.runID)) == [
                "manual__2026-01-02T03:04:05.678901+00:00", "manual__2026-01-02T03:04:05.678902+00:00",
            ])
    }

    @Test func `the scheduler is woken by what concerns it`() async {
        let session = Session()

        _ = await session.run("dagctl dags trigger greeting")
        _ = await session.run("dagctl dags pause greeting")
        _ = await session.run("dagctl dags list")

        #expect(session.knocks == 2)
    }

    @Test(arguments: [
        (["DAGKIT__CORE__MAX_ACTIVE_RUNS_PER_DAG": "3"], "", "max_active_runs", "3"),
        (["AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG": "4"], "", "max_active_tasks", "4"),
        ([:], #"{"settings": {"core": {"max_active_runs_per_dag": 5}}}"#, "max_active_runs", "5"),
        (
            ["DAGKIT__CORE__MAX_ACTIVE_RUNS_PER_DAG": "6"],
            #"{"settings": {"core": {"max_active_runs_per_dag": 5}}}"#, "max_active_runs", "6"
        ),
        ([:], "", "max_active_runs", "16"),
    ])
    func `a deployment sets the limits of dags that set none`(
        environment: [String: String], file: String, key: String, value: String
    ) async {
        let session = Session(
            environment: environment, files: file.isEmpty ? [:] : ["/srv/project/dags.json": file])

        let details = await session.run("dagctl dags details greeting -o json")

        #expect(details.output.contains("\"\(key)\": \(value)"), "\(details)")
    }

    @Test(arguments: [
        ("core.max_map_length=0", "from 1 to 1000000"),
        ("core.max_active_runs_per_dag=many", "from 1 to 10000"),
        ("scheduler.catchup_by_default=perhaps", "write true or false"),
        ("logging.logging_level=LOUD", "write one of DEBUG, INFO, WARNING, ERROR"),
    ])
    func `a limit that is none is refused`(setting: String, remedy: String) async {
        let result = await Session().run("dagctl dags test greeting --set \(setting)")

        #expect(result.code != .success)
        #expect(result.errors.contains(remedy), "\(result)")
    }

    @Test(arguments: [("INFO", true), ("WARNING", false)])
    func `a task's lines below the level of the deployment are left out`(level: String, isShown: Bool) async {
        let session = Session(environment: ["DAGKIT__LOGGING__LOGGING_LEVEL": level])

        let run = await session.run("dagctl dags test greeting")

        #expect(run.description.contains("looking for a name") == isShown, "\(run)")
    }

    @Test func `listing makes no database`() async {
        let session = Session(hasDatabase: false)

        _ = await session.run("dagctl dags list")
        let check = await session.run("dagctl db check")

        #expect(check.code == .unreachable)
    }

    @Test func `a home whose path is no text is refused`() async {
        let session = Session(environment: [
            "DAGKIT_HOME": String(decoding: [0x2F, 0xFF, 0x62], as: UTF8.self)
        ])

        let result = await session.run("dagctl dags list")

        #expect(result.code == .configuration)
        #expect(
            result.errors
                == "dagctl: error: the path of the home is not UTF-8: \"/\u{FFFD}b\" (DAGKIT_HOME); "
                + "give the folder a name in UTF-8\n")
    }

    @Test func `the environment is a variable's first source in a test`() async {
        let session = Session(environment: ["DAGKIT_VAR_NAME": "Grace"])
        _ = await session.run("dagctl variables set name Ada")

        let result = await session.run("dagctl tasks test greeting name")

        #expect(result.output == "\"Grace\"\n")
    }

    @Test func `secrets are masked in the log of a test`() async {
        let session = Session(dags: [Teller()], environment: ["DAGKIT_VAR_API_KEY": "s3cret-value"])

        let result = await session.run("dagctl tasks test teller tell")

        #expect(result.errors.contains("the key is ***"))
        #expect(!result.errors.contains("s3cret-value"))
    }

    @Test func `help is shown to somebody who types the bare name`() async {
        let session = Session()

        let onTerminal = await session.run("dagctl", terminals: [.output])
        let inScript = await session.run("dagctl")

        #expect(onTerminal.code == .success)
        #expect(inScript.code == .usage)
    }

    @Test func `colours obey the terminal and the flag`() async {
        let session = Session()

        let plain = await session.run("dagctl dags details nothing")
        let colored = await session.run("dagctl dags details nothing --color always")

        #expect(!plain.errors.contains("\u{1B}"))
        #expect(colored.errors.contains("\u{1B}[31merror:\u{1B}[0m"))
    }

    @Test func `a bag of another user is not read`() async {
        let session = Session(
            files: ["/srv/project/dags.json": "{}", "/dags.json": "{}"],
            owners: ["/srv/project/dags.json": 1001])

        let result = await session.run("dagctl info -o json")

        #expect(result.errors.contains("/srv/project/dags.json belongs to another user and is not read"))
        #expect(result.output.contains(#""dags_file": "/dags.json""#))
    }
}

/// Tells a secret in its log.
private struct Teller: DAG {
    var configuration = DAGConfiguration("teller")

    func build(_ dag: inout DAGBuilder) {
        dag.task("tell") { context in
            context.logger.info("the key is \(try await context.variable("api_key"))")
        }
    }
}
