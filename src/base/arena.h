// SPDX-License-Identifier: MIT
// Allocates parts of a block that the caller owns; the parts are never freed one by one.
#pragma once

#include <stddef.h>

struct tv_arena {
    unsigned char *memory; // aligned for any type
    size_t size;
    size_t used;
};

#define TV_ARENA_ALIGNMENT ((size_t)16)

// The bytes that tv_arena_take() uses for `length` bytes.
#define TV_ARENA_ROUND(length) (((length) + (TV_ARENA_ALIGNMENT - 1)) & ~(TV_ARENA_ALIGNMENT - 1))

// `length` bytes, aligned for any type, or NULL if the block has fewer left.
static inline void *tv_arena_take(struct tv_arena *arena, size_t length) {
    if (length > arena->size - arena->used)
        return NULL;
    size_t rounded = TV_ARENA_ROUND(length);
    void *start = arena->memory + arena->used;
    arena->used = rounded > arena->size - arena->used ? arena->size : arena->used + rounded;
    return start;
}
