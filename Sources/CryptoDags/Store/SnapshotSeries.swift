import FoundationEssentials

/// The prices, volumes and ranks of a snapshot in one value, for the rules that look back.
///
/// They read hundreds of snapshots at a time: row by row that would take a hundred times as long. The bytes are, all
/// little-endian: the number of coins and the length of their names (UInt32 each), the names in order, each behind its
/// length (UInt16), then all prices (Double), all volumes (Double, NaN for none) and all ranks (UInt32).
struct SnapshotSeries {
    /// The names with their lengths: equal bytes are equal coins.
    let coins: ArraySlice<UInt8>

    private let bytes: [UInt8]
    private let count: Int

    /// Packs rows.
    static func pack(_ rows: [MarketRow]) -> [UInt8] {
        // In the order of names, which changes less often than that of ranks.
        let rows = rows.sorted { $0.cryptoID < $1.cryptoID }
        var names: [UInt8] = []
        for row in rows {
            append(UInt16(row.cryptoID.utf8.count), to: &names)
            names += Array(row.cryptoID.utf8)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 + names.count + 20 * rows.count)
        append(UInt32(rows.count), to: &bytes)
        append(UInt32(names.count), to: &bytes)
        bytes += names
        for row in rows { append(row.prixUsd.doubleValue.bitPattern, to: &bytes) }
        for row in rows { append((row.volume24hUsd?.doubleValue ?? .nan).bitPattern, to: &bytes) }
        for row in rows { append(UInt32(row.rang), to: &bytes) }
        return bytes
    }

    /// Reads packed rows; `nil` if the bytes are damaged.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= 8 else { return nil }
        let count = Int(Self.load(UInt32.self, bytes, at: 0))
        let length = Int(Self.load(UInt32.self, bytes, at: 4))
        guard bytes.count == 8 + length + 20 * count else { return nil }
        self.bytes = bytes
        self.count = count
        coins = bytes[8..<8 + length]
    }

    /// The names of the coins, in order; `nil` if they are damaged.
    var names: [String]? {
        var names: [String] = []
        var position = coins.startIndex
        while position < coins.endIndex {
            guard position + 2 <= coins.endIndex else { return nil }
            let length = Int(Self.load(UInt16.self, bytes, at: position))
            guard position + 2 + length <= coins.endIndex else { return nil }
            names.append(String(decoding: coins[position + 2..<position + 2 + length], as: UTF8.self))
            position += 2 + length
        }
        return names.count == count ? names : nil
    }

    /// The point of the coin at a position of ``names``.
    func point(_ index: Int, at instant: Date) -> MarketPoint {
        let prices = coins.endIndex
        let volume = Double(
            bitPattern: Self.load(UInt64.self, bytes, at: prices + 8 * (count + index)))
        return MarketPoint(
            at: instant,
            price: Double(bitPattern: Self.load(UInt64.self, bytes, at: prices + 8 * index)),
            volume: volume.isNaN ? nil : volume,
            rank: Int(Self.load(UInt32.self, bytes, at: prices + 16 * count + 4 * index)))
    }

    private static func append<Number: FixedWidthInteger>(_ number: Number, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private static func load<Number: FixedWidthInteger & BitwiseCopyable>(
        _ type: Number.Type, _ bytes: [UInt8], at offset: Int
    ) -> Number {
        bytes.withUnsafeBytes { Number(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: type)) }
    }
}

extension MarketHistory {
    /// Adds the points of packed snapshots, one after another, of some coins.
    struct Collector {
        private(set) var history = MarketHistory()
        private let wanted: Set<String>
        private var coins: ArraySlice<UInt8> = []
        /// The position of each wanted coin in a snapshot and in the history, as long as snapshots have the same coins.
        private var places: [(index: Int, slot: Int)] = []

        private let capacity: Int

        /// - Parameter capacity: How many snapshots will come.
        init(of ids: [String], capacity: Int) {
            wanted = Set(ids)
            self.capacity = capacity
        }

        /// Adds a snapshot; whether its bytes could be read.
        mutating func add(_ bytes: [UInt8], at instant: Date) -> Bool {
            guard let series = SnapshotSeries(bytes) else { return false }
            if series.coins != coins {
                guard let names = series.names else { return false }
                coins = series.coins
                places = names.enumerated().filter { wanted.contains($0.element) }
                    .map { ($0.offset, history.slot(of: $0.element, capacity: capacity)) }
            }
            for place in places { history.append(series.point(place.index, at: instant), slot: place.slot) }
            return true
        }

        /// Adds a point of a coin.
        mutating func add(_ point: MarketPoint, of id: String) {
            if wanted.contains(id) { history.append(point, to: id) }
        }
    }
}
