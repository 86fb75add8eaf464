#include <sqlite3.h>

// `sqlite3_config` and `sqlite3_db_config` take what they are told through varargs, which Swift cannot call.

// Stops SQLite from counting its memory, which takes a lock for every piece of it. It has no effect once SQLite is in use.
static inline int dagkit_sqlite_count_no_memory(void) { return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

// Lets a connection close without putting its log into the database and without removing files by their names.
static inline int dagkit_sqlite_leave_files_at_close(sqlite3 *connection) {
    return sqlite3_db_config(connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}
