import DagKitCore
import FoundationEssentials
import Testing

@Suite struct AssetTests {
    @Test(arguments: [
        ("prices", "prices"), ("S3://Market/prices/", "s3://Market/prices"), ("s3://market", "s3://market/"),
        ("s3://market/a?b=2&a=1#top", "s3://market/a?a=1&b=2"),
        ("https://h/p?q=a%20b&e=", "https://h/p?q=a+b"),
        ("file:///data/prices//", "file:///data/prices"), ("x-any:Thing/?b=2&a=1/", "x-any:Thing/?b=2&a=1/"),
        ("postgresql://db/market/public/prices", "postgres://db:5432/market/public/prices"),
        ("postgres://db:5433/market/public/prices", "postgres://db:5433/market/public/prices"),
        ("a b:c", "a b:c"),
    ])
    func `a uri is put into the form in which Airflow compares it`(text: String, normal: String) throws {
        #expect(try AssetURI.normalized(text) == normal)
        #expect(Asset(normal).uri == normal)
    }

    @Test(arguments: [
        ("", "the uri of an asset is empty"), ("  ", "the uri of an asset is empty"),
        ("s3://märkte", "has a character that is not ASCII"), ("airflow://x", "reserved scheme"),
        ("postgres://ana:secret@db/market", "names a user or a password"),
        ("x:" + String(repeating: "a", count: 1500), "has 1502 bytes"),
    ])
    func `a uri that Airflow refuses, or that holds a password, is refused`(text: String, problem: String) {
        let error = #expect(throws: AssetError.self) { try Asset(checking: text) }

        #expect(error?.description.contains(problem) == true)
        #expect(error?.description.contains("secret") == false)
        #expect(Asset(text).problem != nil)
    }

    @Test func `the extra of an asset is an object of bounded size`() {
        #expect(Asset("a", extra: ["rows": 1]).problem == nil)
        #expect(Asset("a", extra: [1]).problem == .extraNotObject(uri: "a", kind: "array"))
        let large = JSONValue.string(String(repeating: "x", count: AssetError.largestExtra))
        #expect(Asset("a", extra: ["text": large]).problem != nil)
    }

    @Test(arguments: [
        ([], false), (["a"], false), (["a", "b"], true), (["a", "c"], true), (["b", "c"], false),
    ])
    func `a condition is met by the assets that it names`(updated: [String], isMet: Bool) {
        let condition = Asset("a") & (Asset("b") | Asset("c"))

        #expect(condition.isMet(by: Set(updated)) == isMet)
        #expect(condition == .all(Asset("a"), AssetCondition.any(Asset("b"), Asset("c"))))
        #expect(condition.assets.map(\.uri) == ["a", "b", "c"])
        #expect(condition.description == "a and (b or c)")
        #expect(condition.json == ["all": ["a", ["any": ["b", "c"]]]])
    }

    @Test(arguments: [
        Schedule.assets(.any(Asset("a"))),
        .assets(Asset("a") & Asset("s3://b", name: "b", group: "g", extra: ["x": 1])),
        .assetsOrTime(.any(Asset("a")), .cron("0 6 * * *", timeZone: "Europe/Paris")),
    ])
    func `a schedule by assets comes back from JSON as it was`(schedule: Schedule) throws {
        let text = try JSONCoding.encode(schedule)

        #expect(try JSONCoding.decode(Schedule.self, from: text) == schedule)
    }

    @Test func `schedules by assets say in words and in listings what they wait for`() {
        let (a, b) = (Asset("a"), Asset("b"))

        #expect(Schedule.assets(.any(a)).description == "when a is updated")
        #expect(Schedule.assets(a & b).description == "when a and b are updated")
        #expect(
            Schedule.assetsOrTime(a | b, .daily).description
                == "when a or b is updated, or every day at 00:00")
        #expect(Schedule.assetsOrTime(a | b, .daily).text == "Asset or @daily")
        #expect(Schedule.assets(.any(a)).text == "Asset")
    }

    @Test func `all that is wrong with the assets of a dag is reported`() {
        struct Wrong: DAG {
            let configuration = DAGConfiguration(
                "wrong", schedule: .assetsOrTime(.all(), .none), startDate: "2026-01-01")
            func build(_ dag: inout DAGBuilder) {
                dag.empty(
                    "a", options: TaskOptions(outlets: [Asset("airflow://x")], inlets: [Asset("")]))
            }
        }

        let error = #expect(throws: DAGValidationError.self) { try DAGSpec(Wrong()) }

        let expected = [
            "names no asset where one is wanted", "which is no time", "reserved scheme",
            "uri of an asset is empty",
        ]
        #expect(error?.problems.count == expected.count)
        for text in expected { #expect(error?.description.contains(text) == true, "\(text)") }
    }

    @Test func `a dag that runs on assets alone needs no start date`() throws {
        struct Follower: DAG {
            let configuration = DAGConfiguration("follower", schedule: .assets(.any(Asset("a"))))
            func build(_ dag: inout DAGBuilder) {
                dag.empty("b", options: TaskOptions(outlets: [Asset("b")]))
            }
        }

        let spec = try DAGSpec(Follower())

        #expect(
            spec.assetReferences == [
                AssetReference(Asset("a"), .schedule), AssetReference(Asset("b"), .outlet("b")),
            ])
        #expect(spec.draft().tasks[0].options.outlets == [Asset("b")])
    }
}
