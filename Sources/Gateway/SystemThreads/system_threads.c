#define _GNU_SOURCE
#include "system_threads.h"

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

// struct sched_attr, which older headers of the C library lack.
struct attributes {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime;  // The time slice in nanoseconds.
    uint64_t deadline;
    uint64_t period;
};

void sts_give_way(void) {
    static _Thread_local bool is_done = false;
    if (is_done) return;
    is_done = true;
    int nice = getpriority(PRIO_PROCESS, 0);  // Of this thread.
    struct attributes attributes = {
        .size = sizeof attributes, .policy = SCHED_OTHER, .nice = nice > 10 ? nice : 10, .runtime = 100 * 1000};
    syscall(SYS_sched_setattr, 0, &attributes, 0);
}
