import DagKitCore
import FoundationEssentials
import Testing

@Suite struct InstantTextTests {
    /// 2024-03-05 06:07:08.678901 UTC.
    let instant = Date(microseconds: 1_709_618_828_678_901)

    @Test func `an instant renders as Airflow writes it`() {
        #expect(instant.isoText == "2024-03-05T06:07:08.678901+00:00")
        #expect(instant.databaseText == "2024-03-05 06:07:08.678901")
        #expect(instant.ds == "2024-03-05")
        #expect(instant.dsNoDash == "20240305")
        #expect(instant.ts == "2024-03-05T06:07:08.678901+00:00")
        #expect(instant.tsNoDash == "20240305T060708")
        #expect(instant.tsNoDashWithTZ == "20240305T060708.678901+0000")
    }

    @Test func `microseconds appear only when they are not zero, save in the database`() {
        let midnight = Date(microseconds: 1_709_596_800_000_000)

        #expect(midnight.isoText == "2024-03-05T00:00:00+00:00")
        #expect(midnight.tsNoDashWithTZ == "20240305T000000+0000")
        #expect(midnight.databaseText == "2024-03-05 00:00:00.000000")
    }

    @Test(
        arguments: [
            ("2024-03-05", 1_709_596_800_000_000),
            ("2024-03-05T06:07:08.678901+00:00", 1_709_618_828_678_901),
            ("2024-03-05 06:07:08.678901", 1_709_618_828_678_901),
            ("2024-03-05T06:07Z", 1_709_618_820_000_000),
            ("2024-03-05T08:07:08+02:00", 1_709_618_828_000_000),
            ("2024-03-05T06:07:08", 1_709_618_828_000_000),
            ("2024-03-05T01:37:08-0430", 1_709_618_828_000_000),
            ("2024-03-05t06:07:08z", 1_709_618_828_000_000),
            ("20240305T060708+0000", 1_709_618_828_000_000), ("2024-03-05T06:07:08.5", 1_709_618_828_500_000),
            ("2024-03-05T06:07:08.6789009", 1_709_618_828_678_901), ("1969-12-31T23:59:59.999999Z", -1),
            ("2024-12-31T23:59:59.9999999Z", 1_735_689_600_000_000),
        ] as [(String, Int64)])
    func `ISO 8601 text is read`(text: String, microseconds: Int64) throws {
        #expect(try Date(isoText: text).microsecondsSinceEpoch == microseconds)
    }

    @Test(arguments: [
        "", "yesterday", "2024", "2024-3-5", "2024-03-05T", "2024-03-05T06", "2024-03-05T06:07:08+",
        "2024-0305",
        "2024-03-05T06:07:08.", "2024-03-05T06:07:08Zx", " 2024-03-05", "２０２４-03-05",
        "2024-03-05T06:07:08+02:",
    ])
    func `other text is refused`(text: String) {
        #expect(throws: InstantTextError.malformed(text)) { try Date(isoText: text) }
    }

    @Test(arguments: [
        ("2023-02-29", "a day"), ("2024-13-01", "a month"), ("2024-01-00", "a day"), ("0000-01-01", "a year"),
        ("2024-01-01T24:00:00", "an hour"), ("2024-01-01T00:60", "a minute"),
        ("2024-01-01T00:00:60", "a second"),
        ("2024-01-01T00:00:00+24:00", "an offset"), ("0001-01-01T00:00:00+01:00", "a year"),
    ])
    func `a field that no calendar has is named`(text: String, field: String) {
        #expect(throws: InstantTextError.fieldOutOfRange(text, field: field)) { try Date(isoText: text) }
    }

    @Test func `an error says what to write`() {
        let error = #expect(throws: InstantTextError.self) { try Date(isoText: "soon") }

        #expect(
            error?.description
                == #""soon" is not a date or time; write it as 2025-10-01 or 2025-10-01T12:30:00+00:00"#)
    }

    @Test func `text and instant agree from 1730 to 2270`() throws {
        var generator = SplitMix(seed: 1)

        for _ in 0..<5_000 {
            let microseconds = Int64.random(
                in: -7_573_910_400_000_000...9_467_020_800_000_000, using: &generator)
            let instant = Date(microseconds: microseconds)

            #expect(instant.microsecondsSinceEpoch == microseconds)
            #expect(try Date(isoText: instant.isoText) == instant)
            #expect(try Date(isoText: instant.databaseText) == instant)
        }
    }

    @Test func `rounding goes to the nearest microsecond`() {
        let fine = Date(timeIntervalSinceReferenceDate: 0.000_001_6)

        #expect(fine.roundedToMicroseconds == Date(microseconds: 978_307_200_000_002))
    }

    @Test func `instants without end do not trap`() {
        let last = Date(timeIntervalSinceReferenceDate: .infinity)

        #expect(last.isoText.hasPrefix("9999-12-31T23:59:59"))
        #expect(Date.distantPast.isoText.hasPrefix("0001-01-01"))
    }
}
