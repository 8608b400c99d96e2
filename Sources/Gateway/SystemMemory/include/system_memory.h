// The memory of the process: calls that Swift's module of the C library lacks. It includes no header of the system, whose
// types would differ from those of Swift's module.
#pragma once

/// Drops the resident pages of the code of the program and its libraries: they are clean pages of files, and are mapped
/// again when the code runs.
void sts_drop_code(void);

/// Limits the areas that threads allocate from. Each keeps free memory that the others cannot use; by default a process
/// has eight for each core. Without effect on other allocators than glibc's.
void sts_limit_memory_areas(int count);

/// Gives free memory back to the system. Without effect on other allocators than glibc's.
void sts_return_free_memory(void);
