/// What the original's monitoring left.
extension SeedMigration {
    /// Each line stands on the snapshot that was the newest then: its totals summed all snapshots of the day, and are taken
    /// from that one instead. What a line said itself, the time and the anomalies, stays; lines from before any snapshot
    /// stay in the old table only.
    static let stats = """
        do $$
        begin
            if to_regclass('seed_monitoring_stats') is null then return; end if;
            insert into monitoring_stats (timestamp, run_id, snapshot_id, source, total_cryptos, market_cap_total,
                volume_total, variation_moyenne, variation_mediane, anomalies_detected, snapshot_age_seconds)
            select m.at, 'seed__' || m.place, s.snapshot_id, s.source, s.asset_count, s.market_cap_total,
                s.volume_total, s.variation_moyenne,
                (select percentile_cont(0.5) within group (order by h.variation_24h_pourcent::double precision)
                    from crypto_historique h where h.snapshot_id = s.snapshot_id),
                m.anomalies, extract(epoch from m.at - s.fetched_at)::bigint
            from (select at, anomalies, row_number() over (order by at, old_id) as place
                from (select pg_temp.instant(j ->> 'timestamp', null, null, j ->> 'created_at') as at,
                        pg_temp.exact(j ->> 'id') as old_id,
                        coalesce(pg_temp.exact(j ->> 'anomalies_detected')::integer, 0) as anomalies
                    from (select to_jsonb(t) as j from seed_monitoring_stats t) as texts) as read
                where at is not null) m
            join lateral (select * from crypto_snapshots s where s.source = 'coincap-v2' and s.fetched_at <= m.at
                order by s.fetched_at desc limit 1) s on true
            order by m.at, m.place;
        end $$
        """
}
