// System calls that Swift cannot import: variadic ones, and those without a function in glibc.
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#ifndef SYS_openat2
#define SYS_openat2 437
#endif

// openat2(2) that follows no symbolic link in any component and stays below the folder.
static inline int node_openat2(int folder, const char *path, int flags) {
    struct { uint64_t flags, mode, resolve; } how = {
        .flags = (uint64_t)(unsigned int)flags,
        .resolve = 0x02 /* RESOLVE_NO_MAGICLINKS */ | 0x04 /* RESOLVE_NO_SYMLINKS */ | 0x08 /* RESOLVE_BENEATH */,
    };
    return (int)syscall(SYS_openat2, folder, path, &how, sizeof how);
}

// Mounts a tmpfs on an open folder. A token is data: no programs, devices or set-user-ID files.
static inline int node_mount_tmpfs(int folder, const char *options) {
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", folder);
    return mount("sts-node", path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options);
}

// Unmounts what is mounted on an entry of an open folder. A busy mount is detached.
static inline int node_unmount(int parent, const char *name) {
    char path[300];
    if (snprintf(path, sizeof path, "/proc/self/fd/%d/%s", parent, name) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (umount2(path, UMOUNT_NOFOLLOW) == 0) return 0;
    return errno == EBUSY ? umount2(path, UMOUNT_NOFOLLOW | MNT_DETACH) : -1;
}

// Whether the descriptor is on a tmpfs.
static inline int node_is_tmpfs(int descriptor) {
    struct statfs found;
    return fstatfs(descriptor, &found) == 0 && found.f_type == 0x01021994;
}

static inline int node_lock(int descriptor) { return flock(descriptor, LOCK_EX); }

// Limits the memory areas of the C library: threads that only wait for the network need no area of their own.
static inline void node_limit_memory_areas(void) { mallopt(M_ARENA_MAX, 2); }
