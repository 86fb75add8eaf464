public import DagKit
public import FoundationEssentials

/// Where snapshots of the market come from.
///
/// ```swift
/// let source: any MarketSource = GeneratedSource(seed: 1)
/// let payload = try await source.fetch(MarketRequest(wanted: 250, now: now))
/// ```
public protocol MarketSource: Sendable {
    /// The name that every row carries, so that views never mix two sources.
    var name: String { get }

    /// Makes the one fetch of a run.
    ///
    /// - Throws: ``CoinCapError``, ``ReplayError`` or what the transport throws.
    func fetch(_ request: MarketRequest) async throws -> SnapshotPayload
}

/// What a fetch asks for.
public struct MarketRequest: Hashable, Sendable {
    /// How many assets are wanted; a replay gives whole files.
    public var wanted: Int

    /// The time of the fetch, which stamps what a source makes up or reads.
    public var now: Date

    /// The hash of the last payload that was loaded from the source, after which a replay goes on.
    public var previousHash: String?

    /// Creates a request.
    public init(wanted: Int = 250, now: Date, previousHash: String? = nil) {
        self.wanted = wanted
        self.now = now
        self.previousHash = previousHash
    }
}

/// The setting `crypto.source`: which source a deployment reads.
///
/// ```swift
/// try MarketSourceSetting("replay:recorded")  // .replay(folder: "recorded")
/// ```
public enum MarketSourceSetting: Hashable, Sendable {
    case coincap
    case replay(folder: String)
    case generated(seed: UInt64)

    /// Reads `coincap`, `replay:FOLDER` or `generated:SEED`.
    ///
    /// - Throws: ``MarketSourceSettingError``.
    public init(_ text: String) throws(MarketSourceSettingError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        switch (parts[0], parts.count == 2 ? String(parts[1]) : nil) {
        case ("coincap", nil): self = .coincap
        case ("replay", let folder?) where !folder.isEmpty: self = .replay(folder: folder)
        case ("generated", let seed?):
            guard let number = UInt64(seed) else { throw .seed(seed) }
            self = .generated(seed: number)
        default: throw .unknown(text)
        }
    }

    /// Whether the data must be fresh and must move; else such checks only inform.
    public var isLive: Bool { self == .coincap }
}

/// Why a text is no ``MarketSourceSetting``.
public enum MarketSourceSettingError: DagKitError, Equatable {
    case unknown(String)
    case seed(String)

    public var problem: String {
        switch self {
        case .unknown(let text): "crypto.source \"\(text)\" is no market source"
        case .seed(let text): "the seed \"\(text)\" of crypto.source is no whole number from 0"
        }
    }

    public var remedy: String { "write coincap, replay:FOLDER or generated:SEED" }
}
