// SPDX-License-Identifier: MIT
// Algorithms are found by their exact name, and each is what its name says.
#include "check.h"

#include "algorithm.h"

static const struct {
    const char *name;
    enum tv_family family;
    enum tv_digest digest;
    size_t digest_size;
} known[] = {
    {"HS256", TV_FAMILY_HMAC, TV_SHA256, 32},      {"HS384", TV_FAMILY_HMAC, TV_SHA384, 48},
    {"HS512", TV_FAMILY_HMAC, TV_SHA512, 64},      {"RS256", TV_FAMILY_RSA_PKCS1, TV_SHA256, 32},
    {"RS384", TV_FAMILY_RSA_PKCS1, TV_SHA384, 48}, {"RS512", TV_FAMILY_RSA_PKCS1, TV_SHA512, 64},
};

static const char *const unknown[] = {
    "",       "none",   "None",   "NONE", "nOnE",   "hs256",  "Hs256",
    "rs256",  "RS256 ", " RS256", "RS25", "RS2566", "HS128",  "HMACSHA256",
    "SHA256", "RS1",    "HS",     "dir",  "RSA1_5", "RS-256",
};

int main(void) {
    size_t count = 0;
    for (; tv_algorithm_at(count); count++)
        CHECK(tv_algorithm_find(tv_span_of(tv_algorithm_at(count)->name)) == tv_algorithm_at(count),
              tv_algorithm_at(count)->name);
    CHECK(count >= sizeof known / sizeof known[0], "count");
    CHECK(!tv_algorithm_at(count + 1) && !tv_algorithm_at((size_t)-1), "past the last");

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct tv_span name = guard_copy(GUARD_TOKEN, known[i].name, strlen(known[i].name));
        const struct tv_algorithm *found = tv_algorithm_find(name);
        if (!CHECK(found, known[i].name))
            continue;
        CHECK_TEXT(known[i].name, found->name, known[i].name);
        CHECK(found->family == known[i].family, known[i].name);
        CHECK(found->digest == known[i].digest, known[i].name);
        CHECK_NUMBER(known[i].digest_size, found->digest_size, known[i].name);
        CHECK(tv_algorithm_is_hmac(found) == (known[i].family == TV_FAMILY_HMAC), known[i].name);
    }
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        struct tv_span name = guard_copy(GUARD_TOKEN, unknown[i], strlen(unknown[i]));
        CHECK(!tv_algorithm_find(name), unknown[i]);
    }
    CHECK(!tv_algorithm_find((struct tv_span){"HS256", 6}), "HS256 and a NUL");
    return check_report("test_algorithm");
}
