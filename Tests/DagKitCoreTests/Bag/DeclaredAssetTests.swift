import DagKitCore
import FoundationEssentials
import Testing

/// Assets in `dags.json`.
@Suite struct DeclaredAssetTests {
    @Test func `a declared dag runs on assets, and its tasks update and read some`() throws {
        let bag = Self.bag(
            #"""
            {"dags": {"report": {
              "schedule": {"assets": {"all": ["s3://market/prices", {"any": ["rates", {"uri": "x-n:1", "name": "news"}]}]}},
              "tasks": [{"id": "a", "operator": "say", "text": "x", "outlets": ["report"],
                "inlets": [{"uri": "rates", "group": "fx", "extra": {"owner": "ana"}}]}]}}}
            """#)

        let spec = try #require(bag.specs.first)
        #expect(bag.isSound)
        let expected = Asset("s3://market/prices") & (Asset("rates") | Asset("x-n:1", name: "news"))
        #expect(spec.configuration.schedule == .assets(expected))
        #expect(spec.tasks[0].outlets == [Asset("report")])
        #expect(spec.tasks[0].inlets == [Asset("rates", group: "fx", extra: ["owner": "ana"])])
    }

    @Test(arguments: [
        (#""@daily""#, Schedule.daily), (#"{"every": "30m"}"#, .every(.minutes(30))),
    ])
    func `beside assets a dag may go by the time`(or: String, time: Schedule) throws {
        let bag = Self.bag(
            """
            {"dags": {"report": {"start_date": "2026-01-01", "schedule": {"assets": "prices", "or": \(or)},
              "tasks": [{"id": "a", "operator": "say", "text": "x"}]}}}
            """)

        #expect(bag.isSound, "\(bag.problems)")
        #expect(bag.specs.first?.configuration.schedule == .assetsOrTime(.updated(Asset("prices")), time))
    }

    @Test(arguments: [
        (
            #""schedule": {"assets": "airflow://x"}"#,
            #"asset uri "airflow://x" has the reserved scheme "airflow"; use another scheme"#
        ),
        (
            #""schedule": {"assets": {"every": []}}"#,
            #""{"every":[]}" says nothing of assets; write the uri of an asset, {"any": [ … ]} or {"all": [ … ]}"#
        ),
        (#""schedule": {"assets": {"any": []}}"#, "the schedule names no asset where one is wanted"),
        (#""schedule": {"assets": "a", "cron": "@daily"}"#, #"key "cron" is not known beside assets"#),
    ])
    func `mistakes about assets are reported with their place`(member: String, message: String) {
        let bag = Self.bag(
            "{\"dags\": {\"report\": {\(member), \"tasks\": [{\"id\": \"a\", \"operator\": \"say\", \"text\": \"x\"}]}}}"
        )

        let problems = bag.problems["report"] ?? []
        #expect(problems.contains { $0.description.contains(message) }, "\(problems)")
    }

    @Test func `an outlet that is no asset is reported`() {
        let bag = Self.bag(
            #"{"dags": {"r": {"tasks": [{"id": "a", "operator": "say", "text": "x", "outlets": [7]}]}}}"#)

        #expect(
            bag.problems["r"]?.map(\.description).first
                == #"dags.json:1:83: error: "7" is no asset; write its uri, or {"uri": …} with "name", "group" and "extra" as you like"#
        )
    }

    @Test func `a deployment lets a compiled dag run on assets`() throws {
        struct Hourly: DAG {
            let configuration = DAGConfiguration("hourly", schedule: .hourly, startDate: "2026-01-01")
            func build(_ dag: inout DAGBuilder) { dag.empty("a") }
        }
        let file = DAGsFile(
            parsing: #"{"dags": {"hourly": {"schedule": {"assets": "prices"}}}}"#, file: "dags.json",
            registry: .saying)

        let bag = DAGBag(compiled: [Hourly()], file: file)

        #expect(bag.specs.first?.configuration.schedule == .assets(.updated(Asset("prices"))))
    }

    private static func bag(_ text: String) -> DAGBag {
        DAGBag(compiled: [], file: DAGsFile(parsing: text, file: "dags.json", registry: .saying))
    }
}
