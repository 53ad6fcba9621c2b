// SPDX-License-Identifier: MIT
// Every reason, class of network failure and subject has its word, and details own what was found.
#include "check.h"

#include "base/detail.h"

#include <ctype.h>

static bool is_word(const char *word) {
    size_t length = strlen(word);
    for (size_t i = 0; i < length; i++)
        if (!islower((unsigned char)word[i]) && !isdigit((unsigned char)word[i]) &&
            !(word[i] == '-' && i > 0 && i + 1 < length))
            return false;
    return length > 0;
}

static const char *reason_at(int i) { return tv_reason_word((enum tv_reason)i); }
static const char *network_at(int i) { return tv_network_word((enum tv_network)i); }

// The first of a table has no word; each of the others has one that is no other's.
static void check_words(const char *(*word_at)(int), int count, const char *name) {
    CHECK(!word_at(0), name);
    for (int i = 1; i < count; i++) {
        const char *word = word_at(i);
        if (!check_that(word != NULL, __FILE__, __LINE__, "%s %d has no word", name, i))
            continue;
        CHECK(is_word(word), word);
        for (int j = 1; j < i; j++)
            CHECK(strcmp(word, word_at(j)) != 0, word);
    }
}

static void test_subjects(void) {
    CHECK(!tv_subject_name(TV_SUBJECT_NONE), "none");
    for (int i = 1; i < TV_SUBJECT_COUNT; i++)
        check_that(tv_subject_name((enum tv_subject)i) != NULL, __FILE__, __LINE__,
                   "subject %d has no name", i);
    CHECK_NUMBER(TV_SUBJECT_IS_PART, tv_subject_kind(TV_SUBJECT_SIGNATURE), "signature");
    CHECK_NUMBER(TV_SUBJECT_IS_CLAIM, tv_subject_kind(TV_SUBJECT_EXP), "exp");
    CHECK_NUMBER(TV_SUBJECT_IS_MEMBER, tv_subject_kind(TV_SUBJECT_ALG), "alg");
    CHECK_NUMBER(TV_SUBJECT_IS_MEMBER, tv_subject_kind(TV_SUBJECT_X5C), "x5c");
}

static void test_numbers(void) {
    CHECK(tv_reason_has_number(TV_REASON_TIME) && tv_reason_has_limit(TV_REASON_TIME), "time");
    CHECK(tv_reason_has_number(TV_REASON_PARTS) && !tv_reason_has_limit(TV_REASON_PARTS), "parts");
    CHECK(!tv_reason_has_number(TV_REASON_BODY) && tv_reason_has_limit(TV_REASON_BODY), "body");
    CHECK(!tv_reason_has_number(TV_REASON_HTTP_STATUS), "status");
    CHECK(!tv_reason_has_limit(TV_REASON_NONE), "none");
}

// The bytes stay when what was found is gone.
static void test_found(void) {
    for (size_t length = 0; length <= TV_EXCERPT_MAX + 2; length++) {
        char bytes[TV_EXCERPT_MAX + 2], name[16];
        memset(bytes, 'x', sizeof bytes);
        struct tv_span found = guard_copy(GUARD_TOKEN, bytes, length);
        struct tv_detail detail = {0};
        snprintf(name, sizeof name, "%zu bytes", length);
        tv_detail_set_found(&detail, found);
        guard_copy(GUARD_TOKEN, "", 0);
        size_t kept = length < TV_EXCERPT_MAX ? length : TV_EXCERPT_MAX;
        struct tv_span excerpt = tv_excerpt_span(&detail.found);
        CHECK(excerpt.length == kept && memcmp(excerpt.data, bytes, kept) == 0, name);
        CHECK(detail.found.is_there && detail.found.is_cut == (length > TV_EXCERPT_MAX), name);
        tv_detail_set_found(&detail, (struct tv_span){0});
        CHECK(!detail.found.is_there && !tv_excerpt_span(&detail.found).data, name);
    }
}

int main(void) {
    check_words(reason_at, TV_REASON_COUNT, "reason");
    check_words(network_at, TV_NETWORK_COUNT, "network");
    test_subjects();
    test_numbers();
    test_found();
    return check_report("test_detail");
}
