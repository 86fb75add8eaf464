import DagKitCore
import FoundationEssentials
import Testing

/// Cron against a walk over time, minute by minute.
@Suite struct CronPropertyTests {
    @Test(arguments: [
        "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "America/St_Johns", "Africa/Casablanca",
        "Asia/Kolkata", "America/Santiago", "UTC",
    ])
    func `a line for every hour fires whenever the wall clock shows one of its times`(name: String) throws {
        let zone = try Fixture.zone(name)
        var generator = SplitMix(seed: 7)
        for line in ["*/15 * * * *", "30 * * * *", "0 * 1-7 * MON", "59 * * * SUN", "5,50 * 31 * *"] {
            let cron = try CronExpression(line)
            var instant = try Fixture.instant("2024-03-01").addingTimeInterval(
                Double.random(in: 0..<86_400, using: &generator).rounded())

            for _ in 0..<3 {
                let found = try #require(cron.next(after: instant, in: zone))
                #expect(
                    found == walk(from: instant, in: zone, over: line), "\(line) after \(instant.isoText)")
                instant = found.addingTimeInterval(Double(Int.random(in: 0...8_000, using: &generator)) * 300)
            }
        }
    }

    @Test(arguments: ["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"])
    func `a line for some hours fires once for each wall-clock time, whatever the clock does`(name: String)
        throws
    {
        let zone = try Fixture.zone(name)
        let cron = try CronExpression("30 1 * * *")
        var instant = try Fixture.instant("2023-12-31T12:00:00Z")
        var days: [CivilDate] = []

        for _ in 0..<800 {
            instant = try #require(cron.next(after: instant, in: zone))
            days.append(zone.wallClock(at: instant).date)
        }

        #expect(zip(days, days.dropFirst()).allSatisfy { $1.daysSinceEpoch == $0.daysSinceEpoch + 1 })
    }

    @Test(arguments: ["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"])
    func `the next time lies after, the previous one before`(name: String) throws {
        let zone = try Fixture.zone(name)
        var generator = SplitMix(seed: 3)
        for line in [
            "*/15 2 * * *", "30 1,2,3 * * *", "0 * * * *", "0 */2 * * *", "*/7 1-3 * * *", "0 0 29 2 *",
        ] {
            let cron = try CronExpression(line)
            for _ in 0..<400 {
                let seconds = Int64.random(in: 1_600_000_000...1_900_000_000, using: &generator)
                let instant = Date(microseconds: seconds * 1_000_000)

                let next = try #require(cron.next(after: instant, in: zone))
                let previous = try #require(cron.previous(before: instant, in: zone))

                #expect(previous < instant && instant < next, "\(line) at \(instant.isoText)")
            }
        }
    }

    /// The first later minute whose wall clock matches, by the fields' own meaning and no arithmetic.
    private func walk(from instant: Date, in zone: TimeZoneRules, over line: String) -> Date? {
        var minute = instant.microsecondsSinceEpoch / 60_000_000 * 60_000_000
        for _ in 0..<600_000 {
            minute += 60_000_000
            let reading = zone.wallClock(at: Date(microseconds: minute))
            if Self.matches(line, reading) { return Date(microseconds: minute) }
        }
        return nil
    }

    private static func matches(_ line: String, _ at: CivilDateTime) -> Bool {
        switch line {
        case "*/15 * * * *": at.minute % 15 == 0
        case "30 * * * *": at.minute == 30
        case "0 * 1-7 * MON": at.minute == 0 && (at.date.day <= 7 || at.date.weekday == 1)
        case "59 * * * SUN": at.minute == 59 && at.date.weekday == 0
        case "5,50 * 31 * *": [5, 50].contains(at.minute) && at.date.day == 31
        default: false
        }
    }
}
