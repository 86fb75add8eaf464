/// The views, the same on every database; each shows complete snapshots of the active source only.
enum MarketViews {
    static let statements = [complete, closes, realTime, latest, dashboard, summary]

    /// The columns of the original table, in their order.
    private static let seedColumns = """
        h.id, h.crypto_id, h.rang, h.symbole, h.nom, h.supply_circulant, h.supply_max, h.market_cap_usd,
        h.volume_24h_usd, h.prix_usd, h.variation_24h_pourcent, h.vwap_24h, h.timestamp_import,
        h.market_cap_milliards, h.volume_24h_millions, h.date_import, h.heure_import, h.categorie,
        h.tendance, h.created_at, h.snapshot_id, h.market_cap_derivee, h.source
        """

    private static let complete = """
        create view crypto_snapshots_actifs as
        select * from crypto_snapshots
        where complete and source = (select value from crypto_settings where name = 'active_source')
        """

    /// The last snapshot of each day.
    private static let closes = """
        create view crypto_clotures as
        select snapshot_id from (
            select snapshot_id, row_number() over (
                partition by date_import order by fetched_at desc, snapshot_id desc) as place
            from crypto_snapshots_actifs) places
        where place = 1
        """

    private static let realTime = """
        create view crypto_temps_reel as
        select \(seedColumns) from crypto_historique h
        where h.snapshot_id in (select snapshot_id from crypto_clotures)
        """

    private static let latestRows = """
        select \(seedColumns) from crypto_historique h
        where h.snapshot_id = (
            select snapshot_id from crypto_snapshots_actifs order by fetched_at desc, snapshot_id desc limit 1)
        """

    private static let latest = "create view crypto_latest as \(latestRows)"

    private static let dashboard = "create view crypto_dashboard as \(latestRows)"

    private static let summary = """
        create view market_summary as
        select s.date_import, s.snapshot_id, s.asset_count - s.rejected_count as nombre_cryptos,
            s.market_cap_total, s.volume_total, s.variation_moyenne, s.hausses, s.baisses, s.stables,
            d.market_cap_min, d.market_cap_max, d.volume_min, d.volume_max, d.snapshots, s.source
        from crypto_snapshots_actifs s
        join (select date_import, min(market_cap_total) as market_cap_min,
                max(market_cap_total) as market_cap_max, min(volume_total) as volume_min,
                max(volume_total) as volume_max, count(*) as snapshots
            from crypto_snapshots_actifs group by date_import) d on d.date_import = s.date_import
        where s.snapshot_id in (select snapshot_id from crypto_clotures)
        """
}
