public import FoundationEssentials

/// One coin of one snapshot, with the columns of the table `crypto_historique`.
///
/// Property names follow the columns, whose names users' queries depend on.
public struct MarketRow: Hashable, Sendable {
    /// The slug that identifies the coin; `crypto_id`.
    public var cryptoID: String

    /// The position by market capitalisation, from 1; `rang`.
    public var rang: Int

    /// The ticker as given, not unique; `symbole`.
    public var symbole: String

    /// The name that people read; `nom`.
    public var nom: String

    /// The circulating supply; `supply_circulant`.
    public var supplyCirculant: Amount?

    /// The largest supply there can be; `supply_max`.
    public var supplyMax: Amount?

    /// The market capitalisation, as given or derived; `market_cap_usd`.
    public var marketCapUsd: Amount?

    /// Whether ``marketCapUsd`` is our product of supply and price; `market_cap_derivee`.
    public var marketCapDerivee: Bool

    /// The volume of 24 hours; `volume_24h_usd`.
    public var volume24hUsd: Amount?

    /// The price, above zero; `prix_usd`.
    public var prixUsd: Amount

    /// The change over 24 hours in %, to 10 decimals; `variation_24h_pourcent`.
    public var variation24hPourcent: Amount?

    /// The volume-weighted average price of 24 hours; `vwap_24h`.
    public var vwap24h: Amount?

    /// The time of the data; `timestamp_import`.
    public var timestampImport: Date

    /// The market capitalisation in 10^9 USD, to 6 decimals; `market_cap_milliards`.
    public var marketCapMilliards: Amount?

    /// The volume in 10^6 USD, to 6 decimals; `volume_24h_millions`.
    public var volume24hMillions: Amount?

    /// The day of the data in the calendar of the deployment; `date_import`.
    public var dateImport: String

    /// The time of day of the data; `heure_import`.
    public var heureImport: String

    /// The class by market capitalisation.
    public var categorie: MarketCategory

    /// The class by change.
    public var tendance: MarketTrend

    /// Creates a row whose classes and scaled columns are given.
    public init(
        cryptoID: String, rang: Int, symbole: String, nom: String, supplyCirculant: Amount?,
        supplyMax: Amount?, marketCapUsd: Amount?, marketCapDerivee: Bool, volume24hUsd: Amount?,
        prixUsd: Amount, variation24hPourcent: Amount?, vwap24h: Amount?, timestampImport: Date,
        marketCapMilliards: Amount?, volume24hMillions: Amount?, dateImport: String, heureImport: String,
        categorie: MarketCategory, tendance: MarketTrend
    ) {
        self.cryptoID = cryptoID
        self.rang = rang
        self.symbole = symbole
        self.nom = nom
        self.supplyCirculant = supplyCirculant
        self.supplyMax = supplyMax
        self.marketCapUsd = marketCapUsd
        self.marketCapDerivee = marketCapDerivee
        self.volume24hUsd = volume24hUsd
        self.prixUsd = prixUsd
        self.variation24hPourcent = variation24hPourcent
        self.vwap24h = vwap24h
        self.timestampImport = timestampImport
        self.marketCapMilliards = marketCapMilliards
        self.volume24hMillions = volume24hMillions
        self.dateImport = dateImport
        self.heureImport = heureImport
        self.categorie = categorie
        self.tendance = tendance
    }
}
