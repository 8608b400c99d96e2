// The priority of threads: a call that Swift's module of the C library lacks.
#pragma once

/// Lets other threads of the process run before the calling one: a nice value of at least 10, and a time slice of 0.1 ms,
/// after which a thread that becomes ready takes the core (Linux 6.12 and later, sched_setattr(2)). Each call after a
/// thread's first one does nothing; so does a first one that the system does not permit.
void sts_give_way(void);
