import DagKitCore
import FoundationEssentials
import Testing

@Suite struct TriggerRuleConformanceTests {
    struct Case: Decodable {
        struct Upstream: Decodable {
            let state: String
            let setup: Bool?
        }
        let id: String
        let group: String
        let rule: String
        let upstream: [Upstream]
        let indirect_setups: [String]?
        let map_index: Int?
        let expect: String
    }

    @Test func `every recorded task gets the reference's decision`() throws {
        let file = try ConformanceFile<Case>.load("trigger_rules.json")

        #expect(file.format == "trigger-rules/1")
        #expect(file.cases.count == 2394)
        for vector in file.cases {
            let rule = try #require(TriggerRule(rawValue: vector.rule))
            let decision = rule.decide(
                Self.tally(vector.upstream.map { ($0.state, $0.setup ?? false) }),
                indirectSetups: Self.tally((vector.indirect_setups ?? []).map { ($0, true) }),
                isTeardown: vector.group == "teardown", mapIndex: vector.map_index)

            #expect(Self.text(decision) == vector.expect, "\(vector.id)")
        }
    }

    private static func tally(_ states: [(state: String, isSetup: Bool)]) -> UpstreamTally {
        var tally = UpstreamTally()
        for (state, isSetup) in states {
            tally.total += 1
            if isSetup { tally.setups += 1 }
            tally.count(TaskState(rawValue: state), isSetup: isSetup)
        }
        return tally
    }

    private static func text(_ decision: TriggerDecision) -> String {
        switch decision {
        case .wait: "wait"
        case .run: "run"
        case .settle(.skipped): "skip"
        case .settle(let state): state.rawValue
        }
    }
}
