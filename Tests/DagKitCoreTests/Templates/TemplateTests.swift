import DagKitCore
import FoundationEssentials
import Testing

/// A template and the text that it gives.
struct TemplateCase: Sendable, CustomTestStringConvertible {
    let template: String
    let text: String

    init(_ template: String, _ text: String) {
        self.template = template
        self.text = text
    }

    var testDescription: String { template }
}

@Suite struct TemplateTests {
    static let dates = [
        TemplateCase("{{ ds }}", "2024-03-05"),
        TemplateCase("{{ ds_nodash }}", "20240305"),
        TemplateCase("{{ ts }}", "2024-03-05T00:00:00+00:00"),
        TemplateCase("{{ ts_nodash }}", "20240305T000000"),
        TemplateCase("{{ ts_nodash_with_tz }}", "20240305T000000+0000"),
        TemplateCase("{{ task_instance_key_str }}", "crypto__load__20240305"),
        TemplateCase("{{ yesterday_ds }} {{ yesterday_ds_nodash }}", "2024-03-04 20240304"),
        TemplateCase("{{ tomorrow_ds }} {{ tomorrow_ds_nodash }}", "2024-03-06 20240306"),
        TemplateCase("{{ logical_date }}", "2024-03-05T00:00:00+00:00"),
        TemplateCase("{{ execution_date }}", "2024-03-05T00:00:00+00:00"),
        TemplateCase("{{ data_interval_start }}", "2024-03-04T23:30:00+00:00"),
        TemplateCase("{{ data_interval_end }}", "2024-03-05T00:00:00+00:00"),
        TemplateCase("{{ data_interval_start | ds }}", "2024-03-04"),
        TemplateCase("{{ data_interval_start | ds_nodash }}", "20240304"),
        TemplateCase("{{ data_interval_start | ts }}", "2024-03-04T23:30:00+00:00"),
        TemplateCase("{{ data_interval_start | ts_nodash }}", "20240304T233000"),
        TemplateCase("{{ data_interval_start | ts_nodash_with_tz }}", "20240304T233000+0000"),
        TemplateCase("{{ '2024-03-05T10:00:00+02:00' | ts }}", "2024-03-05T08:00:00+00:00"),
        TemplateCase("{{ logical_date.year }}-{{ logical_date.month }}", "2024-3"),
        TemplateCase("{{ logical_date.int_timestamp }}", "1709596800"),
        TemplateCase("{{ logical_date.isoformat() }}", "2024-03-05T00:00:00+00:00"),
        TemplateCase("{{ logical_date.to_date_string() }}", "2024-03-05"),
        TemplateCase("{{ logical_date.timestamp() }}", "1709596800.0"),
        TemplateCase(
            "{{ logical_date.strftime('%d.%m.%y %H:%M:%S.%f %j %%') }}", "05.03.24 00:00:00.000000 065 %"),
        TemplateCase(
            "{{ logical_date.strftime('%A %a %B %b %-d %F %T%z') }}",
            "Tuesday Tue March Mar 5 2024-03-05 00:00:00+0000"),
        TemplateCase("{{ logical_date.add(days=1, hours=2) }}", "2024-03-06T02:00:00+00:00"),
        TemplateCase(
            "{{ logical_date.subtract(weeks=1).add(minutes=1, seconds=1) | ts_nodash }}", "20240227T000101"),
    ]

    static let macros = [
        TemplateCase("{{ macros.ds_add(ds, 5) }}", "2024-03-10"),
        TemplateCase("{{ macros.ds_add(ds, -5) }}", "2024-02-29"),
        TemplateCase("{{ macros.ds_add(ds=ds, days=365) }}", "2025-03-05"),
        TemplateCase("{{ macros.ds_format(ds, '%Y-%m-%d', '%d-%m-%y') }}", "05-03-24"),
        TemplateCase("{{ macros.ds_format('1/5/2015', '%d/%m/%Y', '%Y-%m-%d') }}", "2015-05-01"),
        TemplateCase("{{ macros.ds_format('5 March 98', '%d %B %y', '%Y-%m-%d') }}", "1998-03-05"),
        TemplateCase("{{ macros.ds_format('5 MAR 24 07.5', '%d %b %y %S.%f', '%T %f') }}", "00:00:07 500000"),
    ]

    static let identities = [
        TemplateCase("{{ run_id }}", "scheduled__2024-03-05T00:00:00+00:00"),
        TemplateCase("{{ dag.dag_id }}.{{ task.task_id }}", "crypto.load"),
        TemplateCase(
            "{{ ti.dag_id }} {{ ti.task_id }} {{ ti.try_number }} {{ ti.max_tries }}", "crypto load 2 3"),
        TemplateCase("{{ task_instance.map_index }} {{ ti.operator }}", "-1 ShellOperator"),
        TemplateCase(
            "{{ dag_run.run_id }} {{ dag_run.dag_id }}", "scheduled__2024-03-05T00:00:00+00:00 crypto"),
        TemplateCase("{{ dag_run.run_type }} {{ dag_run.external_trigger }}", "scheduled False"),
        TemplateCase("{{ dag_run.logical_date }}", "2024-03-05T00:00:00+00:00"),
        TemplateCase("{{ dag_run.data_interval_start | ds }}", "2024-03-04"),
    ]

