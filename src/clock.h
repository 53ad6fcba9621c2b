// SPDX-License-Identifier: MIT
// The two clocks: one that only goes forward for the life of keys, one for the dates in tokens.
#pragma once

#include <stdint.h>
#include <time.h>

// Counts through a suspend, so that a withdrawn key does not outlive one (Linux).
#ifdef CLOCK_BOOTTIME
#define TV_CLOCK_STEADY CLOCK_BOOTTIME
#else
#define TV_CLOCK_STEADY CLOCK_MONOTONIC
#endif

static inline int64_t tv_clock_steady_ms(void) {
    struct timespec now;
    clock_gettime(TV_CLOCK_STEADY, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline int64_t tv_clock_wall_s(void) { return (int64_t)time(NULL); }
