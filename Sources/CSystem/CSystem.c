#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <link.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

const char *dagkit_error_text(int code) { return strerrordesc_np(code); }

const char *dagkit_signal_text(int signal) { return sigdescr_np(signal); }

void dagkit_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

int dagkit_set_parent_death_signal(int signal) { return prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0); }

int dagkit_is_child_subreaper(void) {
    int is_one = 0;
    return prctl(PR_GET_CHILD_SUBREAPER, &is_one, 0, 0, 0) == 0 && is_one;
}

int dagkit_set_child_subreaper(int on) { return prctl(PR_SET_CHILD_SUBREAPER, on, 0, 0, 0); }

int dagkit_set_dumpable(int on) { return prctl(PR_SET_DUMPABLE, on, 0, 0, 0); }

static int drop_text(struct dl_phdr_info *object, size_t size, void *unused) {
    (void)size, (void)unused;
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        // What may be written holds what the program changed, relocated addresses at least.
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W)) continue;
        const uintptr_t start = (uintptr_t)object->dlpi_addr + segment->p_vaddr;
        const uintptr_t first = start & ~(page - 1);
        madvise((void *)first, start + segment->p_memsz - first, MADV_DONTNEED);
    }
    return 0;
}

void dagkit_give_back_memory(void) {
    malloc_trim(0);
    dl_iterate_phdr(drop_text, NULL);
}

void dagkit_buffer_stdout_by_line(void) { setvbuf(stdout, NULL, _IOLBF, 0); }

void dagkit_flush_streams(void) { fflush(NULL); }

int dagkit_close_from(unsigned first) { return close_range(first, ~0U, 0); }

// One slot per signal: a descriptor and one, or zero. A handler may run on any thread and touch nothing but what is lock-free.
static atomic_int forwarded_to[NSIG];

// How many handlers run.
static atomic_int forwarding;

static void forward(int signal) {
    int saved = errno;
    atomic_fetch_add(&forwarding, 1);
    int target = atomic_load(&forwarded_to[signal]);
    unsigned char number = (unsigned char)signal;
    // A full pipe already says that there is something to look at.
    ssize_t written = target == 0 ? 0 : write(target - 1, &number, 1);
    (void)written;
    atomic_fetch_sub(&forwarding, 1);
    errno = saved;
}

int dagkit_forward_signal(int signal, int descriptor) {
    if (signal <= 0 || signal >= NSIG) return errno = EINVAL, -1;
    atomic_store(&forwarded_to[signal], descriptor + 1);
    struct sigaction action = {.sa_handler = forward, .sa_flags = SA_RESTART};
    sigfillset(&action.sa_mask);
    return sigaction(signal, &action, NULL);
}

int dagkit_restore_signal(int signal) {
    if (signal <= 0 || signal >= NSIG) return errno = EINVAL, -1;
    struct sigaction action = {.sa_handler = SIG_DFL};
    if (sigaction(signal, &action, NULL) != 0) return -1;
    // The descriptor may be closed after this: a handler that has read it ends first, one that begins late finds none.
    atomic_store(&forwarded_to[signal], 0);
    while (atomic_load(&forwarding) > 0) sched_yield();
    return 0;
}

int dagkit_ignores_signal(int number) {
    struct sigaction action;
    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

void dagkit_ignore_broken_pipes(void) {
    struct sigaction action = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &action, NULL);
}

int dagkit_has_ended(pid_t child) {
    siginfo_t info = {0};
    if (waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) != 0) return -1;
    return info.si_pid == child;
}

int dagkit_has_children(void) {
    siginfo_t info;
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

int dagkit_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int dagkit_pidfd_send_signal(int pidfd, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

int dagkit_pipe(int *ends) { return pipe2(ends, O_CLOEXEC); }

int dagkit_memfd(const char *name) { return memfd_create(name, MFD_CLOEXEC); }

int dagkit_lock(int descriptor, int exclusive, int wait) {
    return flock(descriptor, (exclusive ? LOCK_EX : LOCK_SH) | (wait ? 0 : LOCK_NB));
}

int dagkit_unlock(int descriptor) { return flock(descriptor, LOCK_UN); }

int dagkit_open_beneath(int root, const char *path) {
    struct open_how how = {
        .flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}
