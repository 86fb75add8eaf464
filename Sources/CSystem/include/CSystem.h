// Linux calls that `import Glibc` hides from Swift. Every function follows the rule of the call that it wraps:
// -1 and errno on failure. Every descriptor made here is closed on exec.
#ifndef DAGKIT_CSYSTEM_H
#define DAGKIT_CSYSTEM_H

#include <stdint.h>
#include <sys/types.h>

#pragma clang assume_nonnull begin

// Texts

// The system's words for an error number; NULL if it has none. Never freed.
const char *_Nullable dagkit_error_text(int code);
// The system's words for a signal ("Killed"); NULL if it has none. Never freed.
const char *_Nullable dagkit_signal_text(int signal);

// This process and its threads

// Names the calling thread in the system's listings; at most 15 bytes count.
void dagkit_name_thread(const char *name);
// The signal that this process gets when the thread that made it ends; 0 for none.
int dagkit_set_parent_death_signal(int signal);
// Whether orphans among the descendants become children of this process.
int dagkit_set_child_subreaper(int on);
// 1 if they do.
int dagkit_is_child_subreaper(void);
// Whether others may trace this process and read its memory and environment.
int dagkit_set_dumpable(int on);
// Makes the C library write stdout at the end of each line, as a crash would lose what is buffered.
void dagkit_buffer_stdout_by_line(void);
// Writes what the C library holds back in all its streams.
void dagkit_flush_streams(void);
/// Gives back the memory that the allocator keeps free, and the pages of program text that are mapped: they are in the
/// system's cache of files and come back as they are used.
void dagkit_give_back_memory(void);
// Closes all descriptors from `first` on.
int dagkit_close_from(unsigned first);

// Signals

// 1 if the process ignores a signal.
int dagkit_ignores_signal(int number);

// From now on each of these signals writes its number, one byte, to `descriptor`, instead of its usual effect.
int dagkit_forward_signal(int signal, int descriptor);
// Gives a signal its usual effect again. Once it returns, nothing writes to the descriptor any more, which may be closed.
int dagkit_restore_signal(int signal);
// Lets writes to a closed pipe fail with EPIPE instead of ending the process.
void dagkit_ignore_broken_pipes(void);

// Processes

struct dagkit_spawn_request {
    const char *path;
    char *_Nullable const *_Nonnull arguments;
    // NULL: this process's own.
    char *_Nullable const *_Nullable environment;
    const char *_Nullable folder;
    // In the child, targets[i] is the parent's sources[i]; sources lie above all targets. All else from 3 on is closed.
    const int *_Nullable sources;
    const int *_Nullable targets;
    int count;
    // 0: stay in the parent's group; 1: lead a group of its own; 2: lead a session of its own.
    int separation;
};

// Starts a program. Returns 0 and sets *pid, or an error number (not -1 and errno).
int dagkit_spawn(const struct dagkit_spawn_request *request, pid_t *pid);
// 1 if a child has ended and waits to be reaped, 0 if it runs.
int dagkit_has_ended(pid_t child);
// 1 if this process has a child, alive or to be reaped.
int dagkit_has_children(void);
int dagkit_pidfd_open(pid_t pid);
int dagkit_pidfd_send_signal(int pidfd, int signal);

// Descriptors

int dagkit_pipe(int *ends);
int dagkit_memfd(const char *name);
// Locks a whole file for as long as the open file description lives. Blocks unless `wait` is 0; then EWOULDBLOCK.
int dagkit_lock(int descriptor, int exclusive, int wait);
int dagkit_unlock(int descriptor);
// Opens `path` below the folder `root` for reading, following no symbolic link and leaving the folder by no trick.
int dagkit_open_beneath(int root, const char *path);

// Sockets

int dagkit_local_socket(void);
int dagkit_local_socket_pair(int *ends);
int dagkit_local_bind(int descriptor, const char *path);
int dagkit_local_connect(int descriptor, const char *path);
int dagkit_accept(int descriptor);
int dagkit_peer(int descriptor, pid_t *pid, uid_t *uid);
// Writes without SIGPIPE.
ssize_t dagkit_send(int descriptor, const void *bytes, size_t count);
// Writes, and gives the other end a copy of `passed`.
ssize_t dagkit_send_descriptor(int descriptor, const void *bytes, size_t count, int passed);
// Reads; *passed is a descriptor that came along, or -1.
ssize_t dagkit_receive_descriptor(int descriptor, void *bytes, size_t count, int *passed);

// Sends a datagram to a local socket; `@` at the start of the path means the abstract name space.
int dagkit_notify(const char *path, const void *bytes, size_t count);

// Waiting

struct dagkit_event {
    uint64_t token;
    uint32_t readiness;
};

extern const uint32_t dagkit_readable;
extern const uint32_t dagkit_writable;
extern const uint32_t dagkit_hung_up;
extern const uint32_t dagkit_once;

// Blocks until the other end of a connection has closed, which gives 1, or another descriptor is readable; reads nothing.
int dagkit_wait_for_hang_up(int descriptor, int other);
int dagkit_epoll_create(void);
int dagkit_epoll_add(int epoll, int descriptor, uint32_t readiness, uint64_t token);
int dagkit_epoll_modify(int epoll, int descriptor, uint32_t readiness, uint64_t token);
int dagkit_epoll_remove(int epoll, int descriptor);
int dagkit_epoll_wait(int epoll, struct dagkit_event *events, int capacity, int milliseconds);
int dagkit_eventfd(void);
// A timer on the boot-time clock, which also counts while the machine is suspended.
int dagkit_timer(void);
// Sets the timer to an instant of the boot-time clock; 0, 0 stops it.
int dagkit_timer_set(int timer, int64_t seconds, int64_t nanoseconds);

#pragma clang assume_nonnull end
#endif
