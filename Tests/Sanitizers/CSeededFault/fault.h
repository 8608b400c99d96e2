// A fault in C.
#pragma once

// Undefined where `count` is the width of an int or more (C17, 6.5.7).
static inline int seeded_shift(int count) { return 1 << count; }