    @Test(arguments: dates + macros + identities)
    func `dates and ids print as in Airflow`(_ vector: TemplateCase) async throws {
        let text = try await TaskContext.fixture().render(vector.template)

        #expect(text == vector.text)
    }

    @Test func `microseconds of a date are kept where Airflow keeps them`() async throws {
        let context = try TaskContext.fixture(logicalDate: "2024-03-05T10:11:12.5+00:00")

        let text = try await context.render("{{ ts }} {{ ts_nodash }} {{ ts_nodash_with_tz }}")

        #expect(text == "2024-03-05T10:11:12.500000+00:00 20240305T101112 20240305T101112.500000+0000")
    }

    static let values = [
        TemplateCase("{{ params.limit }}", "10"),
        TemplateCase("{{ params['limit'] }}", "10"),
        TemplateCase("{{ params.coins[0] }} {{ params.coins[-1] }}", "btc eth"),
        TemplateCase("{{ params.coins }}", #"["btc","eth"]"#),
        TemplateCase("{{ params.deep.a.b }}", "0.5"),
        TemplateCase("{{ params.deep }}", #"{"a":{"b":0.5}}"#),
        TemplateCase("{{ params.on }} {{ params.off }} {{ params.nothing }}", "True False None"),
        TemplateCase("{{ params.get('limit') }} {{ params.get('none_such', 7) }}", "10 7"),
        TemplateCase("{{ params[params.pointer] }}", "10"),
        TemplateCase("{{ params.pointer[0] }}", "l"),
        TemplateCase("{{ dag_run.conf['rc'] }} {{ dag_run.conf.rc }}", "3 3"),
        TemplateCase("{{ dag_run.conf.get('rc', 'x') }} {{ dag_run.conf.get('none', 'x') }}", "3 x"),
    ]

    static let literals = [
        TemplateCase(#"{{ 'it\'s' }} {{ "a\tb\\" }} {{ 'C:\dir' }}"#, "it's a\tb\\ C:\\dir"),
        TemplateCase("{{ 42 }} {{ -7 }} {{ 2.50 }}", "42 -7 2.5"),
        TemplateCase("{{ true }} {{ False }} {{ none }}", "True False None"),
        TemplateCase("{{ [1, 'a', ds] }}", #"[1,"a","2024-03-05"]"#),
        TemplateCase("{{ ('a') | upper }}", "A"),
        TemplateCase("{{ '}}' }}{{ '{{' }}{{ '{%' }}", "}}{{{%"),
    ]

    static let filters = [
        TemplateCase("{{ params.none_such | default('x') }}", "x"),
        TemplateCase("{{ params.none_such | d(params.limit) }}", "10"),
        TemplateCase("{{ params.none_such.deeper[3] | default('x') }}", "x"),
        TemplateCase("{{ params.limit | default('x') }}", "10"),
        TemplateCase("{{ params.nothing | default('x') }}", "None"),
        TemplateCase("{{ params.nothing | default('x', true) }}", "x"),
        TemplateCase("{{ '' | default('x', boolean=true) }}", "x"),
        TemplateCase("{{ ' Btc ' | trim | upper }}{{ 'ÉTÉ' | lower }}", "BTCété"),
        TemplateCase(
            "{{ params | tojson }}",
            #"{"coins":["btc","eth"],"deep":{"a":{"b":0.5}},"limit":10,"nothing":null,"off":false,"on":true,"pointer":"limit"}"#
        ),
        TemplateCase("{{ logical_date | tojson }}", #""2024-03-05T00:00:00+00:00""#),
        TemplateCase("{{ params.coins | length }} {{ 'été' | length }} {{ params.deep | count }}", "2 3 1"),
        TemplateCase(
            "{{ '12' | int }} {{ ' 5.9 ' | int }} {{ 'x' | int }} {{ 'x' | int(-1) }} {{ true | int }}",
            "12 5 0 -1 1"),
        TemplateCase("{{ ds | replace('-', '/') }} {{ 'aaa' | replace('aa', 'b') }}", "2024/03/05 ba"),
        TemplateCase(
            "{{ ds.replace('-', '') }} {{ 'a'.upper() }} {{ 'B'.lower() }} {{ ' c '.strip() }}",
            "20240305 A b c"),
        TemplateCase("{{ params.coins | join(', ') }} {{ params.coins | join }}", "btc, eth btceth"),
    ]

    @Test(arguments: values + literals + filters)
    func `params, literals and filters give their text`(_ vector: TemplateCase) async throws {
        let context = try TaskContext.fixture(
            params: [
                "limit": 10, "coins": ["btc", "eth"], "deep": ["a": ["b": 0.5]], "on": true, "off": false,
                "nothing": nil, "pointer": "limit",
            ], conf: ["rc": 3])

        #expect(try await context.render(vector.template) == vector.text)
    }

    static let deployment = [
        TemplateCase("{{ var.value.region }}", "eu"),
        TemplateCase("{{ var.value.get('region') }} {{ var.value.get('none', 'us') }}", "eu us"),
        TemplateCase("{{ var.value['region'] }}", "eu"),
        TemplateCase("{{ var.value.none | default('us') }}", "us"),
        TemplateCase("{{ var.json.limits.top }} {{ var.json.limits.list[1] }}", "10 b"),
        TemplateCase("{{ var.json.get('none', [1]) }}", "[1]"),
        TemplateCase("{{ conn.db.host }}:{{ conn.db.port }}/{{ conn.db.schema }}", "db.example:5432/market"),
        TemplateCase("{{ conn.db.login }}:{{ conn.db.password }}", "me:pass"),
        TemplateCase("{{ conn.db.conn_type }} {{ conn.db.conn_id }} {{ conn.db }}", "postgres db db"),
        TemplateCase("{{ conn.db.extra }} {{ conn.db.extra_dejson.ssl }}", #"{"ssl":true} True"#),
        TemplateCase("{{ conn.get('db').host }} {{ conn['bare'].conn_type }}", "db.example http"),
        TemplateCase("{{ conn.bare.host | default('localhost') }}", "localhost"),
        TemplateCase("{{ conn.none.host | default('localhost') }}", "localhost"),
    ]

    @Test(arguments: deployment)
    func `variables and connections are read from the deployment`(_ vector: TemplateCase) async throws {
        let database = Connection(
            "db", type: "postgres", host: "db.example", login: "me", password: "pass", port: 5432,
            schema: "market", extra: #"{"ssl":true}"#)
        let context = try TaskContext.fixture(
            metadata: ListedMetadata(
                variables: ["region": "eu", "limits": #"{"top": 10, "list": ["a", "b"]}"#],
                connections: [database, Connection("bare", type: "http")]))

        #expect(try await context.render(vector.template) == vector.text)
    }

    static let outputs = [
        TemplateCase("{{ ti.xcom_pull('a') }}", "12"),
        TemplateCase("{{ ti.xcom_pull(task_ids='a') }}", "12"),
        TemplateCase("{{ task_instance.xcom_pull(task_ids='a', key='path').name }}", "out.csv"),
        TemplateCase("{{ ti.xcom_pull(task_ids='a', key='path')['name'] | upper }}", "OUT.CSV"),
        TemplateCase("{{ ti.xcom_pull('m') }} {{ ti.xcom_pull('m')[1] }}", "[1,2] 2"),
        TemplateCase("{{ ti.xcom_pull('m', map_indexes=1) }}", "2"),
        TemplateCase("{{ ti.xcom_pull(task_ids=['a', 'm']) }}", "[12,[1,2]]"),
        TemplateCase("{{ ti.xcom_pull('b', default='x') }} {{ ti.xcom_pull('b') | default('y') }}", "x y"),
        TemplateCase("{{ ti.xcom_pull(['a', 'b'], default=0) | join('+') }}", "12+0"),
    ]

    @Test(arguments: outputs)
    func `outputs of other tasks are pulled`(_ vector: TemplateCase) async throws {
        let context = try TaskContext.fixture(
            metadata: ListedMetadata(
                outputs: [
                    "a/return_value": "12", "a/path": #"{"name":"out.csv"}"#, "m[0]/return_value": "1",
                    "m[1]/return_value": "2",
                ]))

        #expect(try await context.render(vector.template) == vector.text)
    }

    static let layouts = [
        TemplateCase("", ""),
        TemplateCase("no braces { } }} #} %}\n", "no braces { } }} #} %}\n"),
        TemplateCase("a{{ds}}b{{ ds }}c", "a2024-03-05b2024-03-05c"),
        TemplateCase("a {{- ds -}}\n b", "a2024-03-05b"),
        TemplateCase("a{# {{ nope }} #}b {#- x -#} c", "abc"),
        TemplateCase("{{\n  ds\n  | replace('-',\n '')\n}}", "20240305"),
        TemplateCase("{", "{"),
        TemplateCase("${ {{ ds }} }", "${ 2024-03-05 }"),
    ]

    @Test(arguments: layouts)
    func `text around expressions stays as it is`(_ vector: TemplateCase) async throws {
        #expect(try await TaskContext.fixture().render(vector.template) == vector.text)
    }

    @Test func `an inserted value is never read as a template again`() async throws {
        let context = try TaskContext.fixture(conf: ["x": "{{ conn.db.password }}{% raw %}"])

        let text = try await context.render("{{ dag_run.conf.x }}")

        #expect(text == "{{ conn.db.password }}{% raw %}")
    }

    @Test func `a template is parsed once and rendered for each attempt`() async throws {
        let template = try Template(parsing: "{{ ds }}")

        let first = try await template.render(in: .fixture(logicalDate: "2024-03-05"))
        let second = try await template.render(in: .fixture(logicalDate: "2024-03-06"))

        #expect([first, second] == ["2024-03-05", "2024-03-06"])
    }

    @Test(arguments: [("echo", true), ("echo {# note #}", true), ("echo {{ ds }}", false)])
    func `a template without expressions is constant`(text: String, isConstant: Bool) throws {
        #expect(try Template(parsing: text).isConstant == isConstant)
    }
}
