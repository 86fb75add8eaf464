import DagKitCore
import FoundationEssentials
import Testing

@Suite struct TemplateErrorTests {
    static let unreadable = [
        TemplateCase(
            "{% if ds %}",
            #"template:1:1: "{%" opens a statement, which templates do not have; insert values with {{ … }}, or write {{ '{%' }} for the characters"#
        ),
        TemplateCase("a\n  {{ dss }}", #"template:2:6: name "dss" does not exist; did you mean "ds"?"#),
        TemplateCase(
            "{{ dag_id }}", #"template:1:4: name "dag_id" does not exist; did you mean "dag.dag_id"?"#),
        TemplateCase(
            "{{ next_ds }}",
            #"template:1:4: name "next_ds" does not exist; did you mean "data_interval_end | ds"?"#),
        TemplateCase(
            "{{ nonsense | default('x') }}",
            #"template:1:4: name "nonsense" does not exist; see templates.md for the names"#),
        TemplateCase(
            "{{ ds | uper }}", #"template:1:9: filter "uper" does not exist; did you mean "upper"?"#),
        TemplateCase("a {{ ds", #"template:1:3: "{{" is never closed; close it with }}"#),
        TemplateCase("{{ 'x }}", #"template:1:4: "'" is never closed; close it with '"#),
        TemplateCase(
            "${#list[@]}",
            ##"template:1:2: "{#" is never closed; close it with #}, or write {{ '{#' }} for the characters"##
        ),
        TemplateCase(
            "{{ }}",
            #"template:1:4: found "}}" where a value belongs; write {{ name }}, {{ name.member }} or {{ name | filter }}; there are no operators"#
        ),
        TemplateCase(
            "{{ ds or ts }}",
            #"template:1:7: found "or" where "|" or "}}" belongs; write {{ name }}, {{ name.member }} or {{ name | filter }}; there are no operators"#
        ),
        TemplateCase("{{ ds() }}", #"template:1:6: "ds" cannot be called; leave out the parentheses"#),
        TemplateCase(
            "{{ ''.__class__.__mro__[1].__subclasses__()() }}",
            #"template:1:44: """.__class__.__mro__[1].__subclasses__(…)" cannot be called; leave out the parentheses"#
        ),
    ]

    @Test(arguments: unreadable)
    func `a mistake is told with its place and the nearest valid name`(_ vector: TemplateCase) {
        let error = #expect(throws: TemplateError.self) { try Template(parsing: vector.template) }

        #expect(error?.description == vector.text)
    }

    static let unrenderable = [
        TemplateCase(
            "{{ params.limt }}", #"template:1:11: "params" has no "limt"; did you mean "limit"?"#),
        TemplateCase(
            "{{ params.zzzz }}",
            #"template:1:11: "params" has no "zzzz"; correct the name, or add | default('…')"#),
        TemplateCase("{{ ti.task_di }}", #"template:1:7: "ti" has no "task_di"; did you mean "task_id"?"#),
        TemplateCase(
            "{{ ti.xcom_pul('a') }}", #"template:1:7: "ti" has no "xcom_pul()"; did you mean "xcom_pull"?"#),
        TemplateCase(
            "{{ params.list[5] }}",
            #"template:1:15: "params.list" has no "5"; correct the name, or add | default('…')"#),
        TemplateCase("{{ dag }}", #"template:1:4: "dag" has no text of its own; write dag.MEMBER"#),
        TemplateCase(
            "{{ var.value.none }}",
            #"template:1:14: variable "none" does not exist; run: dagctl variables set none VALUE, or add | default('…')"#
        ),
        TemplateCase(
            "{{ var.json.text.x }}",
            #"template:1:13: variable "text" is not JSON; store JSON, or read var.value.text"#),
        TemplateCase(
            "{{ conn.none.host }}",
            #"template:1:9: connection "none" does not exist; run: dagctl connections add none --conn-uri URI"#
        ),
        TemplateCase(
            "{{ conn.db.hots }}", #"template:1:12: "conn.db" has no "hots"; did you mean "host"?"#),
        TemplateCase(
            "{{ conn.db.host }}",
            #"template:1:12: "conn.db" has no "host"; correct the name, or add | default('…')"#),
        TemplateCase(
            "{{ ti.xcom_pull('a') }}",
            #"template:1:7: task "a" has no output "return_value" in this run; run "a" first, or add | default('…')"#
        ),
        TemplateCase(
            "{{ ti.xcom_pull('a', 'k') }}",
            #"template:1:7: the arguments do not fit "ti.xcom_pull(task_ids='task', key='key', map_indexes=0, default=value)"; write ti.xcom_pull(task_ids='task', key='key', map_indexes=0, default=value)"#
        ),
        TemplateCase(
            "{{ data_interval_start }}",
            "template:1:4: the run covers no data interval; use logical_date, or add | default('…')"),
        TemplateCase(
            "{{ params.limit | ds }}",
            #"template:1:19: "| ds" takes a date and got "integer"; give it a date"#),
        TemplateCase(
            "{{ 'abc' | ds }}",
            #"template:1:12: the text is no date of the form "2024-03-05T00:00:00+00:00"; write the date in that form"#
        ),
        TemplateCase(
            "{{ macros.ds_add('2024-02-30', 1) }}",
            #"template:1:11: the text is no date of the form "%Y-%m-%d"; write the date in that form"#),
        TemplateCase(
            "{{ macros.ds_add(ds, 9999999) }}",
            #"template:1:11: the date lies outside the years "1" to "9999"; add less"#),
        TemplateCase(
            "{{ logical_date.strftime('%Q') }}",
            #"template:1:17: the format "%Q" has "%Q", which is no directive; use one of %Y %m %d %H %M %S %f %y %j %b %B %a %A %F %T %z %%"#
        ),
        TemplateCase(
            "{{ macros.uuid() }}",
            #"template:1:11: "macros" has no "uuid()"; correct the name, or add | default('…')"#),
    ]

    @Test(arguments: unrenderable)
    func `what does not exist is an error that names it`(_ vector: TemplateCase) async throws {
        let context = try TaskContext.fixture(
            dataInterval: nil, params: ["limit": 10, "list": [1]],
            metadata: ListedMetadata(
                variables: ["text": "hidden-words"], connections: [Connection("db", type: "postgres")]))
        let template = try Template(parsing: vector.template)

        let error = await #expect(throws: TemplateError.self) { try await template.render(in: context) }

        #expect(error?.description == vector.text)
    }

    @Test(arguments: ["[", "(", "params[", "ti.xcom_pull("])
    func `an expression nested without end is refused`(opening: String) {
        let error = #expect(throws: TemplateError.self) {
            try Template(parsing: "{{ " + String(repeating: opening, count: 5_000))
        }

        #expect(error?.problem == #"an expression has more than "200" parts"#)
    }

    @Test func `what the store throws passes through`() async throws {
        struct Broken: Error {}
        struct BrokenMetadata: TaskMetadata {
            func variable(_ key: String) async throws -> String? { throw Broken() }
            func connection(_ id: String) async throws -> Connection? { throw Broken() }
            func outputs(of task: TaskID, key: String, in run: RunKey) async throws -> [XCom] {
                throw Broken()
            }
        }
        let fixture = try TaskContext.fixture()
        let context = TaskContext(
            attempt: fixture.attempt, logger: fixture.logger,
            services: TaskServices(metadata: BrokenMetadata()))

        await #expect(throws: Broken.self) { try await context.render("{{ var.value.x | default('y') }}") }
    }
}
