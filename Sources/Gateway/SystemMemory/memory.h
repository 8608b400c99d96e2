// The memory of the process: calls that Swift's module of the C library lacks.
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

static inline int sts_drop_code_of(struct dl_phdr_info *object, size_t size, void *page) {
    ElfW(Addr) length = *(ElfW(Addr) *)page;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X) || (part->p_flags & PF_W)) continue;
        ElfW(Addr) begin = (object->dlpi_addr + part->p_vaddr + length - 1) / length * length;
        ElfW(Addr) end = (object->dlpi_addr + part->p_vaddr + part->p_filesz) / length * length;
        if (end > begin) madvise((void *)begin, end - begin, 4 /* MADV_DONTNEED */);
    }
    return 0;
}

/// Drops the resident pages of the code of the program and its libraries: they are clean pages of files, and are mapped
/// again when the code runs.
static inline void sts_drop_code(void) {
    ElfW(Addr) page = sysconf(_SC_PAGESIZE);
    dl_iterate_phdr(sts_drop_code_of, &page);
}

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
