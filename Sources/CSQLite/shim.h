#include <sqlite3.h>

// `sqlite3_config` takes what it is told through varargs, which Swift cannot call.

// Stops SQLite from counting its memory, which takes a lock for every piece of it. It has no effect once SQLite is in use.
static inline int dagkit_sqlite_count_no_memory(void) { return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }
