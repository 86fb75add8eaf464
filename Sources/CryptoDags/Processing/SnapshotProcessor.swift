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
        var snapshot = ProcessedSnapshot()
        snapshot.rows.reserveCapacity(assets.count)
        let day = calendar.day(of: timestamp)
        let time = calendar.time(of: timestamp)
        var seen: Set<String> = []
        seen.reserveCapacity(assets.count)
        for (index, asset) in assets.enumerated() {
            var reader = AssetReader(asset: asset, position: index + 1)
            do throws(AssetReader.Rejection) {
                let identity = try reader.identity()
                guard seen.insert(identity.id).inserted else {
                    snapshot.duplicateIDs.append(identity.id)
                    continue
                }
                let row = row(identity, &reader, timestamp: timestamp, day: day, time: time)
                snapshot.rows.append(row)
                snapshot.faults += reader.faults
                if reader.isRankedByPosition { snapshot.rankedByPosition.append(identity.id) }
            } catch {
                let rejected = RejectedAsset(
                    position: index + 1, cryptoID: reader.id, field: error.field, reason: error.reason)
                snapshot.rejected.append(rejected)
            }
        }
        return snapshot
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
