import DagKitCLI
import DagKitCore
import Testing

/// What users see: each test types some commands, and the golden file holds the whole session.
@Suite struct TranscriptTests {
    private func record(_ name: String, _ session: Session, _ lines: [String]) async throws {
        var text = ""
        for line in lines {
            text += await session.run(line).description + "\n"
            session.pass(seconds: 1)
        }
        try Golden.expect(text, matches: name)
    }

    @Test func `dags are listed in every format`() async throws {
        try await record(
            "dags-list.txt", Session(),
            [
                "dagctl dags list", "dagctl dags list -o plain", "dagctl dags list -o json",
                "dagctl dags list -o yaml",
                "dagctl dags list -o csv", "dagctl dags list -o ndjson", "dagctl dags list -o wide",
                "dagctl dags list --columns is_paused,dag_id,nonsense --no-headers", "airflow dags list",
            ])
    }

    @Test func `a dag is inspected`() async throws {
        try await record(
            "dags-inspect.txt", Session(),
            [
                "dagctl dags details greeting", "dagctl dags details greeting -o json",
                "dagctl dags details greting",
                "dagctl dags show greeting", "dagctl dags show greeting --format lines",
                "dagctl dags show broken",
                "dagctl dags list-import-errors", "dagctl dags next-execution greeting -n 3",
                "dagctl dags next-execution greeting --table", "dagctl tasks list greeting",
                "dagctl tasks list greeting --tree", "dagctl tasks list greeting -o wide",
            ])
    }

    @Test func `a run is triggered, seen and deleted`() async throws {
        try await record(
            "dags-trigger.txt", Session(),
            [
                "dagctl dags trigger greeting", "dagctl dags trigger greeting -o json",
                "dagctl dags trigger greeting -r mine -l 2025-12-31 -c '{\"fails\": true}' --unpause",
                "dagctl dags trigger greeting -r mine", "dagctl dags trigger greeting -l 2025-12-31",
                "dagctl dags trigger greeting -c '[1]'", "dagctl dags trigger greeting -c '{oops'",
                "dagctl dags trigger greetin", "dagctl dags list-runs greeting",
                "dagctl dags list-runs -d greeting --state failed",
                "dagctl dags state greeting 2025-12-31", "dagctl dags state greeting nothing",
                "dagctl tasks states-for-dag-run greeting mine", "dagctl tasks state greeting greet mine",
                "dagctl tasks state greeting gret mine", "dagctl dags delete greeting",
                "dagctl dags delete greeting -y",
                "dagctl dags delete greeting -y",
            ])
    }

    @Test func `notes are written, shown and taken away`() async throws {
        try await record(
            "notes.txt", Session(),
            [
                "dagctl dags trigger greeting -r mine", "dagctl dags note greeting mine",
                "dagctl dags note greeting mine 'market closed early'", "dagctl dags note greeting mine",
                "dagctl tasks note greeting greet mine 'slow disk'", "dagctl tasks note greeting greet mine",
                "dagctl tasks note greeting gret mine",
                "dagctl tasks note greeting greet mine --map-index 3 x",
                "dagctl dags list-runs greeting -o ndjson",
                "dagctl tasks states-for-dag-run greeting mine -o ndjson",
                "dagctl dags note greeting mine --delete", "dagctl dags note greeting mine x --delete",
                "dagctl dags note greeting nothing x",
            ])
    }

    @Test func `runs are cleared and marked`() async throws {
        try await record(
            "clear-and-mark.txt", Session(),
            [
                "dagctl dags trigger greeting -r mine -l 2025-12-31", "dagctl tasks clear greeting -y",
                "dagctl tasks mark greeting check mine success",
                "dagctl tasks mark greeting name mine failed -d --dry-run",
                "dagctl tasks mark greeting name mine failed -d",
                "dagctl tasks mark greeting name mine failed -d -y",
                "dagctl tasks states-for-dag-run greeting mine", "dagctl tasks clear greeting -t '^na' -d",
                "dagctl tasks clear greeting -t '^na' -d --run-id mine --dry-run -o plain",
                "dagctl tasks clear greeting -t '^na' -d --run-id mine -y",
                "dagctl tasks clear greeting --run-id mien -y", "dagctl tasks clear greeting -t nmae -y",
                "dagctl tasks clear greeting -t '(' -y", "dagctl tasks mark greeting name mine done",
                "dagctl tasks clear greeting -s 2026-01-01 -y",
                "dagctl dags mark greeting mine failed", "dagctl dags mark greeting mine failed",
                "dagctl dags state greeting mine", "dagctl dags clear greeting -y",
                "dagctl dags state greeting mine", "dagctl dags mark greeting mine success",
                "dagctl tasks states-for-dag-run greeting mine -o wide",
            ])
    }

