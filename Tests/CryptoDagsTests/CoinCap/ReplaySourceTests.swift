import CryptoDags
import DagKit
import FoundationEssentials
import Testing

@Suite struct ReplaySourceTests {
    @Test func `answers are given in the order of their time and the last one repeats`() async throws {
        let folder = try TemporaryFolder()
        let market = GeneratedMarket(seed: 1)
        let bodies = [0.0, 60, 120].map { market.document(at: .noon.addingTimeInterval($0), limit: 20) }
        for (name, body) in zip(["c.json", "a.json", "b.json"], bodies) {
            _ = try folder.write(body, to: name)
        }
        _ = try folder.write(market.document(at: .noon, limit: 9), to: "excerpt.json")
        _ = try folder.write(Array(#"{"data":{"message":"gone"}}"#.utf8), to: "gone.json")
        _ = try folder.write([1, 2], to: "notes.txt")

        var previous: String?
        for body in bodies + [bodies[2]] {
            let payload = try await ReplaySource(folder: folder.path).fetch(
                MarketRequest(wanted: 1, now: .noon, previousHash: previous))
            #expect(payload.pages.map(\.body) == [body])
            previous = SHA256.hex(body)
        }
    }

    @Test func `a folder without answers or none at all is an error`() async throws {
        let folder = try TemporaryFolder()
        let request = MarketRequest(now: .noon)

        await #expect(throws: ReplayError.noAnswers(folder.path)) {
            try await ReplaySource(folder: folder.path).fetch(request)
        }
        await #expect(throws: ReplayError.unreadable("/nowhere/x")) {
            try await ReplaySource(folder: "/nowhere/x").fetch(request)
        }
    }

    @Test(.enabled(if: Recorded.folder != nil, "the recorded answers are absent"))
    func `the recorded folder gives its 1000 assets`() async throws {
        let payload = try await ReplaySource(folder: Recorded.folder ?? "").fetch(MarketRequest(now: .noon))

        #expect(try SnapshotContent(payload).assets.count == 1_000)
    }

    @Test(arguments: [
        ("coincap", MarketSourceSetting.coincap), ("replay:a:b", .replay(folder: "a:b")),
        ("generated:7", .generated(seed: 7)),
    ])
    func `a setting names its source`(text: String, expected: MarketSourceSetting) throws {
        #expect(try MarketSourceSetting(text) == expected)
    }

    @Test(arguments: ["", "coin", "coincap:", "replay:", "replay", "generated:", "generated:-1", "generated"])
    func `a setting that names none is refused`(text: String) {
        #expect(throws: MarketSourceSettingError.self) { try MarketSourceSetting(text) }
    }
}
