#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What does not change about a coin of the invented market.
struct GeneratedCoin: Sendable {
    /// What a coin has no value for.
    struct Lacks: OptionSet {
        let rawValue: Int
        static let supply = Lacks(rawValue: 1)
        static let marketCap = Lacks(rawValue: 2)
        static let volume = Lacks(rawValue: 4)
        static let change = Lacks(rawValue: 8)
        static let vwap = Lacks(rawValue: 16)
    }

    let key: UInt64
    let id: String
    let symbol: String
    let name: String
    let basePrice: Double
    let supply: Double
    let maxSupply: Double?
    /// How far the coin follows the waves of the market; close to 0 for stable coins.
    let temper: Double
    /// The volume of a day as a share of the market capitalisation.
    let turnover: Double
    let lacks: Lacks
    let token: String?

    /// The coin's numbers where its waves stand at `today`, and stood at `yesterday` a day before.
    func quote(today: Double, yesterday: Double, volumeNoise: Double) -> GeneratedQuote {
        let price = basePrice * exp(temper * today)
        let change = (exp(temper * (today - yesterday)) - 1) * 100
        let volume = price * supply * turnover * exp(volumeNoise * 0.4 + change.magnitude * 0.02)
        let vwap = price * exp(temper * (yesterday - today) * 0.4)
        return GeneratedQuote(coin: self, price: price, change: change, volume: volume, vwap: vwap)
    }

    /// All coins of a market: first well-known names, then invented ones with ever smaller capitalisations.
    static func all(seed: UInt64, count: Int) -> [GeneratedCoin] {
        var coins = KnownCoin.all.prefix(count).enumerated().map { known(seed, $0.offset, $0.element) }
        var ids = Set(coins.map(\.id))
        for index in coins.count..<max(count, coins.count) {
            coins.append(invented(seed, index, taken: &ids, coins))
        }
        return coins
    }

    private static func known(_ seed: UInt64, _ index: Int, _ known: KnownCoin) -> GeneratedCoin {
        var random = GeneratedRandom(seed, key: UInt64(index))
        let price = known.isStable ? known.price : known.price * random.between(0.85, 1.15)
        var lacks: Lacks = []
        // In the top 100 CoinCap lacks only a few averages and changes.
        if index > 8, random.chance(0.04) { lacks.insert(.vwap) }
        if index > 20, random.chance(0.01) { lacks.insert(.change) }
        return GeneratedCoin(
            key: UInt64(index + 1), id: known.id, symbol: known.symbol, name: known.name, basePrice: price,
            supply: known.supply, maxSupply: known.maxSupply,
            temper: known.isStable ? 0.004 : random.between(0.8, 1.5), turnover: random.between(0.01, 0.08),
            lacks: lacks, token: random.chance(0.4) ? random.address() : nil)
    }

    private static func invented(
        _ seed: UInt64, _ index: Int, taken: inout Set<String>, _ coins: [GeneratedCoin]
    ) -> GeneratedCoin {
        var random = GeneratedRandom(seed, key: UInt64(index))
        let (id, name) = freshName(&random, &taken)
        let symbol = random.chance(0.045) ? coins[random.below(coins.count)].symbol : ticker(name, &random)
        // Capitalisations fall by a power of the rank, as the recorded ones do.
        let cap = 2.4e14 * pow(Double(index + 30), -3) * random.between(0.7, 1.4)
        let supply =
            random.chance(0.5) ? pow(10, random.between(5, 13)).rounded() : pow(10, random.between(4, 12))
        let distance = Double(index) / Double(GeneratedMarket.coinCount)
        return GeneratedCoin(
            key: UInt64(index + 1), id: id, symbol: symbol, name: name, basePrice: cap / supply,
            supply: supply, maxSupply: random.chance(0.25) ? supply * random.between(1, 4) : nil,
            temper: random.between(0.9, 2.6), turnover: pow(10, random.between(-6, -1)),
            lacks: lacks(distance, &random), token: random.chance(0.4) ? random.address() : nil)
    }

    /// Beyond a third of the list values are missing, the farther the more.
    private static func lacks(_ distance: Double, _ random: inout GeneratedRandom) -> Lacks {
        guard distance > 0.37 else { return random.chance(0.05) ? .vwap : [] }
        let depth = (distance - 0.37) / 0.63
        var lacks: Lacks = []
        if random.chance(depth * 0.31) { lacks.formUnion([.supply, .marketCap]) }
        if random.chance(depth * 0.55) { lacks.insert(.marketCap) }
        if random.chance(depth * 0.65) { lacks.formUnion([.volume, .change, .vwap]) }
        if random.chance(depth * 0.12) { lacks.insert(.change) }
        if random.chance(depth * 0.3) { lacks.insert(.vwap) }
        return lacks
    }

    private static func freshName(
        _ random: inout GeneratedRandom, _ taken: inout Set<String>
    ) -> (id: String, name: String) {
        let openings = [
            "Alta", "Bel", "Cor", "Dex", "Eon", "Flux", "Gala", "Hex", "Ion", "Juno", "Kilo", "Lum", "Mira",
            "Nova", "Orb", "Pyx", "Quor", "Rho", "Syn", "Tera", "Umbra", "Vex", "Xeno", "Yara", "Zeph",
        ]
        let middles = ["", "a", "ic", "o", "on", "us", "ver", "ex", "ara", "ium", "is", "ent"]
        let endings = [
            "", " Network", " Protocol", "coin", " Cash", " Token", " Finance", " Chain", " Gold", "X",
            " DAO",
            " Swap",
        ]
        var name = ""
        var id = ""
        repeat {
            name =
                openings[random.below(openings.count)] + middles[random.below(middles.count)]
                + endings[random.below(endings.count)]
            id = name.lowercased().split(separator: " ").joined(separator: "-")
        } while !taken.insert(id).inserted
        return (id, name)
    }

    private static func ticker(_ name: String, _ random: inout GeneratedRandom) -> String {
        let letters = name.uppercased().filter { $0 != " " }
        let length = 3 + random.below(2)
        let vowels: Set<Character> = ["A", "E", "I", "O", "U"]
        let consonants = letters.prefix(1) + letters.dropFirst().filter { !vowels.contains($0) }
        return String((consonants + letters).prefix(length))
    }
}

/// A generator of numbers by seed and key (SplitMix64), the same on every machine.
struct GeneratedRandom {
    private var state: UInt64

    init(_ seed: UInt64, key: UInt64) { state = Self.mix(seed &+ Self.mix(key &+ 0x1234_5678)) }

    /// A number from 0 to below 1 that only the three arguments decide.
    static func unit(_ seed: UInt64, _ key: UInt64, _ step: UInt64) -> Double {
        Double(mix(seed ^ mix(key ^ mix(step))) >> 11) * 0x1p-53
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mix(state)
    }

    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
    mutating func between(_ low: Double, _ high: Double) -> Double { low + (high - low) * unit() }
    mutating func chance(_ share: Double) -> Bool { unit() < share }
    mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }

    /// An invented token address.
    mutating func address() -> String {
        let hex = Array("0123456789abcdef")
        return "0x" + String((0..<40).map { _ in hex[below(16)] })
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value &+ 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
