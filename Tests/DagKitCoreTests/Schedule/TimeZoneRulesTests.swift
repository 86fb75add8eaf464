import DagKitCore
import FoundationEssentials
import Testing

@Suite struct TimeZoneRulesTests {
    @Test(arguments: [
        ("Europe/Paris", "2024-07-01", 7_200), ("Europe/Paris", "2024-03-31T00:59:59Z", 3_600),
        ("Europe/Paris", "2024-03-31T01:00:00Z", 7_200), ("Europe/Paris", "2150-07-01", 7_200),
        ("Europe/Paris", "2150-12-01", 3_600), ("Europe/Dublin", "2090-01-01", 0),
        ("Europe/Dublin", "2090-07-01", 3_600),
        ("America/Santiago", "2100-01-01", -10_800), ("America/Santiago", "2100-07-01", -14_400),
        ("Africa/Casablanca", "2024-03-20", 0), ("Asia/Kathmandu", "2024-01-01", 20_700),
        ("America/St_Johns", "2024-01-01", -12_600), ("Pacific/Apia", "2011-12-29", -36_000),
        ("Pacific/Apia", "2011-12-31", 50_400), ("UTC", "2024-01-01", 0),
    ])
    func `the offset at an instant is that of the tz database`(zone: String, instant: String, offset: Int)
        throws
    {
        #expect(try Fixture.zone(zone).offset(at: Fixture.instant(instant)) == offset)
    }

    @Test(arguments: [
        // Skipped: later by the gap. Repeated: the second time.
        ("Europe/Paris", "2024-03-31T02:30:00", "2024-03-31T03:30:00+02:00"),
        ("Europe/Paris", "2024-10-27T02:30:00", "2024-10-27T02:30:00+01:00"),
        ("Europe/Paris", "2024-10-27T03:00:00", "2024-10-27T03:00:00+01:00"),
        ("America/New_York", "2140-03-13T02:30:00", "2140-03-13T03:30:00-04:00"),
        ("Pacific/Apia", "2011-12-30T12:00:00", "2011-12-31T12:00:00+14:00"),
        ("Australia/Lord_Howe", "2024-10-06T02:10:00", "2024-10-06T02:40:00+11:00"),
    ])
    func `a wall clock that is skipped or repeated has one instant`(zone: String, wall: String, shown: String)
        throws
    {
        let rules = try Fixture.zone(zone)
        let reading = CivilDateTime(microsecondsSinceEpoch: try Fixture.instant(wall).microsecondsSinceEpoch)

        #expect(rules.isoText(of: rules.instant(of: reading)) == shown)
    }

    @Test func `every instant outside a repeated hour comes back from its wall clock`() throws {
        var generator = SplitMix(seed: 11)
        for name in ["Europe/Paris", "Africa/Casablanca", "Pacific/Chatham", "Asia/Tehran", "America/Havana"]
        {
            let zone = try Fixture.zone(name)
            for _ in 0..<2_000 {
                let seconds = Int64.random(in: 0...4_000_000_000, using: &generator)
                let instant = Date(microseconds: seconds * 1_000_000)
                let back = zone.instant(of: zone.wallClock(at: instant))

                #expect(
                    back == instant || (back > instant && zone.offset(at: back) < zone.offset(at: instant)))
            }
        }
    }

    @Test(arguments: [
        "../etc/passwd", "Europe/../../x", "/etc/passwd", "Europe/Paris; rm -rf /", "", "Europe//Paris",
        "a b", "é",
        "Europe/", "-x", "x.tab",
    ])
    func `a name that could be a path is refused before a file is opened`(name: String) {
        #expect(throws: TimeZoneError.invalidName(name)) { try FixtureZones().rules(named: name) }
    }

    @Test func `an unknown zone is named`() {
        let error = #expect(throws: TimeZoneError.self) { try FixtureZones().rules(named: "Europe/Pariss") }

        #expect(
            error?.description
                == #"time zone "Europe/Pariss" does not exist; write an IANA name such as Europe/Paris"#)
    }

    @Test func `a source that cannot be read says why`() {
        struct Broken: TimeZoneSource {
            func tzif(named name: String) throws -> [UInt8]? { throw PoolError.negativeSlots(-1, pool: "x") }
        }

        let error = #expect(throws: TimeZoneError.self) { try Broken().rules(named: "Europe/Paris") }

        #expect(
            error?.problem
                == #"cannot read the rules of time zone "Europe/Paris": pool "x" has "-1" slots, below zero"#)
    }

    @Test func `damaged bytes are refused, wherever they are cut or changed`() throws {
        let bytes = Array(try Fixture.data("zoneinfo/Europe/Paris"))

        for length in 0..<bytes.count - 1 {
            #expect(throws: TimeZoneError.self) {
                try TimeZoneRules(name: "X", tzif: Array(bytes[..<length]))
            }
        }
        var generator = SplitMix(seed: 5)
        for _ in 0..<3_000 {
            var changed = bytes
            changed[Int.random(in: 0..<changed.count, using: &generator)] = UInt8.random(
                in: 0...255, using: &generator)
            let rules = try? TimeZoneRules(name: "X", tzif: changed)
            _ = rules?.offset(at: .distantFuture)
            _ = rules?.instant(of: CivilDateTime(secondsSinceEpoch: 1_700_000_000))
        }
    }

    @Test func `a table answers for the names that were loaded`() throws {
        let zones = TimeZones(loading: ["Europe/Paris", "Nowhere/At_All"], from: FixtureZones())

        #expect(try zones.rules(named: "Europe/Paris").name == "Europe/Paris")
        #expect(try zones.rules(named: "UTC") == .utc)
        #expect(throws: TimeZoneError.unknown("Nowhere/At_All")) { try zones.rules(named: "Nowhere/At_All") }
        #expect(throws: TimeZoneError.unknown("Asia/Tokyo")) { try zones.rules(named: "Asia/Tokyo") }
    }
}
