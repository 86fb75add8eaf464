/// From the tables of the original system to ours, on PostgreSQL, in one transaction: nothing of theirs is lost.
///
/// What has a name of ours is set aside under `seed_…`, as it was. Then each import of the original becomes a
/// complete snapshot of `coincap-v2`, which its data came from: rows that were doubled by retries count once, and rows without identity, rank or
/// price stay in the old table only. Numbers are read in their shortest text form, so no digit is made up; categories
/// and trends are found anew by our rules. Old instants have no zone and are taken for UTC. Lines of the log and of the
/// monitoring come along too.
enum SeedMigration {
    /// What comes before the tables are made.
    static let before = [
        "set local timezone to 'UTC'",
        """
        do $$
        declare name text; kind "char";
        begin
            for name, kind in
                select relname, relkind from pg_class
                where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p', 'v', 'm')
                    and relname in (\(names.map { "'\($0)'" }.joined(separator: ", ")))
            loop
                execute format('alter %s %I rename to %I',
                    case kind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end,
                    name, 'seed_' || name);
            end loop;
        end $$
        """,
    ]

    /// What comes after.
    static let after =
        [exact, instant, rows, snapshots, history, candles("heure", "date_trunc('hour', s.fetched_at)")]
        + [candles("jour", "s.date_import::timestamptz"), source, logs, stats, drop]

    /// The names that our tables and views take.
    private static let names = [
        "crypto_temps_reel", "crypto_historique", "crypto_snapshots", "crypto_raw", "crypto_settings",
        "crypto_bougies", "crypto_latest", "crypto_dashboard", "crypto_snapshots_actifs", "crypto_clotures",
        "market_summary", "pipeline_logs", "monitoring_stats", "api_usage", "reports", "outbox", "anomalies",
        "anomaly_alerts", "quality_results",
    ]

    /// A number with all the digits that its text has; NULL for what is none, or too large for the column.
    private static let exact = """
        create function pg_temp.exact(it text) returns numeric language sql immutable as $$
            select case when it ~ '^[+-]?[0-9]*\\.?[0-9]+([eE][+-]?[0-9]{1,3})?$' and abs(it::numeric) < 1e20
                then round(it::numeric, 18) end
        $$
        """

    /// The instant of an import: milliseconds or seconds, a date with a time, else day and hour, else the row's own.
    private static let instant = """
        create function pg_temp.instant(stamp text, day text, hour text, made text) returns timestamptz
        language plpgsql immutable as $$
        begin
            if stamp ~ '^[0-9]{13}$' then return to_timestamp(stamp::numeric / 1000); end if;
            if stamp ~ '^[0-9]{10}$' then return to_timestamp(stamp::numeric); end if;
            begin
                return coalesce(nullif(stamp, '')::timestamptz, (day || ' ' || hour)::timestamptz, made::timestamptz);
            exception when others then
                begin
                    return coalesce((day || ' ' || hour)::timestamptz, made::timestamptz);
                exception when others then
                    return nullif(made, '')::timestamptz;
                end;
            end;
        end $$
        """

    /// The rows that can be told apart, the last of those that a retry doubled.
    private static let rows = """
        create temporary table seed_rows on commit drop as
        select distinct on (at, crypto_id) * from (
            select pg_temp.instant(j ->> 'timestamp_import', j ->> 'date_import', j ->> 'heure_import',
                    j ->> 'created_at') as at,
                pg_temp.exact(j ->> 'id') as old_id, trim(j ->> 'crypto_id') as crypto_id,
                pg_temp.exact(j ->> 'rang')::integer as rang, trim(j ->> 'symbole') as symbole,
                trim(j ->> 'nom') as nom, pg_temp.exact(j ->> 'supply_circulant') as supply_circulant,
                pg_temp.exact(j ->> 'supply_max') as supply_max,
                pg_temp.exact(j ->> 'market_cap_usd') as market_cap_usd,
                pg_temp.exact(j ->> 'volume_24h_usd') as volume_24h_usd,
                pg_temp.exact(j ->> 'prix_usd') as prix_usd,
                pg_temp.exact(j ->> 'variation_24h_pourcent') as variation,
                pg_temp.exact(j ->> 'vwap_24h') as vwap_24h, j ->> 'date_import' as day,
                j ->> 'heure_import' as hour, j ->> 'created_at' as made
            from (select to_jsonb(t) as j from seed_crypto_temps_reel t) as texts) as read
        where at is not null and length(crypto_id) between 1 and 100 and rang > 0 and prix_usd > 0
            and symbole is not null and nom is not null
        order by at, crypto_id, old_id desc nulls last
        """

