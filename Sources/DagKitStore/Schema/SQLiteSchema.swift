package import DagKitSQL

/// The store's tables in SQLite.
///
/// Names of tables and columns are those of Airflow 2.10 where it has them; the columns below
/// `-- ours` are ours. Instants are UTC text with microseconds, so that text order is time order. JSON is `text`: a
/// column declared `json` would have numeric affinity and turn the output `"1"` into a number.
package struct SQLiteSchema: SchemaDialect {
    package let migrations = [
        Migration(
            version: 1, name: "create the tables",
            statements: runs + runDetails + dags + settings + housekeeping),
        Migration(
            version: 2, name: "keep what is asked of running tasks, and count clears", statements: requests),
        Migration(version: 3, name: "name the instances of mapped tasks", statements: mapNames),
        // Each change of a task's state paid for it, and what is active is found by the runs that have not finished.
        Migration(
            version: 4, name: "drop the index of active tasks",
            statements: ["drop index task_instance_active"]),
        Migration(version: 5, name: "keep what people are to be told", statements: notices),
        Migration(version: 6, name: "keep what callbacks are told of tasks and runs", statements: callbacks),
        Migration(version: 7, name: "keep backfills", statements: backfills),
        Migration(version: 8, name: "keep assets and their updates", statements: AssetTables.all),
        Migration(
            version: 9, name: "keep the deadlines that runs missed",
            statements: ["alter table dag_run add column missed_deadlines text"]),
        Migration(version: 10, name: "keep what tasks wait for", statements: waits),
        Migration(version: 11, name: "number the versions of dags", statements: versions),
    ]

    package let tableNames: SQLStatement = "select name from sqlite_schema where type = 'table'"

    package init() {}

    /// The log of events, and the state that folds from it.
    private static let runs: [SQLStatement] = [
        """
        create table event (
            id integer primary key autoincrement,
            at timestamp not null,
            dag_id varchar(250) not null,
            run_id varchar(250) not null,
            kind varchar(50) not null,
            task_id varchar(250),
            map_index integer not null default -1,
            try_number integer,
            attempt_id bigint,
            reason text,
            detail text,
            actor varchar(500) not null
        )
        """,
        "create index event_run on event (dag_id, run_id, id)",
        """
        create table dag_run (
            id integer primary key autoincrement,
            dag_id varchar(250) not null,
            run_id varchar(250) not null,
            run_type varchar(50) not null,
            state varchar(50) not null,
            queued_at timestamp not null,
            execution_date timestamp,
            start_date timestamp,
            end_date timestamp,
            external_trigger boolean not null,
            conf text not null,
            data_interval_start timestamp,
            data_interval_end timestamp,
            last_scheduling_decision timestamp,
            dag_hash varchar(32) not null,
            updated_at timestamp not null,
            clear_number integer not null default 0,
            -- ours
            run_after timestamp not null,
            triggered_by varchar(500),
            reason text,
            revision bigint not null,
            unique (dag_id, run_id),
            unique (dag_id, execution_date)
        )
        """,
        "create index dag_run_state on dag_run (dag_id, state)",
        "create index dag_run_newest on dag_run (dag_id, run_after)",
        "create index dag_run_unfinished on dag_run (run_after) where state in ('queued', 'running')",
        "create index dag_run_interval on dag_run (run_type, dag_id, data_interval_start)",
        """
        create table task_instance (
            dag_id varchar(250) not null,
            run_id varchar(250) not null,
            task_id varchar(250) not null,
            map_index integer not null default -1,
            state varchar(20),
            try_number integer not null,
            max_tries integer not null,
            start_date timestamp,
            end_date timestamp,
            duration float,
            queued_dttm timestamp,
            pool varchar(256) not null,
            pool_slots integer not null,
            queue varchar(256) not null,
            priority_weight integer not null,
            operator varchar(1000) not null,
            hostname varchar(1000),
            pid integer,
            updated_at timestamp not null,
            -- ours
            position integer not null,
            attempt_id bigint,
            next_try_at timestamp,
            reason text,
            cpu_seconds float,
            peak_memory bigint,
            read_bytes bigint,
            written_bytes bigint,
            context_switches bigint,
            primary key (dag_id, run_id, task_id, map_index),
            foreign key (dag_id, run_id) references dag_run (dag_id, run_id) on delete cascade
        ) without rowid
        """,
        """
        create index task_instance_active on task_instance (state, pool)
            where state in ('scheduled', 'queued', 'running', 'up_for_retry', 'restarting', 'deferred')
        """,
        """
        create table task_instance_history (
            id integer primary key autoincrement,
            dag_id varchar(250) not null,
            run_id varchar(250) not null,
            task_id varchar(250) not null,
            map_index integer not null default -1,
            state varchar(20),
            try_number integer not null,
            max_tries integer not null,
            start_date timestamp,
            end_date timestamp,
            duration float,
            queued_dttm timestamp,
            pool varchar(256) not null,
            pool_slots integer not null,
            queue varchar(256) not null,
            priority_weight integer not null,
            operator varchar(1000) not null,
            hostname varchar(1000),
            pid integer,
            updated_at timestamp not null,
            -- ours
            attempt_id bigint,
            next_try_at timestamp,
            reason text,
            cpu_seconds float,
            peak_memory bigint,
            read_bytes bigint,
            written_bytes bigint,
            context_switches bigint,
            foreign key (dag_id, run_id) references dag_run (dag_id, run_id) on delete cascade
        )
        """,
        "create index task_instance_history_run on task_instance_history (dag_id, run_id, task_id)",
        "create table counter (name varchar(50) primary key, value bigint not null) without rowid",
    ]

    /// What belongs to a run besides its states.
    private static let runDetails: [SQLStatement] = [
        """
        create table xcom (
            dag_id varchar(250) not null,
            run_id varchar(250) not null,
            task_id varchar(250) not null,
            map_index integer not null default -1,
            key varchar(512) not null,
            value text not null,
            timestamp timestamp not null,
            -- ours
            type_name text not null,
            element_count integer,
            primary key (dag_id, run_id, task_id, map_index, key),
            foreign key (dag_id, run_id) references dag_run (dag_id, run_id) on delete cascade
        )
        """,
        """
        create table rendered_task_instance_fields (
            dag_id varchar(250) not null,
            run_id varchar(250) not null,
            task_id varchar(250) not null,
            map_index integer not null default -1,
            rendered_fields text not null,
            primary key (dag_id, run_id, task_id, map_index),
            foreign key (dag_id, run_id) references dag_run (dag_id, run_id) on delete cascade
        )
        """,
        """
        create table task_reschedule (
            id integer primary key autoincrement,
            dag_id varchar(250) not null,
            run_id varchar(250) not null,
            task_id varchar(250) not null,
            map_index integer not null default -1,
            try_number integer not null,
            start_date timestamp not null,
            end_date timestamp not null,
            duration integer not null,
            reschedule_date timestamp not null,
            foreign key (dag_id, run_id) references dag_run (dag_id, run_id) on delete cascade
        )
        """,
        "create index task_reschedule_run on task_reschedule (dag_id, run_id, task_id, map_index)",
        """
        create table dag_run_note (
            dag_run_id integer primary key references dag_run (id) on delete cascade,
            content varchar(1000),
            created_at timestamp not null,
            updated_at timestamp not null,
            -- ours
            author varchar(500)
        )
        """,
        """
        create table task_instance_note (
            dag_id varchar(250) not null,
            run_id varchar(250) not null,
            task_id varchar(250) not null,
            map_index integer not null default -1,
            content varchar(1000),
            created_at timestamp not null,
            updated_at timestamp not null,
            -- ours
            author varchar(500),
            primary key (dag_id, run_id, task_id, map_index),
            foreign key (dag_id, run_id) references dag_run (dag_id, run_id) on delete cascade
        )
        """,
    ]

    private static let dags: [SQLStatement] = [
        """
        create table dag (
            dag_id varchar(250) primary key,
            is_paused boolean not null,
            is_active boolean not null,
            last_parsed_time timestamp,
            fileloc varchar(2000) not null,
            owners varchar(2000) not null,
            description text,
            schedule_interval text not null,
            timetable_description varchar(1000) not null,
            max_active_tasks integer not null,
            max_active_runs integer not null,
            has_import_errors boolean not null,
            next_dagrun timestamp,
            next_dagrun_data_interval_start timestamp,
            next_dagrun_data_interval_end timestamp,
            next_dagrun_create_after timestamp,
            -- ours
            bundle varchar(250) not null,
            dag_hash varchar(32) not null
        )
        """,
        """
        create table dag_tag (
            name varchar(100) not null,
            dag_id varchar(250) not null references dag (dag_id) on delete cascade,
            primary key (dag_id, name)
        ) without rowid
        """,
        """
        create table serialized_dag (
            dag_id varchar(250) not null references dag (dag_id) on delete cascade,
            dag_hash varchar(32) not null,
            fileloc varchar(2000) not null,
            data text not null,
            last_updated timestamp not null,
            primary key (dag_id, dag_hash)
        )
        """,
        """
        create table dag_warning (
            dag_id varchar(250) not null references dag (dag_id) on delete cascade,
            warning_type varchar(50) not null,
            message text not null,
            timestamp timestamp not null,
            primary key (dag_id, warning_type)
        )
        """,
        """
        create table import_error (
            id integer primary key autoincrement,
            timestamp timestamp not null,
            filename varchar(1024) not null,
            stacktrace text not null,
            -- ours
            source varchar(1024) not null
        )
        """,
        "create index import_error_source on import_error (source)",
    ]

    private static let settings: [SQLStatement] = [
        """
        create table variable (
            id integer primary key autoincrement,
            key varchar(250) not null unique,
            val text not null,
            description text,
            is_encrypted boolean not null
        )
        """,
        """
        create table connection (
            id integer primary key autoincrement,
            conn_id varchar(250) not null unique,
            conn_type varchar(500) not null,
            description varchar(5000),
            host varchar(500),
            schema varchar(500),
            login text,
            password text,
            port integer,
            is_encrypted boolean not null,
            is_extra_encrypted boolean not null,
            extra text
        )
        """,
        """
        create table slot_pool (
            id integer primary key autoincrement,
            pool varchar(256) not null unique,
            slots integer not null,
            description text not null,
            include_deferred boolean not null
        )
        """,
        "insert into slot_pool (pool, slots, description, include_deferred) values ('default_pool', 128, 'Default pool', 0)",
    ]

    private static let housekeeping: [SQLStatement] = [
        """
        create table job (
            id integer primary key autoincrement,
            dag_id varchar(250),
            state varchar(20) not null,
            job_type varchar(30) not null,
            start_date timestamp not null,
            end_date timestamp,
            latest_heartbeat timestamp not null,
            executor_class varchar(500) not null,
            hostname varchar(500) not null,
            unixname varchar(1000) not null,
            -- ours
            pid integer not null
        )
        """,
        "create index job_newest on job (job_type, id)",
        """
        create table log (
            id integer primary key autoincrement,
            dttm timestamp not null,
            dag_id varchar(250),
            task_id varchar(250),
            map_index integer,
            event varchar(60) not null,
            execution_date timestamp,
            run_id varchar(250),
            owner varchar(500) not null,
            extra text,
            try_number integer
        )
        """,
        "create index log_dttm on log (dttm)",
        "create index log_dag on log (dag_id, task_id)",
    ]

    private static let notices: [SQLStatement] = [
        """
        create table notice (
            id integer primary key autoincrement,
            created_at timestamp not null,
            updated_at timestamp not null,
            due_at timestamp not null,
            dag_id varchar(250) not null,
            run_id varchar(250) not null,
            task_id varchar(250) not null,
            map_index integer not null,
            kind varchar(50) not null,
            state varchar(20) not null,
            failures integer not null,
            payload text not null,
            last_error text,
            foreign key (dag_id, run_id) references dag_run (dag_id, run_id) on delete cascade
        )
        """,
        "create index notice_due on notice (due_at) where state = 'pending'",
        "create index notice_run on notice (dag_id, run_id)",
    ]

    /// Airflow 3's tables; a date names its run by id, and knows its data interval before it has one.
    private static let backfills: [SQLStatement] = [
        """
        create table backfill (
            id integer primary key autoincrement,
            dag_id varchar(250) not null,
            from_date timestamp not null,
            to_date timestamp not null,
            dag_run_conf text not null,
            is_paused boolean not null,
            reprocess_behavior varchar(250) not null,
            max_active_runs integer not null,
            created_at timestamp not null,
            completed_at timestamp,
            updated_at timestamp not null,
            triggering_user_name varchar(512) not null,
            -- ours
            is_cancelled boolean not null
        )
        """,
        "create index backfill_dag on backfill (dag_id)",
        "create index backfill_open on backfill (id) where completed_at is null",
        """
        create table backfill_dag_run (
            id integer primary key autoincrement,
            backfill_id integer not null references backfill (id) on delete cascade,
            exception_reason varchar(250),
            logical_date timestamp not null,
            sort_ordinal integer not null,
            -- ours
            run_id varchar(250),
            reprocessed_run_id varchar(250),
            data_interval_start timestamp not null,
            data_interval_end timestamp not null,
            run_after timestamp not null,
            unique (backfill_id, logical_date)
        )
        """,
        "create index backfill_dag_run_order on backfill_dag_run (backfill_id, sort_ordinal)",
        "alter table dag_run add column backfill_id integer",
    ]

    private static let requests: [SQLStatement] = [
        "alter table task_instance add column clear_number integer not null default 0",
        "alter table task_instance add column end_request varchar(20)",
        "alter table task_instance_history add column clear_number integer not null default 0",
        "alter table task_instance_history add column end_request varchar(20)",
    ]

    private static let waits: [SQLStatement] = [
        "alter table task_instance add column awaits text",
        "alter table task_instance add column poke_count integer not null default 0",
        "alter table task_instance add column earlier_start_date timestamp",
        "alter table task_instance_history add column awaits text",
        "alter table task_instance_history add column poke_count integer not null default 0",
        "alter table task_instance_history add column earlier_start_date timestamp",
    ]

    /// Airflow 2.10's column for what an author calls an instance of a mapped task.
    private static let mapNames: [SQLStatement] = [
        "alter table task_instance add column rendered_map_index varchar(250)",
        "alter table task_instance_history add column rendered_map_index varchar(250)",
    ]
}
