import DagKitCLI
import DagKitCore
import Testing

@Suite struct ConfigurationTests {
    private func file(_ path: String, _ text: String) throws -> Configuration.File {
        Configuration.File(path: path, document: try INIDocument(parsing: text, file: path))
    }

    @Test func `a flag goes before the environment, that before dags json, that before files and defaults`()
        throws
    {
        let files = [
            try file("/p.cfg", "[core]\nparallelism = 3\nexecutor = SequentialExecutor\n"),
            try file("/u.cfg", "[core]\nparallelism = 2\ndefault_timezone = Europe/Paris\n"),
        ]
        var configuration = Configuration(files: files)
        #expect(try configuration.integer("smtp", "smtp_port") == 25)
        #expect(configuration.value("core", "default_timezone") == "Europe/Paris")
        #expect(try configuration.setting("core", "parallelism")?.origin == .file("/p.cfg", line: 2))

        configuration = configuration.settingDeployment(["core.parallelism": "4"], from: "dags.json")
        #expect(try configuration.setting("core", "parallelism")?.origin == .deployment("dags.json"))

        let environment = ["AIRFLOW__CORE__PARALLELISM": "5", "DAGKIT__CORE__PARALLELISM": "6"]
        configuration = Configuration(environment: environment, files: files)
        #expect(try configuration.integer("core", "parallelism") == 6)

        configuration = configuration.settingFlags(["core.parallelism": "7"])
        #expect(try configuration.setting("core", "parallelism")?.origin == .flag)
        #expect(try configuration.integer("CORE", "Parallelism") == 7)
    }

    @Test func `airflow's names can be switched off`() {
        let environment = ["AIRFLOW__CORE__PARALLELISM": "5", "DAGKIT__COMPAT__AIRFLOW_ENV": "false"]

        #expect(Configuration(environment: environment).value("core", "parallelism") == "32")
    }

    @Test func `a command gives a value`() throws {
        var references = SecretReferences()
        references.run = { "\($0)!\n" }

        let configuration = Configuration(
            environment: ["DAGKIT__SMTP__SMTP_PASSWORD_CMD": "pass show mail"], references: references)

        #expect(configuration.value("smtp", "smtp_password") == "pass show mail!")
    }

    @Test(arguments: [
        (
            "smtp_password = hunter2",
            #"/p.cfg:2: setting "smtp.smtp_password" is a secret and stands in the file in clear; "#
                + "write env:NAME or file:PATH in its place"
        ),
        (
            "smtp_password = env:NOBODY",
            #"/p.cfg:2: setting "smtp.smtp_password" refers to "env:NOBODY", which is not there; "#
                + "make it, or name another"
        ),
        (
            "smtp_port = many",
            #"/p.cfg:2: "many" is no value of smtp.smtp_port; write a whole number from 1 to 65535"#
        ),
    ])
    func `a wrong value is refused with its place`(line: String, message: String) throws {
        let configuration = Configuration(files: [try file("/p.cfg", "[smtp]\n\(line)\n")])
        let name = String(line.prefix { $0 != " " })

        let error = #expect(throws: ConfigurationError.self) { try configuration.setting("smtp", name) }

        #expect(error?.description == message)
        #expect(configuration.value("smtp", name) == nil)
    }

    @Test func `a secret of a file is read from where it refers to`() throws {
        var references = SecretReferences(environment: ["MAIL": "one"])
        references.readFile = { path in path == "/etc/dagkit/pw" ? "two\n" : "" }
        let files = [
            try file("/etc/dagkit/a.cfg", "[smtp]\nsmtp_password = env:MAIL\n[mine]\napi_key = file:pw\n")
        ]

        let configuration = Configuration(files: files, references: references)

        #expect(configuration.value("smtp", "smtp_password") == "one")
        #expect(configuration.value("mine", "api_key") == "two")
    }

    @Test func `the address of a database may stand in a file unless it holds a password`() throws {
        let open = Configuration(files: [
            try file("/p.cfg", "[database]\nsql_alchemy_conn = sqlite:////d.db\n")
        ])
        let closed = Configuration(
            files: [try file("/p.cfg", "[database]\nsql_alchemy_conn = postgresql://a:pw@h/d\n")])

        #expect(open.value("database", "sql_alchemy_conn") == "sqlite:////d.db")
        #expect(throws: ConfigurationError.self) { try closed.setting("database", "sql_alchemy_conn") }
    }

    @Test func `a misspelt key of a known section is warned of, a section of the user's own is not`() throws {
        let configuration = Configuration(
            environment: ["AIRFLOW__CORE__NOTHING": "1", "AIRFLOW__CORE__PARALLELISM": "2"],
            files: [try file("/p.cfg", "[core]\nparallelizm = 3\n[mine]\nanything = 1\n")])

        #expect(
            configuration.warnings() == [
                #"/p.cfg:2: unknown setting "core.parallelizm"; did you mean "core.parallelism"?"#,
                "settings of Airflow that have no equivalent are ignored: AIRFLOW__CORE__NOTHING",
            ])
    }
}

@Suite struct INIDocumentTests {
    @Test func `sections, comments and values over several lines are read`() throws {
        let text = "# head\n[Core]\nKey = a = b\nlist =\n  one\n  two\n; tail\n\n[x]\ny: 1\n"

        let document = try INIDocument(parsing: text, file: "f")

        #expect(document.sections["core"]?["key"]?.value == "a = b")
        #expect(document.sections["core"]?["list"]?.value == "\none\ntwo")
        #expect(document.sections["x"]?["y"]?.line == 10)
    }

    @Test(arguments: [
        ("a = 1", #"f:1: key "a" stands in no section; write a line such as [core] above it"#),
        ("[core", #"f:1: "[core" is no section; write it as [name]"#),
        ("[core]\nhunter2", "f:2: the line has no key with a value; write it as key = value"),
        ("[core]\na=1\nA=2", #"f:3: key "a" is already set at line 2; remove one of the two"#),
    ])
    func `a mistake is reported with its line`(text: String, message: String) {
        let error = #expect(throws: INIError.self) { try INIDocument(parsing: text, file: "f") }

        #expect(error?.description == message)
    }
}
