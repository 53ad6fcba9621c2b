// SPDX-License-Identifier: MIT
// Allocations that fail on demand: our own, those of OpenSSL, and, with oom_lua.c, those of Lua.
#pragma once

#include "check.h"

#include <limits.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <openssl/err.h>

enum allocator { OURS = 1, OPENSSL = 2, LUA = 4 };

#define LASTING LONG_MAX

// Allocations of the allocators `of` are counted down to the one that fails, and so many with it.
static struct {
    unsigned of;
    long before; // that still succeed
    long failing;
    long failed;
    void (*on_free)(const void *memory, size_t size); // is shown what our objects free; or NULL
} shortage;

static inline void shortage_begin(unsigned of, long nth, long failing) {
    shortage.before = nth - 1;
    shortage.failing = failing;
    shortage.failed = 0;
    shortage.of = of;
}

// How many have failed.
static inline long shortage_end(void) {
    shortage.of = 0;
    return shortage.failed;
}

static inline bool fails(enum allocator allocator) {
    if (!(shortage.of & allocator))
        return false;
    if (shortage.before > 0) {
        shortage.before--;
        return false;
    }
    if (shortage.failing == 0)
        return false;
    shortage.failing--;
    shortage.failed++;
    return true;
}

// What the linker puts in the place of the C library's, in our objects alone (--wrap).
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);
void __wrap_free(void *memory);

void *__wrap_malloc(size_t size) {
    void *memory = fails(OURS) ? NULL : __real_malloc(size);
    if (memory && shortage.on_free) // nothing that others left there
        memset(memory, 0, malloc_usable_size(memory));
    return memory;
}

void *__wrap_calloc(size_t count, size_t size) {
    return fails(OURS) ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size) {
    return fails(OURS) ? NULL : __real_realloc(memory, size);
}

char *__wrap_strdup(const char *text) { return fails(OURS) ? NULL : __real_strdup(text); }

char *__wrap_strndup(const char *text, size_t size) {
    return fails(OURS) ? NULL : __real_strndup(text, size);
}

void __wrap_free(void *memory) {
    if (memory && shortage.on_free)
        shortage.on_free(memory, malloc_usable_size(memory));
    __real_free(memory);
}

// As OpenSSL's own: nothing for a size of 0.
static void *openssl_malloc(size_t size, const char *file, int line) {
    (void)file, (void)line;
    return size == 0 || fails(OPENSSL) ? NULL : __real_malloc(size);
}

static void openssl_free(void *memory, const char *file, int line) {
    (void)file, (void)line;
    __real_free(memory);
}

static void *openssl_realloc(void *memory, size_t size, const char *file, int line) {
    if (size == 0) {
        openssl_free(memory, file, line);
        return NULL;
    }
    return fails(OPENSSL) ? NULL : __real_realloc(memory, size);
}

// Loading a key takes thousands of OpenSSL's allocations, most of them alike: of those after the
// first only some are tried, unless all are asked for, or few.
static bool try_all, try_few;

static inline long next_to_try(long n) {
    return try_all || n < 40 ? n + 1 : n + n / (try_few ? 2 : 10);
}

// Before anything of OpenSSL has taken memory.
static inline void shortage_set_up(void) {
    if (CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free) != 1)
        check_abort("OpenSSL has allocated already");
}

// OpenSSL's queue of errors is the server's too: nothing is added to what it had in it. (That goes
// when OpenSSL notes more than the sixteen errors that the queue has room for.)
#define FOREIGN_ERROR 77

static inline void errors_begin(bool foreign) {
    ERR_clear_error();
    if (foreign)
        ERR_raise(ERR_LIB_USER, FOREIGN_ERROR);
}

static inline bool nothing_added(void) {
    unsigned long error = ERR_get_error();
    return error == 0 || (ERR_GET_REASON(error) == FOREIGN_ERROR && ERR_peek_error() == 0);
}
