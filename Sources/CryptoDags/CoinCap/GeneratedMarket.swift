import DagKit
public import FoundationEssentials

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// An invented market of 1000 coins that moves like a real one.
///
/// Everything is a function of the seed and the time: equal seeds give equal coins, and a coin's price at an
/// instant is always the same, so that its change over 24 hours is true to what the market gave a day before.
/// The far ranks lack values and share tickers as CoinCap's do.
///
/// ```swift
/// let market = GeneratedMarket(seed: 1)
/// let answer = market.document(at: now, limit: 250)
/// ```
public struct GeneratedMarket: Sendable {
    /// The seed.
    public let seed: UInt64

    /// How many coins there are.
    public static let coinCount = 1_000

    private let coins: [GeneratedCoin]

    /// Creates the market of a seed.
    public init(seed: UInt64) {
        self.seed = seed
        coins = GeneratedCoin.all(seed: seed, count: Self.coinCount)
    }

    /// The coins at an instant, best rank first.
    func quotes(at now: Date) -> [GeneratedQuote] {
        let time = now.timeIntervalSince1970
        // What moves the whole market is the same for all coins: it is worked out once.
        let market = Self.wave(seed: seed, key: 0, at: time)
        let marketYesterday = Self.wave(seed: seed, key: 0, at: time - 86_400)
        let quotes = coins.map { coin in
            coin.quote(
                today: market + Self.wave(seed: seed, key: coin.key, at: time),
                yesterday: marketYesterday + Self.wave(seed: seed, key: coin.key, at: time - 86_400),
                volumeNoise: Self.noise(seed: seed, key: coin.key &+ 7_777_777, at: time / 5_400))
        }
        return quotes.sorted { $0.rankingWeight > $1.rankingWeight }
    }

    /// The logarithm of a price's factor: waves from a month down to a minute.
    private static func wave(seed: UInt64, key: UInt64, at time: Double) -> Double {
        octaves.enumerated().reduce(0) { sum, octave in
            let octaveKey = key &* 16 &+ UInt64(octave.offset)
            let period = octave.element.seconds
            return sum + octave.element.height * noise(seed: seed, key: octaveKey, at: time / period)
        }
    }

    private static let octaves: [(seconds: Double, height: Double)] = [
        (2_592_000, 0.28), (345_600, 0.09), (64_800, 0.035), (10_800, 0.012), (1_500, 0.004), (60, 0.0006),
    ]

    /// Smooth noise between -1 and 1 with a new value at each whole number.
    private static func noise(seed: UInt64, key: UInt64, at position: Double) -> Double {
        let floor = position.rounded(.down)
        let fraction = position - floor
        let step = UInt64(bitPattern: Int64(max(-9e15, min(9e15, floor))))
        let left = GeneratedRandom.unit(seed, key, step) * 2 - 1
        let right = GeneratedRandom.unit(seed, key, step &+ 1) * 2 - 1
        return left + (right - left) * fraction * fraction * (3 - 2 * fraction)
    }
}

/// Answers in the shape of v3.
extension GeneratedMarket {
    /// The answer to `GET /assets?limit=&offset=`.
    public func document(at now: Date, limit: Int, offset: Int = 0) -> [UInt8] {
        let all = quotes(at: now)
        let page = all.dropFirst(max(0, offset)).prefix(max(0, limit))
        var text = "{\"data\":["
        for (index, quote) in page.enumerated() {
            if index > 0 { text += "," }
            text += quote.json(rank: max(0, offset) + index + 1)
        }
        text += "],\"timestamp\":\(Self.milliseconds(now))}"
        return Array(text.utf8)
    }

    /// The answer to `GET /assets/{id}`; `nil` if there is no such coin.
    public func document(at now: Date, id: String) -> [UInt8]? {
        let all = quotes(at: now)
        guard let index = all.firstIndex(where: { $0.coin.id == id }) else { return nil }
        let json = all[index].json(rank: index + 1)
        return Array("{\"data\":\(json),\"timestamp\":\(Self.milliseconds(now))}".utf8)
    }

    /// The answer to `GET /assets/{id}/history`: a point at each multiple of `step` seconds from `start` on and before
    /// `end`; `nil` if there is no such coin.
    public func history(of id: String, every step: TimeInterval, from start: Date, to end: Date) -> [UInt8]? {
        guard let coin = coins.first(where: { $0.id == id }) else { return nil }
        var points: [String] = []
        var time = (start.timeIntervalSince1970 / step).rounded(.up) * step
        while time < end.timeIntervalSince1970, points.count < 20_000 {
            let wave =
                Self.wave(seed: seed, key: 0, at: time) + Self.wave(seed: seed, key: coin.key, at: time)
            let price = FixedDecimals.text(coin.quote(today: wave, yesterday: wave, volumeNoise: 0).price)
            let date = Date(timeIntervalSince1970: time)
            points.append(
                "{\"priceUsd\":\"\(price)\",\"time\":\(Self.milliseconds(date)),\"date\":\"\(date.isoText)\"}"
            )
            time += step
        }
        return Array(
            "{\"data\":[\(points.joined(separator: ","))],\"timestamp\":\(Self.milliseconds(end))}".utf8)
    }

    private static func milliseconds(_ now: Date) -> Int64 {
        Int64((now.timeIntervalSince1970 * 1_000).rounded(.down))
    }
}

/// A coin of the invented market at one instant.
struct GeneratedQuote {
    let coin: GeneratedCoin
    let price: Double
    let change: Double
    let volume: Double
    let vwap: Double

    var marketCap: Double { price * coin.supply }

    /// Coins without a market capitalisation stand behind all others.
    var rankingWeight: Double { coin.lacks.contains(.marketCap) ? marketCap * 1e-12 : marketCap }

    func json(rank: Int) -> String {
        let fields = [
            "\"id\":\(Self.quoted(coin.id))", "\"rank\":\"\(rank)\"",
            "\"symbol\":\(Self.quoted(coin.symbol))",
            "\"name\":\(Self.quoted(coin.name))",
            "\"supply\":\(Self.fixed(coin.lacks.contains(.supply) ? nil : coin.supply))",
            "\"maxSupply\":\(Self.fixed(coin.maxSupply))",
            "\"marketCapUsd\":\(Self.fixed(coin.lacks.contains(.marketCap) ? nil : marketCap))",
            "\"volumeUsd24Hr\":\(Self.fixed(coin.lacks.contains(.volume) ? nil : volume))",
            "\"priceUsd\":\(Self.fixed(price))",
            "\"changePercent24Hr\":\(Self.plain(coin.lacks.contains(.change) ? nil : change))",
            "\"vwap24Hr\":\(Self.plain(coin.lacks.contains(.vwap) ? nil : vwap))",
            "\"explorer\":\"https://explorer.example/\(coin.id)\"",
            "\"tokens\":\(coin.token.map { "{\"1\":[\(Self.quoted($0))]}" } ?? "{}")",
        ]
        return "{" + fields.joined(separator: ",") + "}"
    }

    /// 18 decimals, as v3 prints most numbers.
    private static func fixed(_ number: Double?) -> String {
        number.map { "\"\(FixedDecimals.text($0))\"" } ?? "null"
    }

    /// The shortest text of a Double, as v3 prints changes and averages.
    private static func plain(_ number: Double?) -> String { number.map { "\"\($0)\"" } ?? "null" }

    private static func quoted(_ text: String) -> String {
        "\"" + text.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] } + "\""
    }
}
