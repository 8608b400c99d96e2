// The settings of the C library's allocator, which Swift's module of the C library lacks.
#pragma once
#ifdef __GLIBC__
#include <malloc.h>

/// Limits the areas that threads allocate from. Each keeps free memory that the others cannot use; by default a process
/// has eight for each core.
static inline void sts_limit_memory_areas(int count) { mallopt(M_ARENA_MAX, count); }

/// Gives free memory back to the system.
static inline void sts_return_free_memory(void) { malloc_trim(0); }
#else
static inline void sts_limit_memory_areas(int count) {}
static inline void sts_return_free_memory(void) {}
#endif
