import DagKitCore
import FoundationEssentials
import Testing

@Suite struct CronExpressionTests {
    /// The next days of 2026 on which a line fires, at midnight UTC.
    private func days(_ line: String, _ count: Int, from start: String = "2025-12-31T23:00:00Z") throws
        -> [String]
    {
        let cron = try CronExpression(line)
        var instant = try Fixture.instant(start)
        var days: [String] = []
        while days.count < count, let next = cron.next(after: instant) {
            days.append(next.ds)
            instant = next
        }
        return days
    }

    @Test func `a list of all days restricts nothing only beside a star`() throws {
        #expect(try days("0 0 1-31 * */2", 2) == ["2026-01-01", "2026-01-03"])
        #expect(try days("0 0 */1 * MON", 2) == ["2026-01-01", "2026-01-02"])
        #expect(try days("0 0 */2 * 0-6", 2) == ["2026-01-01", "2026-01-03"])
    }

    @Test func `a range may wrap over the end of its field`() throws {
        #expect(try days("0 0 * * FRI-MON", 4) == ["2026-01-02", "2026-01-03", "2026-01-04", "2026-01-05"])
        #expect(try days("0 0 1 NOV-FEB *", 4) == ["2026-01-01", "2026-02-01", "2026-11-01", "2026-12-01"])
    }

    @Test func `L and # name days by their place in the month`() throws {
        #expect(try days("0 0 L * *", 3) == ["2026-01-31", "2026-02-28", "2026-03-31"])
        #expect(try days("0 0 * * L5", 2) == ["2026-01-30", "2026-02-27"])
        #expect(try days("0 0 * * fri#2,1#1", 3) == ["2026-01-05", "2026-01-09", "2026-02-02"])
        #expect(try days("0 0 ? * 1#5", 2) == ["2026-03-30", "2026-06-29"])
    }

    @Test func `seconds come last and white space is free`() throws {
        let cron = try CronExpression("  */30\t* *  * * 5,35 ")
        let start = try Fixture.instant("2026-01-01T00:00:05Z")

        #expect(cron.next(after: start)?.isoText == "2026-01-01T00:00:35+00:00")
        #expect(cron.previous(before: start)?.isoText == "2025-12-31T23:30:35+00:00")
    }

    @Test func `a fraction of a second neither repeats nor loses a time`() throws {
        let cron = try CronExpression("* * * * *")
        let fire = try Fixture.instant("2026-01-01T00:01:00Z")
        let later = try Fixture.instant("2026-01-01T00:01:00.000001Z")

        #expect(cron.next(after: fire)?.isoText == "2026-01-01T00:02:00+00:00")
        #expect(cron.previous(before: later) == fire)
        #expect(cron.previous(before: fire)?.isoText == "2026-01-01T00:00:00+00:00")
    }

    @Test func `a line that never fires ends at once`() throws {
        for line in ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 * 30 2 *"] {
            let cron = try CronExpression(line)

            #expect(cron.neverFires)
            #expect(cron.next(after: .distantPast) == nil)
            #expect(cron.previous(before: .distantFuture, in: try Fixture.zone("Europe/Paris")) == nil)
        }
        #expect(try !CronExpression("0 0 29 2 *").neverFires)
    }

    @Test func `the rarest day is found over a century without it`() throws {
        #expect(try days("0 0 * 2 5#5", 2, from: "2092-03-01") == ["2104-02-29", "2132-02-29"])
    }

    @Test func `a range of one value draws a warning`() throws {
        #expect(try CronExpression("0 0 * * MON-MON").warnings.count == 1)
        #expect(try CronExpression("0 0 * * 0-7").warnings.isEmpty)
        #expect(
            try CronExpression("0 0 * * 0-7").next(after: Fixture.instant("2026-01-01"))?.ds == "2026-01-02")
    }

    @Test(arguments: [
        "", "@reboot", "* * * * * * *", "R * * * *", "H * * * *", "１ * * * *", "60 * * * *", "* 24 * * *",
        "* * 0 * *", "* * 32 * *", "* * * 0 *", "* * * * 0-8", "*/0 * * * *", "*/ * * * *", "1, * * * *",
        "1--2 * * * *", "-1 * * * *", "1-2-3 * * * *", "* * ? ? *", "* * * * 1,5#2", "* * * * l",
        "* * * * 5#6",
        "* * * * */2#1", "0 0 L-3 * *", "* * * jam *", "1.5 * * * *", "99999999999999999999 * * * *",
        "*-5 * * * *",
        "* * * * ?/2", "0 0 ?,1 * *",
    ])
    func `what no cron line means is refused`(line: String) {
        #expect(throws: CronError.self) { try CronExpression(line) }
    }

    @Test func `an error quotes the part that is wrong and says how to mend it`() {
        let error = #expect(throws: CronError.self) { try CronExpression("0 25 * * *") }

        #expect(
            error?.description
                == #"cron "0 25 * * *" has "25" for the hour, which goes from 0 to 23; write a number from 0 to 23"#
        )
    }
}
