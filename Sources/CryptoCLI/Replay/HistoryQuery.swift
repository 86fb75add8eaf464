import DagKit
import DagKitHTTPServer
import FoundationEssentials

/// What a request to `/assets/{id}/history` asks for.
struct HistoryQuery: Sendable {
    /// The coin.
    let id: String

    /// How far apart the points are, in seconds.
    let step: TimeInterval

    /// The first instant.
    let start: Date

    /// The instant before which points end.
    let end: Date

    private static let steps: [String: TimeInterval] = [
        "m1": 60, "m5": 300, "m15": 900, "m30": 1_800, "h1": 3_600, "h2": 7_200, "h6": 21_600, "h12": 43_200,
        "d1": 86_400,
    ]

    /// Reads the query; without a span it is the last day.
    ///
    /// - Throws: ``ReplayQueryError`` in CoinCap's words.
    init(id: String, _ query: HTTPQuery, now: Date) throws(ReplayQueryError) {
        guard let interval = query["interval"] else { throw ReplayQueryError(message: "missing interval") }
        guard let step = Self.steps[interval] else { throw ReplayQueryError(message: "invalid interval") }
        let end = try Self.instant(query["end"], named: "end") ?? now
        let start = try Self.instant(query["start"], named: "start") ?? end.addingTimeInterval(-86_400)
        guard start < end else { throw ReplayQueryError(message: "start must be before end") }
        self.id = id
        self.step = step
        self.start = start
        self.end = end
    }

    /// The answer from recorded prices: the first of each step; `nil` if none was recorded at all.
    func document(of prices: [(time: Int64, price: String)]) -> String? {
        guard !prices.isEmpty else { return nil }
        var seen: Set<Int64> = []
        let points = prices.filter { point in
            let seconds = Double(point.time) / 1_000
            return seconds >= start.timeIntervalSince1970 && seconds < end.timeIntervalSince1970
                && seen.insert(Int64(seconds / step)).inserted
        }
        let list = points.map { point -> JSONValue in
            let date = Date(timeIntervalSince1970: Double(point.time) / 1_000)
            return [
                "priceUsd": .string(point.price), "time": .integer(point.time), "date": .string(date.isoText),
            ]
        }
        let timestamp = Int64((end.timeIntervalSince1970 * 1_000).rounded(.down))
        return JSONValue.object(["data": .array(list), "timestamp": .integer(timestamp)]).text
    }

    private static func instant(_ text: String?, named name: String) throws(ReplayQueryError) -> Date? {
        guard let text else { return nil }
        guard let milliseconds = Int64(text), (0...253_402_300_799_000).contains(milliseconds) else {
            throw ReplayQueryError(message: "invalid \(name)")
        }
        return Date(timeIntervalSince1970: Double(milliseconds) / 1_000)
    }
}
