import DagKitSQL

/// The tables of assets, named as in Airflow 3.
enum AssetTables {
    static let all: [SQLStatement] = [
        """
        create table asset (
            id integer primary key autoincrement,
            name varchar(1500) not null,
            uri varchar(1500) not null unique,
            "group" varchar(1500) not null,
            extra text not null,
            created_at timestamp not null,
            updated_at timestamp not null
        )
        """,
        """
        create table asset_active (
            name varchar(1500) not null,
            uri varchar(1500) not null references asset (uri) on delete cascade,
            primary key (name, uri)
        ) without rowid
        """,
        """
        create table asset_event (
            id integer primary key autoincrement,
            asset_id integer not null references asset (id) on delete cascade,
            extra text not null,
            source_task_id varchar(250),
            source_dag_id varchar(250),
            source_run_id varchar(250),
            source_map_index integer,
            timestamp timestamp not null
        )
        """,
        "create index asset_event_asset on asset_event (asset_id, id)",
        "create index asset_event_source on asset_event (source_dag_id, source_run_id)",
        """
        create table dag_schedule_asset_reference (
            asset_id integer not null references asset (id) on delete cascade,
            dag_id varchar(250) not null references dag (dag_id) on delete cascade,
            created_at timestamp not null,
            updated_at timestamp not null,
            -- ours
            position integer not null,
            primary key (asset_id, dag_id)
        ) without rowid
        """,
        """
        create table task_outlet_asset_reference (
            asset_id integer not null references asset (id) on delete cascade,
            dag_id varchar(250) not null references dag (dag_id) on delete cascade,
            task_id varchar(250) not null,
            created_at timestamp not null,
            updated_at timestamp not null,
            -- ours
            position integer not null,
            primary key (asset_id, dag_id, task_id)
        ) without rowid
        """,
        """
        create table task_inlet_asset_reference (
            asset_id integer not null references asset (id) on delete cascade,
            dag_id varchar(250) not null references dag (dag_id) on delete cascade,
            task_id varchar(250) not null,
            created_at timestamp not null,
            updated_at timestamp not null,
            -- ours
            position integer not null,
            primary key (asset_id, dag_id, task_id)
        ) without rowid
        """,
        "create index dag_schedule_asset_reference_dag on dag_schedule_asset_reference (dag_id)",
        "create index task_outlet_asset_reference_dag on task_outlet_asset_reference (dag_id)",
        "create index task_inlet_asset_reference_dag on task_inlet_asset_reference (dag_id)",
        """
        create table asset_dag_run_queue (
            asset_id integer not null references asset (id) on delete cascade,
            target_dag_id varchar(250) not null references dag (dag_id) on delete cascade,
            created_at timestamp not null,
            -- ours: the newest update, so that none is taken off the queue that a run was not created for
            event_id integer not null,
            primary key (asset_id, target_dag_id)
        ) without rowid
        """,
        """
        create table dagrun_asset_event (
            dag_run_id integer not null references dag_run (id) on delete cascade,
            event_id integer not null references asset_event (id) on delete cascade,
            primary key (dag_run_id, event_id)
        ) without rowid
        """,
        "create index dagrun_asset_event_event on dagrun_asset_event (event_id)",
        // Ours: the newest update that a run of the DAG was created for.
        "create table asset_consumer (dag_id varchar(250) primary key, event_id integer not null) without rowid",
    ]
}
