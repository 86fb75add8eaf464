public import FoundationEssentials

/// Turns raw assets into the rows of a snapshot: the native processing engine.
///
/// It is a pure function of its input; every engine must give the same rows, cell by cell.
///
/// ```swift
/// let processor = SnapshotProcessor()
/// let snapshot = processor.process(content.assets, timestamp: content.apiTimestamp ?? payload.fetchedAt)
/// ```
public struct SnapshotProcessor: Sendable {
    /// The bounds of the classes.
    public var thresholds: MarketThresholds

    /// The calendar of `date_import` and `heure_import`.
    public var calendar: MarketCalendar

    /// Creates a processor.
    public init(thresholds: MarketThresholds = MarketThresholds(), calendar: MarketCalendar = .utc) {
        self.thresholds = thresholds
        self.calendar = calendar
    }

    /// The rows of the assets, stamped with the time of the data.
    public func process(_ assets: [RawAsset], timestamp: Date) -> ProcessedSnapshot {
        ProcessedSnapshot(joining: [part(of: assets, assets.indices, timestamp: timestamp)])
    }

    /// The same rows, made on several cores where there are many assets.
    ///
    /// - Parameter cores: How many; each part but the first is moved once more when all are joined.
    public func processConcurrently(
        _ assets: [RawAsset], timestamp: Date, cores: Int = 2
    ) async -> ProcessedSnapshot {
        precondition(cores > 0)
        let size = max(Self.smallestPart, (assets.count + cores - 1) / cores)
        guard size < assets.count else { return process(assets, timestamp: timestamp) }
        let parts = await withTaskGroup(of: (Int, SnapshotPart).self) { group in
            for start in stride(from: 0, to: assets.count, by: size) {
                group.addTask {
                    let range = start..<min(start + size, assets.count)
                    return (start, part(of: assets, range, timestamp: timestamp))
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        return ProcessedSnapshot(joining: parts.sorted { $0.0 < $1.0 }.map(\.1))
    }

    /// Fewer assets than this are done before another core has begun.
    private static let smallestPart = 4_096

    private func part(of assets: [RawAsset], _ range: Range<Int>, timestamp: Date) -> SnapshotPart {
        // The first part takes up the others.
        var part = SnapshotPart(capacity: range.lowerBound == 0 ? assets.count : range.count)
        let day = calendar.day(of: timestamp)
        let time = calendar.time(of: timestamp)
        for index in range {
            var reader = AssetReader(asset: assets[index], position: index + 1)
            do throws(AssetReader.Rejection) {
                let identity = try reader.identity()
                let row = row(identity, &reader, timestamp: timestamp, day: day, time: time)
                part.add(row, faults: reader.faults, isRankedByPosition: reader.isRankedByPosition)
            } catch {
                part.reject(
                    RejectedAsset(
                        position: index + 1, cryptoID: reader.id, field: error.field, reason: error.reason))
            }
        }
        return part
    }

    private func row(
        _ identity: AssetReader.Identity, _ reader: inout AssetReader, timestamp: Date, day: String,
        time: String
    ) -> MarketRow {
        let supply = reader.amount(.supply, .notNegative)
        let givenCap = reader.amount(.marketCapUsd, .notNegative)
        let volume = reader.amount(.volumeUsd24Hr, .notNegative)
        let change = reader.amount(.changePercent24Hr, .change)
        let derivedCap = givenCap == nil ? supply.flatMap { try? $0.multiplied(by: identity.price) } : nil
        let cap = givenCap ?? derivedCap
        return MarketRow(
            cryptoID: identity.id, rang: identity.rank, symbole: identity.symbol, nom: identity.name,
            supplyCirculant: supply, supplyMax: reader.amount(.maxSupply, .notNegative),
            marketCapUsd: cap, marketCapDerivee: derivedCap != nil, volume24hUsd: volume,
            prixUsd: identity.price, variation24hPourcent: change?.rounded(toPlaces: 10),
            vwap24h: reader.amount(.vwap24Hr, .positive), timestampImport: timestamp,
            marketCapMilliards: cap?.divided(byPowerOfTen: 9, roundedTo: 6),
            volume24hMillions: volume?.divided(byPowerOfTen: 6, roundedTo: 6), dateImport: day,
            heureImport: time,
            // CoinCap withholds the cap of coins that hardly trade: our product of a stale price does not
            // put them into a class. The trend is decided on the change before it is rounded.
            categorie: MarketCategory(marketCap: givenCap, thresholds: thresholds),
            tendance: MarketTrend(change: change, thresholds: thresholds))
    }
}
