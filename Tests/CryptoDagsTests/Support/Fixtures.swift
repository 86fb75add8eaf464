import CryptoDags
import FoundationEssentials
import Glibc

/// A folder that is gone at the end of a test.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        let root = FileManager.default.temporaryDirectory.path
        path = "\(root)/crypto-\(UInt64.random(in: 0...UInt64.max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ bytes: [UInt8], to name: String) throws -> String {
        let file = "\(path)/\(name)"
        try Data(bytes).write(to: URL(filePath: file))
        return file
    }
}

/// Numbers by a seed, the same at each run.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// The recorded answers, which are not part of the project.
enum Recorded {
    /// The folder of recorded answers; `nil` where it is absent.
    static let folder: String? = {
        let root = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        let shared = getenv("DAGKIT_SHARED").map { String(cString: $0) }
        return [shared, "/\(root)/../shared", "/\(root)/../../shared"].compactMap { $0 }
            .map { "\($0)/data/coincap" }
            .first { FileManager.default.fileExists(atPath: $0) }
    }()

    static func bytes(_ name: String) throws -> [UInt8] {
        try Array(Data(contentsOf: URL(filePath: "\(folder ?? "")/\(name)")))
    }

    /// The recorded 1000 assets, or a synthetic twin of their shape, which says that it is one.
    static func thousandAssets() throws -> (bytes: [UInt8], isSynthetic: Bool) {
        if folder != nil { return (try bytes("assets-1000-2020-02-10-ardenthq.json"), false) }
        print("the recorded answers are absent: a synthetic twin stands in (set DAGKIT_SHARED)")
        return (GeneratedMarket(seed: 2020).document(at: .noon, limit: 1_000), true)
    }
}

extension Date {
    /// 2025-10-25 12:00:00 UTC.
    static let noon = Date(timeIntervalSince1970: 1_761_393_600)
}

extension RawAsset {
    /// A sound asset, of which a test changes what it is about.
    static func fixture(
        id: RawField = "bitcoin", rank: RawField = "1", symbol: RawField = "BTC", name: RawField = "Bitcoin",
        supply: RawField = "19965971.0", maxSupply: RawField = "21000000",
        marketCapUsd: RawField = "1342402146649.5",
        volumeUsd24Hr: RawField = "41020315364.905166625976562500", priceUsd: RawField = "67234.5",
        changePercent24Hr: RawField = "2.45", vwap24Hr: RawField = "66305.90262468117"
    ) -> RawAsset {
        RawAsset(
            id: id, rank: rank, symbol: symbol, name: name, supply: supply, maxSupply: maxSupply,
            marketCapUsd: marketCapUsd, volumeUsd24Hr: volumeUsd24Hr, priceUsd: priceUsd,
            changePercent24Hr: changePercent24Hr, vwap24Hr: vwap24Hr)
    }
}

extension MarketRow {
    /// A row of `rank` with sound values, of which a test changes what it is about.
    static func fixture(
        rank: Int = 1, id: String? = nil, price: Amount = 100, change: Amount? = 2,
        volume: Amount? = 5_000_000,
        supply: Amount? = nil, at timestamp: Date = .noon
    ) -> MarketRow {
        let supply = supply ?? Amount(1_000_000_000 / rank)
        let asset = RawAsset.fixture(
            id: .string(id ?? "coin-\(rank)"), rank: .string("\(rank)"), symbol: .string("C\(rank)"),
            name: .string("Coin \(rank)"), supply: .string("\(supply)"), maxSupply: .null,
            marketCapUsd: .string("\((try? supply.multiplied(by: price)) ?? 1)"),
            volumeUsd24Hr: volume.map { .string("\($0)") } ?? .null, priceUsd: .string("\(price)"),
            changePercent24Hr: change.map { .string("\($0)") } ?? .null, vwap24Hr: .string("\(price)"))
        return SnapshotProcessor().process([asset], timestamp: timestamp).rows[0]
    }

    /// A market of `count` sound rows, the price of each moved by `factor` percent.
    static func market(count: Int = 120, factor: Int = 100, at timestamp: Date = .noon) -> [MarketRow] {
        (1...count).map { rank in
            let price = Amount((1_000 - rank) * factor).divided(byPowerOfTen: 2)
            return .fixture(rank: rank, price: price, change: Amount(rank % 5 - 2), at: timestamp)
        }
    }
}
