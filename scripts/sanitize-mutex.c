// Reports to ThreadSanitizer in which order threads hold a Mutex of Swift's standard library.
//
// The uncontended path of Mutex is inlined into this package's code, and instrumented. A thread that has to wait does so
// in libswiftSynchronization, which is not instrumented, so that ThreadSanitizer would not see that it acquires what the
// other thread released. These functions replace the library's by their symbols, call them, and report the order.

#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))

typedef SWIFT void (*Lock)(uint32_t, SELF void *);
typedef SWIFT bool (*TryLock)(SELF void *);
typedef SWIFT void (*Unlock)(SELF void *);

static void *original(const char *symbol) {
    void *found = dlsym(RTLD_NEXT, symbol);
    if (!found) abort();
    return found;
}

// _MutexHandle._lockSlow(_:)
SWIFT void lock(uint32_t thread, SELF void *handle) __asm__("$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");
SWIFT void lock(uint32_t thread, SELF void *handle) {
    ((Lock)original("$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"))(thread, handle);
    __tsan_acquire(handle);
}

// _MutexHandle._tryLockSlow()
SWIFT bool tryLock(SELF void *handle) __asm__("$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF");
SWIFT bool tryLock(SELF void *handle) {
    bool isLocked = ((TryLock)original("$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"))(handle);
    if (isLocked) __tsan_acquire(handle);
    return isLocked;
}

// _MutexHandle._unlockSlow()
SWIFT void unlock(SELF void *handle) __asm__("$s15Synchronization12_MutexHandleV11_unlockSlowyyF");
SWIFT void unlock(SELF void *handle) {
    __tsan_release(handle);
    ((Unlock)original("$s15Synchronization12_MutexHandleV11_unlockSlowyyF"))(handle);
}
