public import DagKit
import FoundationEssentials

/// A folder of recorded answers, given one after another.
///
/// The answers are the `.json` files that hold a list of assets. Lists shorter than half of the longest are
/// excerpts and passed over. They are given in the order of their time, then of their names: first the
/// earliest, then always the one after the last that was loaded; the last one repeats, unchanged.
public struct ReplaySource: MarketSource {
    /// The folder.
    public let folder: String

    public var name: String { "replay:\(folder)" }

    /// Creates a source; the folder is read at each fetch.
    public init(folder: String) { self.folder = folder }

    public func fetch(_ request: MarketRequest) async throws -> SnapshotPayload {
        let recordings = try recordings()
        let last = recordings.lastIndex { $0.hash == request.previousHash }
        let next = last.map { min($0 + 1, recordings.count - 1) } ?? 0
        let answer = RawAnswer(
            headers: ["content-type": "application/json"], body: recordings[next].body,
            fetchedAt: request.now)
        return SnapshotPayload(source: name, pages: [answer], wanted: nil)
    }

    /// The prices of a coin in the recorded answers, oldest first, as `(milliseconds, text)`.
    ///
    /// - Throws: ``ReplayError``.
    public func prices(of id: String) throws -> [(time: Int64, price: String)] {
        try recordings().compactMap { recording in
            guard case .assets(let assets, _)? = try? AssetScanner.scan(recording.body),
                let price = assets.first(where: { $0[.id].text == id })?[.priceUsd].text
            else { return nil }
            return (recording.timestamp, price)
        }
    }

    private func recordings() throws -> [Recording] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder)
                .filter { $0.hasSuffix(".json") }.sorted()
        } catch { throw ReplayError.unreadable(folder) }
        var recordings: [Recording] = []
        for name in names {
            guard let data = FileManager.default.contents(atPath: "\(folder)/\(name)") else {
                throw ReplayError.unreadable("\(folder)/\(name)")
            }
            if let recording = Recording(name: name, body: Array(data)) { recordings.append(recording) }
        }
        let longest = recordings.map(\.count).max() ?? 0
        guard longest > 0 else { throw ReplayError.noAnswers(folder) }
        return recordings.filter { $0.count * 2 >= longest }
            .sorted { ($0.timestamp, $0.name) < ($1.timestamp, $1.name) }
    }

    /// One file that holds a list of assets.
    private struct Recording {
        let name: String
        let body: [UInt8]
        let count: Int
        let timestamp: Int64
        let hash: String

        init?(name: String, body: [UInt8]) {
            guard case .assets(let assets, let timestamp)? = try? AssetScanner.scan(body) else { return nil }
            self.name = name
            self.body = body
            self.count = assets.count
            self.timestamp = timestamp ?? 0
            self.hash = SHA256.hex(body)
        }
    }
}

/// Why a folder cannot be replayed.
public enum ReplayError: DagKitError, Equatable {
    case unreadable(String)
    case noAnswers(String)

    public var problem: String {
        switch self {
        case .unreadable(let path): "cannot read \"\(path)\""
        case .noAnswers(let folder): "no .json file of \"\(folder)\" holds a list of assets"
        }
    }

    public var remedy: String { "name a folder of recorded answers in crypto.source, as replay:FOLDER" }
}
