// Linked into every program that a sanitizer instruments. Reports go to files below REPORTS, one for each process: a worker's
// stderr is an attempt's log, a supervisor's may be /dev/null, and neither need have inherited an environment with options.

#define COMMON "log_path=" REPORTS "/report:log_exe_name=1:exitcode=0"

// Programs end by exit() while values live in main, which the leak check takes for leaks. A large quarantine of freed memory
// would be taken for a leak of the task by a worker.
const char *__asan_default_options(void) { return COMMON ":detect_leaks=0:quarantine_size_mb=16"; }

// A program whose threads live on would wait a second at its end for their last races.
const char *__tsan_default_options(void) { return COMMON ":halt_on_error=0:atexit_sleep_ms=0"; }
