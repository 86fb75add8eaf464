import FoundationEssentials
import Glibc

/// A calm invented market that moves by half hours, in which a plan makes things happen.
///
/// Prices wander little, so that whatever stands out was put there: a rule that fires elsewhere is a false alarm.
struct SimulatedMarket {
    /// How many coins there are.
    static let coinCount = 120

    /// The coins that keep to one dollar.
    static let stableCoins = [7, 25]

    private var random: SimulatedRandom
    private var coins: [Coin]
    private var tide = 0.0
    private(set) var step = -1

    private struct Coin {
        var base: Double
        var drift = 0.0
        let supply: Double
        let isStable: Bool
        var volumeFactor = 1.0
        /// The prices of the last day, oldest first.
        var day: [Double] = []
        var price = 0.0
        var volume = 0.0
    }

    init(seed: UInt64) {
        random = SimulatedRandom(state: seed)
        coins = (0..<Self.coinCount).map { index in
            // Capitalisations far enough apart that ranks hold: the largest move of a quiet day is a few percent.
            let cap = 2e12 * pow(0.93, Double(index))
            let isStable = Self.stableCoins.contains(index)
            // No other price is near one dollar: by chance it would keep to it for a week.
            let price = isStable ? 1 : 3.7 * pow(10, Double(index * 7 % 9) - 4)
            return Coin(base: price, supply: cap / price, isStable: isStable)
        }
        // A day of the past, so that changes over 24 hours are known from the start.
        for _ in 0..<48 { move() }
        step = -1
    }

    /// The id of a coin.
    static func id(_ coin: Int) -> String { "coin-\(coin)" }

    /// Goes on by half an hour, with what the plan lets happen then.
    mutating func advance(_ events: [SimulatedEvent]) {
        for event in events {
            switch event {
            case .jump(let coin, let factor): coins[coin].base *= factor
            case .volume(let coin, let factor): coins[coin].volumeFactor *= factor
            }
        }
        move()
    }

    private mutating func move() {
        step += 1
        tide = tide * 0.995 + random.gauss() * 0.0008
        for index in coins.indices {
            let noise = random.gauss()
            coins[index].day.append(coins[index].price)
            if coins[index].day.count > 48 { coins[index].day.removeFirst() }
            if coins[index].isStable {
                coins[index].price = coins[index].base * (1 + noise * 0.0002)
            } else {
                coins[index].drift = coins[index].drift * 0.995 + noise * 0.0006
                coins[index].price = coins[index].base * exp(coins[index].drift + tide)
            }
            let turnover = 0.05 * exp(random.gauss() * 0.1) * coins[index].volumeFactor
            coins[index].volume = coins[index].price * coins[index].supply * turnover
        }
    }

    /// The answer to `GET /assets`, as CoinCap v3 writes it.
    ///
    /// - Parameter flaw: What is wrong with the data; `nil` for nothing.
    func document(at now: Date, flaw: SimulatedFlaw? = nil) -> String {
        let ranked = coins.enumerated().sorted {
            ($1.element.price * $1.element.supply, $0.offset) < (
                $0.element.price * $0.element.supply, $1.offset
            )
        }
        var items: [String] = []
        for (place, entry) in ranked.enumerated() {
            if flaw == .missingRank, place == 4 { continue }
            let isBroken = flaw == .negativePrice && place == 115
            items.append(Self.json(entry.element, id: entry.offset, rank: place + 1, isBroken: isBroken))
        }
        let milliseconds = Int64((now.timeIntervalSince1970 * 1_000).rounded())
        return "{\"data\":[\(items.joined(separator: ","))],\"timestamp\":\(milliseconds)}"
    }

    private static func json(_ coin: Coin, id: Int, rank: Int, isBroken: Bool) -> String {
        let change = (coin.price / (coin.day.first ?? coin.price) - 1) * 100
        let price = isBroken ? -coin.price : coin.price
        return
            "{\"id\":\"\(Self.id(id))\",\"rank\":\"\(rank)\",\"symbol\":\"C\(id)\",\"name\":\"Coin \(id)\","
            + "\"supply\":\"\(coin.supply)\",\"maxSupply\":null,\"marketCapUsd\":\"\(coin.price * coin.supply)\","
            + "\"volumeUsd24Hr\":\"\(coin.volume)\",\"priceUsd\":\"\(price)\",\"changePercent24Hr\":\"\(change)\","
            + "\"vwap24Hr\":\"\(coin.price)\",\"tokens\":{}}"
    }
}

/// What happens to a coin at one step.
enum SimulatedEvent {
    /// The price is multiplied, and stays.
    case jump(coin: Int, factor: Double)
    /// The volume is multiplied, and stays.
    case volume(coin: Int, factor: Double)
}

/// What is wrong with the data of an answer that is sound otherwise.
enum SimulatedFlaw {
    /// The coin of rank 5 is not there.
    case missingRank
    /// A coin far down has a price below zero.
    case negativePrice
}

/// Numbers by a seed (SplitMix64).
struct SimulatedRandom {
    var state: UInt64

    mutating func unit() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Double((mixed ^ (mixed >> 31)) >> 11) * 0x1p-53
    }

    /// A number of the standard normal distribution.
    mutating func gauss() -> Double {
        let radius = sqrt(-2 * log(1 - unit()))
        return radius * cos(2 * .pi * unit())
    }
}