    @Test func `assets are listed, updated and followed`() async throws {
        try await record(
            "assets.txt", Session(dags: [Loading(), Reporting()]),
            [
                "dagctl assets list", "dagctl assets update --name prices -e '{\"rows\": 12}'",
                "dagctl assets update --uri S3://market/prices/ -o json",
                "dagctl assets update --uri x-other:1", "dagctl assets update --name price",
                "dagctl assets update --uri airflow://x", "dagctl assets update",
                "dagctl assets update --name prices -e '[1]'", "dagctl assets events -o plain",
                "dagctl assets events --name prices -n 1 -o json", "dagctl assets details --name prices",
                "dagctl assets details --uri s3://market/pricez", "dagctl assets materialize --name prices",
                "dagctl assets materialize --name report", "dagctl dags list-runs loading -o plain",
                "dagctl assets list -o wide", "dagctl assets events -d reporting -r none -o plain",
                "dagctl assets events -r none", "dagctl dags next-execution reporting",
            ])
    }

    @Test func `a run is replayed from its events`() async throws {
        try await record(
            "runs-replay.txt", Session(),
            [
                "dagctl dags trigger greeting -r mine -l 2025-12-31",
                "dagctl tasks mark greeting name mine failed", "dagctl dags mark greeting mine failed",
                "dagctl dags clear greeting -y", "dagctl runs replay mine", "dagctl runs replay mine -o json",
                "dagctl runs replay mine --at 2026-01-02T03:04:05.7Z",
                "dagctl runs replay mine --at 2026-01-02T03:04:06.7Z -o plain",
                "dagctl runs replay mine --at 2026-01-02T03:04:07.7Z -o yaml",
                "dagctl runs replay mine --at 2026-01-02", "dagctl runs replay mien",
                "dagctl runs replay mine --dag broken", "dagctl runs replay",
                "dagctl runs replay mine --at now",
            ])
    }

    @Test func `dags are paused and unpaused`() async throws {
        try await record(
            "dags-pause.txt", Session(),
            [
                "dagctl dags unpause greeting", "dagctl dags unpause greeting",
                "dagctl dags pause greeting -o json",
                "dagctl dags pause greting", "dagctl dags unpause --treat-dag-id-as-regex 'gr.*'",
                "dagctl dags pause --treat-dag-id-as-regex '('",
                "dagctl dags list --columns dag_id,is_paused",
            ])
    }

    @Test func `a dag and a task are tested without a trace`() async throws {
        let session = Session()
        try await record(
            "dags-test.txt", session,
            [
                "dagctl dags test greeting 2025-12-31",
                "dagctl dags test greeting -c '{\"fails\": true}' -o plain",
                "dagctl tasks test greeting name 2025-12-31",
                "dagctl tasks test greeting check -t '{\"fails\": true}'",
                "dagctl tasks test greeting nme", "dagctl tasks render greeting name 2025-12-31",
            ])
        #expect(try await session.store.runs(RunQuery()).isEmpty)
    }

    @Test func `variables are set, shown and deleted`() async throws {
        try await record(
            "variables.txt",
            Session(environment: ["AIRFLOW_VAR_CITY": "Paris", "DAGKIT_VAR_API_KEY": "s3cret-value"]),
            [
                "dagctl variables set name Ada --description 'who is greeted'", "dagctl variables get name",
                "dagctl variables get city", "dagctl variables get nme",
                "dagctl variables get nothing -d other",
                "dagctl variables set limits --json '{\"b\": 1, \"a\": [2]}'",
                "dagctl variables get limits --json",
                "dagctl variables get name --json", "dagctl variables set coincap_token abc123def",
                "dagctl variables set city Rome", "dagctl variables list",
                "dagctl variables list --show-values -o wide",
                "dagctl variables list -o json", "dagctl variables delete name",
                "dagctl variables delete name",
            ])
    }

