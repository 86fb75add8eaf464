/// What version 2 adds: candles, thinned snapshots, the rows behind a verdict, mails and log lines by DAG.
///
/// The outbox is rebuilt, since a unique constraint cannot be altered here.
extension SQLiteTables {
    static let statementsOfVersion2 = [candles] + thinning + verdicts + outboxByDAG + indexesOfVersion2

    /// The prices of a coin over an hour or a day: what stays cheap when snapshots are many.
    ///
    /// The candle of a day starts at midnight of `date_import`, written as UTC.
    private static let candles = """
        create table crypto_bougies (
            source text not null, crypto_id text not null,
            periode text not null check (periode in ('heure', 'jour')), debut text not null,
            ouverture real not null, haut real not null, bas real not null, cloture real not null,
            volume_24h_usd real, market_cap_usd real, rang integer, points integer not null,
            origine text not null check (origine in ('instantane', 'historique')),
            primary key (source, periode, crypto_id, debut)) without rowid
        """

    /// A thinned snapshot keeps its line and totals; its rows and raw answer are gone.
    private static let thinning = [
        "alter table crypto_snapshots add column amincie integer not null default 0"
    ]

    private static let verdicts = [
        "alter table quality_results add column severity text not null default 'failure'",
        "alter table quality_results add column offenders text not null default '[]'",
        "alter table pipeline_logs add column dag_id text",
    ]

    /// Two DAGs have runs of the same id: the key of a mail names the DAG too.
    private static let outboxByDAG = [
        """
        create table outbox_2 (
            message_id text primary key, dag_id text not null, run_id text not null, kind text not null,
            recipient text not null, subject text not null, text text not null, html text not null,
            attachment text, attachment_name text,
            state text not null check (state in ('pending', 'sent', 'failed')), attempts integer not null,
            last_error text, created_at text not null, sent_at text,
            unique (dag_id, run_id, kind, recipient))
        """,
        """
        insert into outbox_2 (message_id, dag_id, run_id, kind, recipient, subject, text, html, state, attempts,
            last_error, created_at, sent_at)
        select message_id, case kind when 'alert' then 'crypto_monitoring' else 'crypto_data_pipeline' end, run_id,
            kind, recipient, subject, text, html, state, attempts, last_error, created_at, sent_at from outbox
        """,
        "drop table outbox", "alter table outbox_2 rename to outbox",
    ]

    private static let indexesOfVersion2 = [
        "create index outbox_state on outbox (state, created_at)",
        "create index crypto_raw_hash on crypto_raw (source, sha256)",
        "create index crypto_snapshots_jour on crypto_snapshots (source, date_import, fetched_at)",
        "create index crypto_snapshots_amincies on crypto_snapshots (amincie, fetched_at)",
        "create index crypto_bougies_debut on crypto_bougies (periode, debut)",
        "create index pipeline_logs_timestamp on pipeline_logs (timestamp)",
        "create index anomalies_detected on anomalies (source, detected_at)",
    ]
}

/// What version 3 adds: what rules look back on, packed (snapshots from before are read row by row), and indexes past
/// large columns.
extension SQLiteTables {
    static let statementsOfVersion3 = [
        """
        create table crypto_series (
            snapshot_id integer primary key references crypto_snapshots on delete cascade, points blob not null)
        """,
        "create index crypto_raw_fetched on crypto_raw (fetched_at, source)",
        "create index outbox_kind on outbox (kind, created_at)",
    ]
}
