// Tells the thread sanitizer of Synchronization.Mutex. Its quick path is compiled into our code and instrumented; its slow path,
// when two threads meet, lies in libswiftSynchronization, which is not, so that the sanitizer would miss who waited for whom
// and report what the mutex guards. These stand in front of the three functions of the slow path.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *mutex

// Synchronization._MutexHandle._lockSlow(UInt32), ._tryLockSlow() -> Bool, ._unlockSlow()
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

void __tsan_acquire(void *address);
void __tsan_release(void *address);

SWIFT void lock_slowly(uint32_t thread, SELF) __asm__(LOCK);
SWIFT bool try_lock_slowly(SELF) __asm__(TRY_LOCK);
SWIFT void unlock_slowly(SELF) __asm__(UNLOCK);

static void *library_function(void **known, const char *name) {
    void *function = __atomic_load_n(known, __ATOMIC_ACQUIRE);
    if (function == 0) {
        function = dlsym(RTLD_NEXT, name);
        __atomic_store_n(known, function, __ATOMIC_RELEASE);
    }
    return function;
}

SWIFT void lock_slowly(uint32_t thread, SELF) {
    static void *known;
    ((SWIFT void (*)(uint32_t, SELF))library_function(&known, LOCK))(thread, mutex);
    __tsan_acquire(mutex);
}

SWIFT bool try_lock_slowly(SELF) {
    static void *known;
    bool taken = ((SWIFT bool (*)(SELF))library_function(&known, TRY_LOCK))(mutex);
    if (taken) __tsan_acquire(mutex);
    return taken;
}

SWIFT void unlock_slowly(SELF) {
    static void *known;
    __tsan_release(mutex);
    ((SWIFT void (*)(SELF))library_function(&known, UNLOCK))(mutex);
}
