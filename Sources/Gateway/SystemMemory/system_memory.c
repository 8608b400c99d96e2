#define _GNU_SOURCE
#include "system_memory.h"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

static int drop_code_of(struct dl_phdr_info *object, size_t size, void *page) {
    ElfW(Addr) length = *(ElfW(Addr) *)page;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X) || (part->p_flags & PF_W)) continue;
        ElfW(Addr) begin = (object->dlpi_addr + part->p_vaddr + length - 1) / length * length;
        ElfW(Addr) end = (object->dlpi_addr + part->p_vaddr + part->p_filesz) / length * length;
        if (end > begin) madvise((void *)begin, end - begin, MADV_DONTNEED);
    }
    return 0;
}

void sts_drop_code(void) {
    ElfW(Addr) page = sysconf(_SC_PAGESIZE);
    dl_iterate_phdr(drop_code_of, &page);
}

#ifdef __GLIBC__
#include <malloc.h>

void sts_limit_memory_areas(int count) { mallopt(M_ARENA_MAX, count); }
void sts_return_free_memory(void) { malloc_trim(0); }
#else
void sts_limit_memory_areas(int count) {}
void sts_return_free_memory(void) {}
#endif