    @Test func `a connection is tested by opening its database`() async throws {
        try await record(
            "connections-test.txt", Session(),
            [
                "dagctl connections add mine --conn-type sqlite --conn-host :memory:",
                "dagctl connections test mine",
                "dagctl connections add away --conn-uri postgresql://127.0.0.1:1/market",
                "dagctl connections test away",
                "dagctl connections add mail --conn-type smtp --conn-host mail",
                "dagctl connections test mail", "dagctl connections test nobody",
            ])
    }

    @Test func `connections are added, shown and deleted`() async throws {
        try await record(
            "connections.txt",
            Session(environment: ["AIRFLOW_CONN_HTTP_X": "http://me:pw123456@example.org"]),
            [
                "dagctl connections add pg --conn-uri postgresql://ada:p%40ss@db:5432/market?sslmode=require",
                "dagctl connections add pg --conn-type postgres", "dagctl connections add pg",
                "dagctl connections add pg --conn-type x --conn-uri x://y", "dagctl connections get pg",
                "dagctl connections get pg --show-values", "dagctl connections get pq",
                "dagctl connections get http_x",
                "dagctl connections list", "dagctl connections list -o json --conn-id pg",
                "dagctl connections add mail --conn-type smtp --conn-host mail --conn-port 587 --overwrite",
                "dagctl connections add bad --conn-port 99999 --conn-type x", "dagctl connections delete pg",
                "dagctl connections delete pg",
            ])
    }

    @Test func `the database is made, checked and reset`() async throws {
        try await record(
            "db.txt", Session(hasDatabase: false),
            [
                "dagctl db check", "dagctl dags list", "dagctl db init", "dagctl db migrate",
                "dagctl db check",
                "dagctl db reset", "dagctl db reset -y", "dagctl db reset -y --skip-init", "dagctl db check",
            ])
    }

    @Test func `the configuration shows where each value comes from`() async throws {
        let session = Session(
            environment: [
                "AIRFLOW__CORE__PARALLELISM": "4", "DAGKIT__SMTP__SMTP_PASSWORD": "s3cret",
                "AIRFLOW__CORE__NONSENSE": "1",
            ],
            files: [
                "/srv/project/dags.json": #"{"settings": {"crypto": {"retention_days": 7}}}"#,
                "/srv/project/.dagkit/dagkit.cfg": "[core]\nparallelizm = 3\n[mine]\ncolour = blue\n",
                "/users/ada/.config/dagkit/dagkit.cfg":
                    "[core]\ndefault_timezone = Europe/Paris\nexecutor=SequentialExecutor\n",
            ])
        try await record(
            "config.txt", session,
            [
                "dagctl config list --show-origin", "dagctl config list --section crypto -o json",
                "dagctl config get-value core parallelism", "dagctl config get-value core paralelism",
                "dagctl config get-value mine colour",
                "dagctl --set core.parallelism=2 config get-value core parallelism",
                "dagctl --set nonsense config list", "dagctl --set core.parallelism=0 config list",
                "dagctl info -o yaml",
                "dagctl version", "dagctl --version",
            ])
    }

    @Test func `mistakes on the command line are told with the usage`() async throws {
        try await record(
            "usage.txt", Session(),
            [
                "dagctl dag list", "dagctl dags", "dagctl dags lst", "dagctl dags list --outptu json",
                "dagctl dags list -o xml", "dagctl dags list -o", "dagctl dags list extra",
                "dagctl dags list --all=1",
                "dagctl dags details", "dagctl dags details a..b", "dagctl tasks state greeting",
                "dagctl dags list -Z",
                "dagctl dags list-runs greeting --limit -5", "dagctl",
            ])
    }

    @Test func `help has the same order everywhere`() async throws {
        try await record(
            "help.txt", Session(),
            ["dagctl --help", "dagctl help dags", "dagctl dags trigger -h", "dagctl variables set --help"])
    }
}
