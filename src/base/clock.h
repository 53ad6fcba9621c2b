// SPDX-License-Identifier: MIT
// The two clocks: a monotonic one for the lifetimes of keys, the wall clock for dates in tokens.
#pragma once

#include <stdint.h>
#include <time.h>

// Also counts while the machine sleeps, so that a withdrawn key is not used after it (Linux).
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

// The first millisecond at which `limit_ms` have fully passed since `start`. The fraction of a
// millisecond in `start` is rounded up; otherwise a wait would end too early.
static inline int64_t tv_clock_end_ms(struct timespec start, int64_t limit_ms) {
    return (int64_t)start.tv_sec * 1000 + (start.tv_nsec + 999999) / 1000000 + limit_ms;
}

// The time at which `limit_ms` from now have passed.
static inline int64_t tv_clock_steady_in_ms(int64_t limit_ms) {
    struct timespec now;
    clock_gettime(TV_CLOCK_STEADY, &now);
    return tv_clock_end_ms(now, limit_ms);
}

static inline int64_t tv_clock_wall_s(void) { return (int64_t)time(NULL); }
