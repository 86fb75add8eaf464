import DagKitSQL

extension SQLiteSchema {
    /// Notices about runs, too, and by whom they are told; the mails that wait become callbacks.
    static let callbacks: [SQLStatement] = [
        "alter table notice rename to old_notice",
        """
        create table notice (
            id integer primary key autoincrement,
            created_at timestamp not null,
            updated_at timestamp not null,
            due_at timestamp not null,
            dag_id varchar(250) not null,
            run_id varchar(250) not null,
            task_id varchar(250),
            map_index integer not null default -1,
            kind varchar(50) not null,
            notifier varchar(250) not null,
            state varchar(20) not null,
            failures integer not null,
            payload text not null,
            last_error text,
            foreign key (dag_id, run_id) references dag_run (dag_id, run_id) on delete cascade
        )
        """,
        """
        insert into notice (id, created_at, updated_at, due_at, dag_id, run_id, task_id, map_index, kind, notifier,
            state, failures, payload, last_error)
        select id, created_at, updated_at, due_at, dag_id, run_id, task_id, map_index, kind, 'mail', state, failures,
            json_set(payload, '$.run', json(payload ->> '$.task.run'),
                '$.receiver', json_object('name', 'mail', 'declaration',
                    json_object('mail', json(payload ->> '$.recipients')))),
            last_error
        from old_notice
        """,
        "drop table old_notice",
        "create index notice_due on notice (due_at) where state = 'pending'",
        "create index notice_run on notice (dag_id, run_id)",
    ]
}
