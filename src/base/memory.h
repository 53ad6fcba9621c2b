// SPDX-License-Identifier: MIT
// Tells what OpenSSL refuses from what it has no memory for: it answers both alike.
#pragma once

#include "base/status.h"

#include <openssl/crypto.h>
#include <openssl/err.h>

// As much as any one allocation on the way to a key.
#define TV_MEMORY_PROBE_SIZE ((size_t)4096)

static inline bool tv_memory_is_short(void) {
    ERR_set_mark(); // from OpenSSL 3.2 on its allocator notes that it failed
    void *probe = OPENSSL_malloc(TV_MEMORY_PROBE_SIZE);
    OPENSSL_free(probe);
    ERR_pop_to_mark();
    return !probe;
}

// What the tries so far came to; starts as {0}.
struct tv_memory_tries {
    int count;
    enum tv_status last;
};

// Whether to do once more what OpenSSL failed at. What fails twice in the same way, and there is no
// memory then either, is TV_NO_MEMORY.
static inline bool tv_memory_try_again(struct tv_memory_tries *tries, enum tv_status *status) {
    bool same = tries->count > 0 && tries->last == *status;
    tries->last = *status;
    if (!same && ++tries->count < 4)
        return true;
    if (tv_memory_is_short())
        *status = TV_NO_MEMORY;
    return false;
}
