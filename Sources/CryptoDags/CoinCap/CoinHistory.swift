import DagKit
public import FoundationEssentials

/// How far apart the points of a coin's history are.
public enum HistoryInterval: String, CaseIterable, Hashable, Sendable {
    case hour = "h1"
    case day = "d1"

    /// The candles that it fills.
    public var period: CandlePeriod { self == .hour ? .hour : .day }

    /// The longest span that one call asks for: CoinCap gives a month of hours and a year of days.
    public var longestSpan: TimeInterval { self == .hour ? 30 * 86_400 : 365 * 86_400 }
}

/// A price of a coin at an instant of its past.
public struct CoinPrice: Hashable, Sendable {
    /// When.
    public let at: Date

    /// The price in USD.
    public let price: Amount

    /// Creates a price.
    public init(at: Date, price: Amount) {
        self.at = at
        self.price = price
    }
}

extension CoinCapSource {
    /// The prices of a coin over a span, from `/assets/{id}/history`: one call, which costs a credit.
    ///
    /// - Throws: ``CoinCapError``.
    public func history(
        of id: String, every interval: HistoryInterval, from start: Date, to end: Date
    ) async throws -> [CoinPrice] {
        try configuration.requireKey()
        let milliseconds = { (date: Date) in Int64((date.timeIntervalSince1970 * 1_000).rounded()) }
        let query = "interval=\(interval.rawValue)&start=\(milliseconds(start))&end=\(milliseconds(end))"
        return try await repeating(seed: UInt64(bitPattern: milliseconds(start))) { usage in
            let answer = try await get("\(configuration.assetsURL)/\(Self.encoded(id))/history?\(query)")
            guard answer.status == 200 else {
                throw AnswerClassifier.failure(
                    of: answer, query: query, address: "\(configuration.host)/assets/\(id)/history",
                    usage: usage)
            }
            do throws(AssetScanError) { return try HistoryScanner.scan(answer.body) } catch {
                throw AnswerClassifier.unexpectedBody(answer, cause: error.problem)
            }
        }
    }

    /// An id as a segment of a path: ids are opaque text.
    static func encoded(_ id: String) -> String {
        let digits = Array("0123456789ABCDEF")
        var text = ""
        for byte in id.utf8 {
            let isPlain =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || byte == 0x2D || byte == 0x2E || byte == 0x5F || byte == 0x7E
            if isPlain {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += "%" + String([digits[Int(byte >> 4)], digits[Int(byte & 15)]])
            }
        }
        return text
    }
}

/// Reads the answer of `/assets/{id}/history`.
enum HistoryScanner {
    /// The prices in the order of the answer; points without a usable price or time are left out.
    static func scan(_ bytes: [UInt8]) throws(AssetScanError) -> [CoinPrice] {
        var json = JSONReader(bytes)
        try json.open()
        guard try json.peek() == .object else { throw .notAnObject }
        var points: [CoinPrice]?
        var isForeign = false
        try json.eachMember { key, json throws(AssetScanError) in
            guard json.text(of: key) == "data" else { return try json.skipValue() }
            guard try json.peek() == .array else {
                isForeign = true
                return try json.skipValue()
            }
            var list: [CoinPrice] = []
            try json.eachElement { json throws(AssetScanError) in
                guard try json.peek() == .object else { throw .dataOfWrongType }
                if let point = try point(&json) { list.append(point) }
            }
            points = list
        }
        try json.close()
        guard let points else { throw isForeign ? .dataOfWrongType : .noData }
        return points
    }

    private static func point(_ json: inout JSONReader) throws(AssetScanError) -> CoinPrice? {
        var price: Amount?
        var time: Int64?
        try json.eachMember { key, json throws(AssetScanError) in
            switch json.text(of: key) {
            case "priceUsd": price = try json.scalarText().flatMap { try? Amount($0) }
            case "time": time = try json.scalarText().flatMap { Int64($0) }
            default: try json.skipValue()
            }
        }
        guard let price, price > .zero, let time, (946_684_800_000...4_102_444_800_000).contains(time) else {
            return nil
        }
        return CoinPrice(at: Date(microseconds: time * 1_000), price: price)
    }
}
