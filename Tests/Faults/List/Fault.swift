/// The faults of one host that this software is tested against, by the numbers under which they are kept.
enum Fault: String, CaseIterable, Sendable {
    case F1, F2, F3, F4, F5, F6, F7, F8, F9
    case F17, F18, F19, F20, F21, F22, F23, F24, F25, F26, F27, F28, F29
    case F42, F43, F44, F45, F46, F47, F48, F49, F50
    case F53, F54, F55, F56

    /// What goes wrong.
    var title: String {
        switch self {
        case .F1: "the scheduler is killed before a run is stored"
        case .F2: "the scheduler is killed between a run and its task instances"
        case .F3: "the scheduler is killed between a dispatch and its hand-over"
        case .F4: "the scheduler is killed while tasks run"
        case .F5: "the scheduler is killed after a task ended and before its outcome is stored"
        case .F6: "the supervisor is killed"
        case .F7: "a task is killed"
        case .F8: "a task or its supervisor is stopped (SIGSTOP) and goes on later"
        case .F9: "the scheduler is stopped (SIGSTOP) and goes on later"
        case .F17: "another process holds the lock of the database"
        case .F18: "the database is read-only"
        case .F19: "the database is damaged"
        case .F20: "the disk is full"
        case .F21: "no file descriptors, or no inodes, are left"
        case .F22: "the log folder cannot be written, or goes while tasks run"
        case .F23: "the wall clock jumps ahead or back"
        case .F24: "a schedule meets a change of the clock, or new time zone data"
        case .F25: "the machine is suspended and resumes"
        case .F26: "a task prints without end"
        case .F27: "a task prints bytes that are no text"
        case .F28: "an output is far too large"
        case .F29: "ids hold what a shell, a path or a database would obey"
        case .F42: "dags.json is unreadable, half written, empty, huge, a pipe or a link to itself"
        case .F43: "a DAG has a cycle, or an upstream that does not exist"
        case .F44: "two tasks, or two DAGs, have one id"
        case .F45: "a DAG has 10,000 tasks"
        case .F46: "a task ignores SIGTERM"
        case .F47: "a task leaves daemons behind"
        case .F48: "a task is marked failed while it runs"
        case .F49: "a task ends by a signal, by a strange status, or with children that hold its pipe"
        case .F50: "a task takes all memory"
        case .F53: "the program is newer, or older, than its database"
        case .F54: "a migration is killed half-way"
        case .F55: "the scheduler is told to end, once or twice, or to read its files again"
        case .F56: "a process id comes back as that of another process"
        }
    }
}
