public import FoundationEssentials

/// One answer of a market source, as it came.
public struct RawAnswer: Hashable, Sendable, Codable {
    /// The HTTP status; 200 for sources that do not speak HTTP.
    public var status: Int

    /// The headers that say something about the answer, by lowercase name.
    public var headers: [String: String]

    /// The body, decoded from any transfer compression.
    public var body: [UInt8]

    /// When the answer was there.
    public var fetchedAt: Date

    /// Creates an answer; of the headers only ``keptHeaders`` are kept.
    public init(status: Int = 200, headers: [String: String] = [:], body: [UInt8], fetchedAt: Date) {
        self.status = status
        self.headers = [:]
        for (name, value) in headers where Self.keptHeaders.contains(name.lowercased()) {
            self.headers[name.lowercased()] = value
        }
        self.body = body
        self.fetchedAt = fetchedAt
    }

    /// The headers worth storing; none of them can hold a secret.
    public static let keptHeaders: Set<String> = [
        "age", "content-encoding", "content-type", "date", "etag", "retry-after", "server",
        "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset",
    ]
}

/// The answers of one fetch: one page, or several where more assets are wanted than a page holds.
public struct SnapshotPayload: Hashable, Sendable {
    /// Which source gave it, as it is stored in the column `source`.
    public let source: String

    /// The answers in the order of their pages; never empty.
    public let pages: [RawAnswer]

    /// How many assets were asked for; `nil` if the source gives what it has.
    public let wanted: Int?

    /// Creates a payload.
    ///
    /// - Precondition: There is at least one page.
    public init(source: String, pages: [RawAnswer], wanted: Int?) {
        precondition(!pages.isEmpty)
        self.source = source
        self.pages = pages
        self.wanted = wanted
    }

    /// When the first page was fetched: what a live snapshot is stamped with.
    public var fetchedAt: Date { pages[0].fetchedAt }
}

/// The parsed assets of a payload.
public struct SnapshotContent: Hashable, Sendable {
    /// The assets in the order of the pages, each id once.
    public let assets: [RawAsset]

    /// The time that the first page gave to its data.
    public let apiTimestamp: Date?

    /// The times of the earliest and the latest page, where pages gave one.
    public let apiTimestamps: ClosedRange<Date>?

    /// The ids that came twice: ranks moved between two pages.
    public let repeatedIDs: [String]

    /// Parses a payload page by page.
    ///
    /// - Throws: ``CoinCapError`` by the rules of the answer's status and body.
    public init(_ payload: SnapshotPayload) throws(CoinCapError) {
        var assets: [RawAsset] = []
        var seen: Set<String> = []
        var repeated: [String] = []
        var timestamps: [Date?] = []
        for (index, page) in payload.pages.enumerated() {
            let list = try AnswerClassifier.assets(of: page, isFirstPage: index == 0)
            timestamps.append(list.timestamp)
            for asset in list.assets {
                // Only what another page gave is a repetition; twice on one page is the source's fault and
                // the business of the quality checks.
                if index > 0, let id = asset.text(.id), seen.contains(id) {
                    repeated.append(id)
                } else {
                    assets.append(asset)
                }
            }
            guard payload.pages.count > 1 else { break }
            for asset in list.assets { if let id = asset.text(.id) { seen.insert(id) } }
        }
        let known = timestamps.compactMap { $0 }
        self.assets = assets
        self.apiTimestamp = timestamps[0]
        self.apiTimestamps = known.min().flatMap { first in known.max().map { first...$0 } }
        self.repeatedIDs = repeated
    }
}
