import DagKitCore
import FoundationEssentials
import Testing

@Suite struct CronConformanceTests {
    struct Case: Decodable {
        let id: String
        let expr: String
        let timezone: String
        let start: String
        let valid: Bool
        let reason: String?
        let next: [String]?
        let alt_next: [String]?
        let category: String
    }

    @Test func `every recorded cron case is answered as the reference does`() throws {
        let file = try ConformanceFile<Case>.load("cron_cases.json")

        #expect(file.format == "cron-cases/1")
        #expect(file.cases.count == 300)
        for vector in file.cases {
            if vector.valid { try checkFires(vector) } else { checkRefusal(vector) }
        }
    }

    /// Where two answers are accepted, ours is the preferred one; only the day-of-month cases list it first.
    private func checkFires(_ vector: Case) throws {
        let cron = try CronExpression(vector.expr)
        let zone = try Fixture.zone(vector.timezone)
        var instant = try Fixture.instant(vector.start)
        var fires: [Date] = []
        while fires.count < 5, let next = cron.next(after: instant, in: zone) {
            fires.append(next)
            instant = next
        }
        let expected = try (vector.alt_next ?? vector.next ?? []).map(Fixture.instant)

        #expect(fires == expected, "\(vector.id): \(fires.map(\.isoText))")
        for (earlier, later) in zip(fires, fires.dropFirst()) {
            #expect(
                cron.previous(before: later, in: zone) == earlier, "\(vector.id): back from \(later.isoText)")
        }
    }

    private func checkRefusal(_ vector: Case) {
        do {
            _ = try CronExpression(vector.expr)
            _ = try Fixture.zone(vector.timezone)
            Issue.record("\(vector.id): \"\(vector.expr)\" in \"\(vector.timezone)\" was accepted")
        } catch {
            #expect(kind(of: error) == vector.reason, "\(vector.id): \(error)")
        }
    }

    private func kind(of error: any Error) -> String? {
        switch error {
        case CronError.fieldCount: "field_count"
        case CronError.outOfRange: "out_of_range"
        case CronError.badStep: "bad_step"
        case CronError.badNth: "bad_nth"
        case CronError.badQuestionMark: "bad_question_mark"
        case is TimeZoneError: "bad_timezone"
        default: nil
        }
    }
}
