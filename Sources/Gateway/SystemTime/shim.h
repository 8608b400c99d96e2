// adjtimex(2), which Swift's module of the C library lacks.
#pragma once
#ifdef __linux__
#include <sys/timex.h>

/// The maximum error of the clock in microseconds, while a daemon synchronizes it; else, or where it is not known, -1.
static inline long sts_clock_maximum_error(void) {
    struct timex state = {0};  // Reads, since `modes` is 0.
    int result = adjtimex(&state);
    return result < 0 || result == TIME_ERROR || (state.status & STA_UNSYNC) ? -1 : state.maxerror;
}
#else
static inline long sts_clock_maximum_error(void) { return -1; }
#endif
