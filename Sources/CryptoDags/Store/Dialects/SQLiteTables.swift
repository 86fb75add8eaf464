/// The tables of version 1 on SQLite.
///
/// SQLite has no exact decimals: a column `x` of type REAL, which queries compare, has a companion
/// `x_exact` with all digits, which our arithmetic reads. Instants are UTC text, Booleans 0 or 1.
enum SQLiteTables {
    /// The columns that have an exact companion.
    static let decimals = [
        "supply_circulant", "supply_max", "market_cap_usd", "volume_24h_usd", "prix_usd",
        "variation_24h_pourcent",
        "vwap_24h", "market_cap_milliards", "volume_24h_millions",
    ]

    static let statements =
        [settings, raw, snapshots, history] + historyIndexes + [logs, stats, usage, reports]
        + [outbox, anomalies, alerts, quality]

    private static let settings = """
        create table crypto_settings (name text primary key, value text not null)
        """

    private static let raw = """
        create table crypto_raw (
            dag_id text not null, run_id text not null, source text not null, sha256 text not null,
            encoding text not null, body blob not null, size integer not null, answers text not null,
            wanted integer, fetched_at text not null, primary key (dag_id, run_id))
        """

    private static let snapshots = """
        create table crypto_snapshots (
            snapshot_id integer primary key autoincrement, source text not null, api_timestamp text,
            fetched_at text not null, dag_id text not null, run_id text not null, sha256 text not null,
            wanted integer, asset_count integer not null, rejected_count integer not null,
            complete integer not null default 0, quality_score integer, raw_path text not null,
            date_import text not null, market_cap_total real not null, market_cap_total_exact text not null,
            volume_total real not null, volume_total_exact text not null, variation_moyenne real,
            hausses integer not null, baisses integer not null, stables integer not null, problems text not null,
            unchanged_runs integer not null default 0, unchanged_run_id text, unique (source, sha256))
        """

    private static let history = """
        create table crypto_historique (
            id integer primary key autoincrement,
            snapshot_id integer not null references crypto_snapshots on delete cascade,
            crypto_id text not null check (length(crypto_id) between 1 and 100),
            rang integer not null check (rang > 0), symbole text not null, nom text not null,
            supply_circulant real check (supply_circulant >= 0), supply_max real check (supply_max >= 0),
            market_cap_usd real check (market_cap_usd >= 0), volume_24h_usd real check (volume_24h_usd >= 0),
            prix_usd real not null check (prix_usd > 0),
            variation_24h_pourcent real check (variation_24h_pourcent between -100 and 100000),
            vwap_24h real check (vwap_24h > 0), timestamp_import text not null,
            market_cap_milliards real, volume_24h_millions real, date_import text not null,
            heure_import text not null, categorie text not null, tendance text not null,
            created_at text not null, market_cap_derivee integer not null, source text not null,
            supply_circulant_exact text, supply_max_exact text, market_cap_usd_exact text,
            volume_24h_usd_exact text, prix_usd_exact text not null, variation_24h_pourcent_exact text,
            vwap_24h_exact text, market_cap_milliards_exact text, volume_24h_millions_exact text,
            unique (snapshot_id, crypto_id))
        """

    private static let historyIndexes = [
        "create index crypto_historique_crypto on crypto_historique (crypto_id, timestamp_import desc)",
        "create index crypto_historique_date on crypto_historique (date_import, rang)",
        "create index crypto_historique_symbole on crypto_historique (symbole)",
        "create index crypto_snapshots_fetched on crypto_snapshots (source, fetched_at)",
    ]

    private static let logs = """
        create table pipeline_logs (
            id integer primary key autoincrement, operation text not null, records_affected integer not null,
            timestamp text not null,
            status text not null check (status in ('success', 'warning', 'failed', 'skipped')),
            run_id text, task_id text, duration_ms integer, detail text)
        """

    private static let stats = """
        create table monitoring_stats (
            id integer primary key autoincrement, timestamp text not null, run_id text not null unique,
            snapshot_id integer not null, source text not null, total_cryptos integer not null,
            market_cap_total real not null, market_cap_total_exact text not null, volume_total real not null,
            variation_moyenne real, variation_mediane real, anomalies_detected integer not null,
            snapshot_age_seconds integer not null)
        """

    private static let usage = """
        create table api_usage (
            provider text not null, month text not null, calls integer not null, credits integer not null,
            primary key (provider, month))
        """

    private static let reports = """
        create table reports (
            date text not null, kind text not null, source text not null, snapshot_id integer not null,
            text text not null, html text not null, json text not null, created_at text not null,
            primary key (date, kind, source))
        """

    private static let outbox = """
        create table outbox (
            message_id text primary key, run_id text not null, kind text not null, recipient text not null,
            subject text not null, text text not null, html text not null,
            state text not null check (state in ('pending', 'sent', 'failed')), attempts integer not null,
            last_error text, created_at text not null, sent_at text, unique (run_id, kind, recipient))
        """

    private static let anomalies = """
        create table anomalies (
            id integer primary key autoincrement, snapshot_id integer not null, source text not null,
            crypto_id text not null, symbole text not null, nom text not null, rang integer not null,
            rule text not null, direction text not null, severity text not null, value real not null,
            baseline real not null, threshold real not null, score real not null, detected_at text not null,
            unique (snapshot_id, crypto_id, rule, direction))
        """

    private static let alerts = """
        create table anomaly_alerts (
            source text not null, crypto_id text not null, rule text not null, direction text not null,
            day text not null, alerted_at text not null, magnitude real not null,
            primary key (source, crypto_id, rule, direction, day))
        """

    private static let quality = """
        create table quality_results (
            snapshot_id integer not null references crypto_snapshots on delete cascade,
            check_name text not null, verdict text not null, rows integer not null, message text not null,
            checked_at text not null, primary key (snapshot_id, check_name))
        """
}
