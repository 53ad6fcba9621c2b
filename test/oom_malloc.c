// SPDX-License-Identifier: MIT
// Signatures while the C library's own malloc() fails, as it does in a server: OpenSSL has no other
// allocator here, so that what tells a lack of memory there is what is relied upon. Without
// sanitizers, which have a malloc() of their own. `make oom`.
#include "check.h"

#include "keys/key_generate.h"
#include "keys/prepared.h"
#include "keys/signature.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>

#define INPUT TV_SPAN("the signed bytes")

// Allocations are counted while `counting`; the one after `before` others fails, and so many with
// it.
static bool counting;
static long count, before, failing;

static bool fails(void) {
    if (!counting)
        return false;
    count++;
    if (count <= before || failing == 0)
        return false;
    failing--;
    errno = ENOMEM;
    return true;
}

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t number, size_t size);
void *__libc_realloc(void *memory, size_t size);

#define IN_ITS_PLACE __attribute__((visibility("default"))) // also where libraries look for it

IN_ITS_PLACE void *malloc(size_t size) { return fails() ? NULL : __libc_malloc(size); }

IN_ITS_PLACE void *calloc(size_t number, size_t size) {
    return fails() ? NULL : __libc_calloc(number, size);
}

IN_ITS_PLACE void *realloc(void *memory, size_t size) {
    return fails() ? NULL : __libc_realloc(memory, size);
}

struct made {
    const struct tv_algorithm *algorithm;
    struct tv_key *key;
    unsigned char signature[TV_SIGNATURE_MAX_SIZE];
    size_t length;
};

// With the nth allocation failing, and so many with it.
static enum tv_status verify(const struct made *made, struct tv_span input, long nth,
                             long how_many) {
    struct tv_detail detail = {0};
    count = 0;
    before = nth - 1;
    failing = how_many;
    errno = EAGAIN; // what somebody had left there
    counting = true;
    enum tv_status status = tv_signature_verify(made->algorithm, made->key, input, made->signature,
                                                made->length, &detail);
    counting = false;
    if (failing == how_many)
        CHECK_NUMBER(EAGAIN, errno, "errno is as it was");
    return status;
}

static void forget(const struct made *made) {
    struct tv_prepared **kept = tv_key_prepared(made->key);
    tv_prepared_free(*kept);
    *kept = NULL;
}

// One that holds is never said not to, and another one never to hold.
static void test_failing(const struct made *made, long how_many, bool afresh) {
    const char *name = made->algorithm->name;
    for (long n = 1; n < 5000; n++) {
        if (afresh)
            forget(made);
        ERR_clear_error();
        enum tv_status status = verify(made, INPUT, n, how_many);
        if (failing == how_many) {
            CHECK_STATUS(TV_OK, status, name);
            break; // there are fewer
        }
        CHECK(status == TV_OK || status == TV_NO_MEMORY, name);
        if (afresh)
            forget(made);
        status = verify(made, TV_SPAN("other bytes"), n, how_many);
        CHECK(status == TV_BAD_SIGNATURE || status == TV_NO_MEMORY, name);
    }
}

// A refusal takes no more than an acceptance: it is judged once.
static void test_once(const struct made *made) {
    const char *name = made->algorithm->name;
    ERR_clear_error();
    CHECK_STATUS(TV_OK, verify(made, INPUT, LONG_MAX, 1), name);
    CHECK_STATUS(TV_OK, verify(made, INPUT, LONG_MAX, 1), name);
    long accepted = count;
    CHECK_STATUS(TV_BAD_SIGNATURE, verify(made, TV_SPAN("other bytes"), LONG_MAX, 1), name);
    CHECK(count <= accepted + 8, name); // what OpenSSL notes takes some
    CHECK_STATUS(TV_OK, verify(made, INPUT, LONG_MAX, 1), name);
    CHECK_NUMBER(accepted, count, name);
    // Others' errors hide what OpenSSL says: then twice, with the same answer.
    ERR_raise(ERR_LIB_USER, 77);
    CHECK_STATUS(TV_BAD_SIGNATURE, verify(made, TV_SPAN("other bytes"), LONG_MAX, 1), name);
    CHECK(count > accepted + 8, name);
    unsigned long error = ERR_get_error();
    CHECK_NUMBER(77, ERR_GET_REASON(error), name);
    CHECK_NUMBER(0, ERR_peek_error(), name);
}

int main(void) {
    static const struct {
        const char *algorithm;
        enum tv_curve curve;
    } pairs[] = {{"Ed25519", TV_CURVE_ED25519},
                 {"Ed448", TV_CURVE_ED448},
                 {"ES256", TV_CURVE_P256},
                 {"RS256", TV_CURVE_NONE},
                 {"PS256", TV_CURVE_NONE}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct made made = {.algorithm = tv_algorithm_find(tv_span_of(pairs[i].algorithm))};
        struct tv_detail detail = {0};
        if (tv_key_generate(pairs[i].curve, 2048, &made.key, &detail) != TV_OK ||
            tv_signature_make(made.algorithm, made.key, INPUT, made.signature, &made.length,
                              &detail) != TV_OK)
            check_abort("no signature for %s", pairs[i].algorithm);
        test_once(&made);
        for (int afresh = 0; afresh < 2; afresh++) {
            test_failing(&made, 1, afresh);
            test_failing(&made, LONG_MAX, afresh);
        }
        tv_key_free(made.key);
    }
    return check_report("oom_malloc");
}
