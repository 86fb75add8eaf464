import DagKitSQL

extension SQLiteSchema {
    /// Airflow 3's table, with what its `dag_code` holds; the structures that are stored already become versions in the
    /// order in which runs followed them first.
    static let versions: [SQLStatement] = [
        """
        create table dag_version (
            dag_id varchar(250) not null references dag (dag_id) on delete cascade,
            version_number integer not null,
            bundle_name varchar(250) not null,
            bundle_version varchar(250),
            created_at timestamp not null,
            last_updated timestamp not null,
            -- ours
            dag_hash varchar(32) not null,
            source_code text,
            primary key (dag_id, dag_hash),
            unique (dag_id, version_number)
        )
        """,
        """
        insert into dag_version (dag_id, version_number, bundle_name, created_at, last_updated, dag_hash)
        select dag_id, row_number() over (partition by dag_id order by first_seen, is_current, dag_hash), bundle,
            first_seen, last_updated, dag_hash
        from (
            select s.dag_id, s.dag_hash, d.bundle, s.last_updated, s.dag_hash = d.dag_hash as is_current,
                min(s.last_updated, coalesce(
                    (select min(r.queued_at) from dag_run r
                        where r.dag_id = s.dag_id and r.dag_hash = s.dag_hash),
                    s.last_updated)) as first_seen
            from serialized_dag s join dag d on d.dag_id = s.dag_id
        )
        """,
    ]
}
