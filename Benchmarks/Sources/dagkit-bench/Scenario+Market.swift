import CryptoDags
import DagKit
import FoundationEssentials
import Glibc

extension Scenario {
    static let market: [Scenario] = [
        Scenario(name: "market-2000", about: "2000 assets from JSON text to rows, and into a store") { _ in
            try await smallMarket(SyntheticAssets(count: 2_000))
        },
        Scenario(name: "market-million", about: "1,000,000 assets from a file to rows, against pandas") {
            try await largeMarket(SyntheticAssets(count: 1_000_000), python: $0.python)
        },
    ]

    private static func smallMarket(_ assets: SyntheticAssets) async throws -> [Finding] {
        let body = assets.document()
        var rows = 0
        var times: [Double] = []
        for _ in 0..<50 {
            let start = Machine.nanoseconds()
            rows = try await snapshot(of: body).rows.count
            times.append(Machine.seconds(since: start) * 1000)
        }
        let statistics = Statistics(times)
        let store = try await stored(body, runs: 10)
        let name = "\(assets.count) assets, \(body.count / 1024) KiB of JSON, to \(rows) rows"
        return [
            .figure("\(name), median of 50", "\(fixed(statistics.median, 2)) ms"),
            .figure("\(name), best of 50", "\(fixed(statistics.best, 2)) ms"),
            .figure("the same, and stored in SQLite, median of 10", "\(fixed(store, 1)) ms"),
        ]
    }

    /// What a run stores of an answer, in a file.
    private static func stored(_ body: [UInt8], runs: Int) async throws -> Double {
        let store = try await MarketStore.open(inHome: TemporaryFolders.make(), now: Date())
        var times: [Double] = []
        for run in 0..<runs {
            let start = Machine.nanoseconds()
            // Each answer differs, or it would be known.
            let bytes = body + Array(String(repeating: " ", count: run).utf8)
            let payload = SnapshotPayload(
                source: "synthetic", pages: [RawAnswer(body: bytes, fetchedAt: Date())], wanted: nil)
            let kept = try await store.save(payload, for: PipelineRun(runID: "run-\(run)"))
            let content = try SnapshotContent(payload)
            try await store.load(
                SnapshotLoad(kept, content: content, snapshot: await processed(content), now: Date()))
            times.append(Machine.seconds(since: start) * 1000)
        }
        await store.database.close()
        return Statistics(times).median
    }

    private static func largeMarket(_ assets: SyntheticAssets, python: String?) async throws -> [Finding] {
        let file = "\(try TemporaryFolders.make())/assets.json"
        let size = try write(assets, to: file)
        let cpu = ProcessTreeUsage().cpuSeconds
        let start = Machine.nanoseconds()
        let snapshot = try await snapshot(of: Machine.bytes(of: file))
        let wall = Machine.seconds(since: start)
        let used = ProcessTreeUsage().cpuSeconds - cpu
        let name =
            "\(assets.count) assets, \(size >> 20) MiB of JSON in a file, to \(snapshot.rows.count) rows"
        let ours: [Finding] = [
            .figure("\(name), exact decimals", "\(fixed(wall, 2)) s"),
            .figure("the same, processor time", "\(fixed(used, 2)) s"),
        ]
        guard let python else { return ours }
        let theirs = try pandas(file, python: python)
        try compare(theirs, with: snapshot)
        let seconds = theirs["wall"].flatMap { Double($0.text) } ?? .nan
        return ours + [
            .figure(
                "the same file by pandas \(theirs["pandas"]?.string ?? ""), Doubles", "\(fixed(seconds, 2)) s"
            ),
            .figure("how many times longer pandas took", fixed(seconds / wall, 1)),
        ]
    }

    private static func write(_ assets: SyntheticAssets, to file: String) throws -> Int {
        let document = assets.document()
        try Data(document).write(to: URL(filePath: file))
        return document.count
    }

    private static func pandas(_ file: String, python: String) throws -> JSONValue {
        let script = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let program = try Program(python, ["/\(script)/pandas/market.py", file])
        var lines: [String] = []
        while let line = program.nextLine() { lines.append(line) }
        guard program.wait() == 0, let last = lines.last else { throw BenchmarkFailure("pandas failed") }
        return try JSONValue(parsing: last)
    }

    /// Both must have made the same table: else one of them was fast at something else.
    private static func compare(_ theirs: JSONValue, with ours: ProcessedSnapshot) throws {
        let count = { (classes: [String]) in
            JSONValue.object(
                Dictionary(classes.map { ($0, 1) }, uniquingKeysWith: +).mapValues { .integer(Int64($0)) })
        }
        guard theirs["rows"]?.integer == Int64(ours.rows.count),
            theirs["categorie"] == count(ours.rows.map(\.categorie.rawValue)),
            theirs["tendance"] == count(ours.rows.map(\.tendance.rawValue))
        else { throw BenchmarkFailure("pandas has made another table: \(theirs)") }
    }

    private static func snapshot(of body: [UInt8]) async throws -> ProcessedSnapshot {
        let answer = RawAnswer(body: body, fetchedAt: Date())
        return await processed(
            try SnapshotContent(SnapshotPayload(source: "synthetic", pages: [answer], wanted: nil)))
    }

    private static func processed(_ content: SnapshotContent) async -> ProcessedSnapshot {
        await SnapshotProcessor().processConcurrently(
            content.assets, timestamp: content.apiTimestamp ?? Date())
    }
}
