import DagKitCore

/// What becomes of one task by the states of its upstream tasks.
struct TriggerRuleVector: Vector {
    static let format = "trigger-rules/1"

    let id: String
    let group: String
    let rule: TriggerRule
    let upstream: [Upstream]
    let indirect_setups: [String]?
    let map_index: Int?
    let expect: String

    struct Upstream: Decodable {
        let state: String
        let setup: Bool?
    }

    func mismatch(zones: SystemZones) throws -> Mismatch? {
        var tally = UpstreamTally()
        for source in upstream { try add(source.state, isSetup: source.setup == true, to: &tally) }
        var setups = UpstreamTally()
        for state in indirect_setups ?? [] { try add(state, isSetup: true, to: &setups) }
        let decision = rule.decide(
            tally, indirectSetups: setups, isTeardown: group == "teardown", mapIndex: map_index)
        let got = Self.text(decision)
        return got == expect ? nil : Mismatch(expected: expect, got: got)
    }

    private func add(_ text: String, isSetup: Bool, to tally: inout UpstreamTally) throws {
        let state = TaskState(rawValue: text)
        guard state != nil || text == "none" else { throw VectorFileError.malformed("state \(text)") }
        tally.total += 1
        if isSetup { tally.setups += 1 }
        tally.count(state, isSetup: isSetup)
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