    private static let snapshots = """
        insert into crypto_snapshots (source, api_timestamp, fetched_at, dag_id, run_id, sha256, asset_count,
            rejected_count, complete, raw_path, date_import, market_cap_total, volume_total, variation_moyenne,
            hausses, baisses, stables, problems)
        select 'coincap-v2', at, at, 'crypto_data_pipeline', 'seed__' || to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS.US'),
            'seed:' || to_char(at, 'YYYYMMDDHH24MISSUS'), count(*), 0, true, 'seed_crypto_temps_reel',
            coalesce(min(case when day ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' then day::date end), at::date),
            coalesce(sum(market_cap_usd) filter (where market_cap_usd >= 0), 0),
            coalesce(sum(volume_24h_usd) filter (where volume_24h_usd >= 0), 0), avg(variation)::double precision,
            count(*) filter (where variation >= 1), count(*) filter (where variation <= -1),
            count(*) filter (where variation > -1 and variation < 1),
            '{"rejected":[],"faults":[],"duplicates":[],"rankedByPosition":[]}'
        from seed_rows group by at order by at
        """

    private static let history = """
        insert into crypto_historique (snapshot_id, crypto_id, rang, symbole, nom, supply_circulant, supply_max,
            market_cap_usd, volume_24h_usd, prix_usd, variation_24h_pourcent, vwap_24h, timestamp_import,
            market_cap_milliards, volume_24h_millions, date_import, heure_import, categorie, tendance, created_at,
            market_cap_derivee, source)
        select s.snapshot_id, r.crypto_id, r.rang, r.symbole, r.nom,
            case when r.supply_circulant >= 0 then r.supply_circulant end,
            case when r.supply_max >= 0 then r.supply_max end,
            case when r.market_cap_usd >= 0 then r.market_cap_usd end,
            case when r.volume_24h_usd >= 0 then r.volume_24h_usd end, r.prix_usd,
            case when r.variation between -100 and 100000 then r.variation end,
            case when r.vwap_24h > 0 then r.vwap_24h end, r.at,
            case when r.market_cap_usd >= 0 then round(r.market_cap_usd / 1e9, 6) end,
            case when r.volume_24h_usd >= 0 then round(r.volume_24h_usd / 1e6, 6) end, s.date_import,
            case when r.hour ~ '^([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$' then r.hour::time(0)
                else r.at::time(0) end,
            case when r.market_cap_usd >= 200e9 then 'mega_cap' when r.market_cap_usd >= 10e9 then 'large_cap'
                when r.market_cap_usd >= 1e9 then 'mid_cap' when r.market_cap_usd >= 100e6 then 'small_cap'
                when r.market_cap_usd > 0 then 'micro_cap' else 'inconnue' end,
            case when r.variation >= 5 then 'forte_hausse' when r.variation >= 1 then 'hausse'
                when r.variation > -1 then 'stable' when r.variation > -5 then 'baisse'
                when r.variation <= -5 then 'forte_baisse' else 'inconnue' end,
            coalesce(pg_temp.instant(null, null, null, r.made), r.at), false, 'coincap-v2'
        from seed_rows r join crypto_snapshots s on s.source = 'coincap-v2' and s.fetched_at = r.at
        order by r.at, r.rang
        """

    private static func candles(_ period: String, _ start: String) -> String {
        """
        insert into crypto_bougies (source, crypto_id, periode, debut, ouverture, haut, bas, cloture, volume_24h_usd,
            market_cap_usd, rang, points, origine)
        select 'coincap-v2', h.crypto_id, '\(period)', \(start),
            (array_agg(h.prix_usd order by s.fetched_at))[1], max(h.prix_usd), min(h.prix_usd),
            (array_agg(h.prix_usd order by s.fetched_at desc))[1],
            (array_agg(h.volume_24h_usd order by s.fetched_at desc))[1],
            (array_agg(h.market_cap_usd order by s.fetched_at desc))[1],
            (array_agg(h.rang order by s.fetched_at desc))[1], count(*), 'instantane'
        from crypto_historique h join crypto_snapshots s on s.snapshot_id = h.snapshot_id
        group by h.crypto_id, \(start)
        """
    }

    private static let source = """
        insert into crypto_settings (name, value) values ('active_source', 'coincap-v2') on conflict (name) do nothing
        """

    /// Other words for a status stand beside it, as they were.
    private static let logs = """
        do $$
        begin
            if to_regclass('seed_pipeline_logs') is null then return; end if;
            insert into pipeline_logs (operation, records_affected, timestamp, status, detail)
            select coalesce(j ->> 'operation', 'unknown'),
                coalesce(pg_temp.exact(j ->> 'records_affected')::bigint, 0),
                pg_temp.instant(j ->> 'timestamp', null, null, j ->> 'created_at'),
                case when lower(j ->> 'status') in ('success', 'warning', 'failed', 'skipped')
                        then lower(j ->> 'status')
                    when j ->> 'status' ~* 'err|fail|échec|echec' then 'failed' else 'success' end,
                j::json
            from (select to_jsonb(t) as j from seed_pipeline_logs t) as texts
            where pg_temp.instant(j ->> 'timestamp', null, null, j ->> 'created_at') is not null
            order by pg_temp.instant(j ->> 'timestamp', null, null, j ->> 'created_at');
        end $$
        """

    /// The functions would live as long as the session.
    private static let drop = "drop function pg_temp.exact(text), pg_temp.instant(text, text, text, text)"
}
