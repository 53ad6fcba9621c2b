// SPDX-License-Identifier: MIT
// Base64url: each value has exactly one spelling, and every other one is refused.
#include "check.h"

#include "base/base64url.h"
#include "base/base64url_wide.h"

#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// RFC 4648 section 10 without padding, and RFC 7515 appendix C.
static const struct {
    const char *bytes;
    size_t length;
    const char *text;
} pairs[] = {
    {"", 0, ""},
    {"f", 1, "Zg"},
    {"fo", 2, "Zm8"},
    {"foo", 3, "Zm9v"},
    {"foob", 4, "Zm9vYg"},
    {"fooba", 5, "Zm9vYmE"},
    {"foobar", 6, "Zm9vYmFy"},
    {"\x03\xec\xff\xe0\xc1", 5, "A-z_4ME"},
    {"\0\0\0\0", 4, "AAAAAA"},
    {"\xff\xff\xff\xff\xff", 5, "______8"},
    {"\xfb\xef\xbe", 3, "----"},
};

static const char *const refused[] = {
    "A",    "AAAAA", "AAAAAAAAA",                                        // no length of any bytes
    "Zg==", "Zg=",   "Zm8=",      "Zm9v====",                            // padding
    " Zg",  "Zg ",   "Zm9v\n",    "Zm\n9v",   "Zm9v\r\nZm9v", "\tZm9v",  // white space
    "Zm9+", "Zm9/",  "Zm9v+A",    "Zm9v/A",                              // the other alphabet
    "Zh",   "Zv",    "Zm9",       "Zm-",      "Zm9vZh",       "Zm9vZm9", // trailing bits
    "Zm.v", "Zm9v.", "Zm%3D",     "Zm9v\\",   "Zm9\xc3\xa9",
};

static enum tv_status decode(const char *text, size_t length, unsigned char **out,
                             size_t *out_length) {
    struct tv_span input = guard_copy(GUARD_TOKEN, text, length);
    *out = (unsigned char *)guard_take(GUARD_OUTPUT, TV_BASE64URL_DECODED_SIZE(length));
    return tv_base64url_decode(input.data, input.length, *out, out_length);
}

static void test_pairs(void) {
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        unsigned char *out;
        size_t length = 77, text_length = strlen(pairs[i].text);
        const char *name = pairs[i].text;
        CHECK_STATUS(TV_OK, decode(name, text_length, &out, &length), name);
        CHECK(length == pairs[i].length && memcmp(out, pairs[i].bytes, length) == 0, name);

        CHECK_NUMBER(text_length, TV_BASE64URL_ENCODED_LENGTH(pairs[i].length), name);
        struct tv_span bytes = guard_copy(GUARD_JSON, pairs[i].bytes, pairs[i].length);
        char *encoded = guard_take(GUARD_OUTPUT, text_length);
        tv_base64url_encode((const unsigned char *)bytes.data, bytes.length, encoded);
        CHECK(memcmp(encoded, name, text_length) == 0, name);
    }
}

static void test_refused(void) {
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        unsigned char *out;
        size_t length = 77;
        CHECK_STATUS(TV_MALFORMED_TOKEN, decode(refused[i], strlen(refused[i]), &out, &length),
                     refused[i]);
        CHECK_NUMBER(77, length, refused[i]);
    }
}

// Long enough for turns of many characters, and for what they leave.
#define LONG 80

// Whether `byte` among As, `at` places into `length`, is decoded, or refused, as it must be.
static bool is_decoded_correctly(size_t length, size_t at, int byte) {
    char text[LONG];
    memset(text, 'A', length);
    text[at] = (char)byte;
    const char *place = byte ? strchr(alphabet, byte) : NULL;
    uint32_t value = place ? (uint32_t)(place - alphabet) : 0;
    bool is_last = at + 1 == length;
    uint32_t unused = !is_last ? 0 : length % 4 == 2 ? 0x0f : length % 4 == 3 ? 0x03 : 0;
    unsigned char *out, expected[LONG + 3] = {0};
    size_t out_length = 77;
    enum tv_status status = decode(text, length, &out, &out_length);
    if (!place || (value & unused) != 0)
        return status == TV_MALFORMED_TOKEN && out_length == 77;
    uint32_t bits = value << (18 - 6 * (at % 4));
    for (size_t i = 0; i < 3; i++)
        expected[at / 4 * 3 + i] = (unsigned char)(bits >> (16 - 8 * i));
    return status == TV_OK && out_length == length * 3 / 4 &&
           memcmp(out, expected, out_length) == 0;
}

// Every byte at every place of whole groups, of both kinds of rest, and of a long text.
static void test_every_byte(void) {
    static const size_t lengths[] = {2, 3, 4, 6, 7, LONG};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        for (size_t at = 0; at < lengths[i]; at++) {
            int byte = 0;
            while (byte < 256 && is_decoded_correctly(lengths[i], at, byte))
                byte++;
            check_that(byte == 256, __FILE__, __LINE__, "byte %d at %zu of %zu", byte, at,
                       lengths[i]);
        }
}

// A long text gives the same as its groups, which are too short for turns of many characters.
static void test_group_by_group(void) {
    char text[3 * LONG];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = alphabet[(i * 29 + i / 64) % 64];
    unsigned char *whole, *group;
    size_t length = 0, group_length = 0;
    CHECK_STATUS(TV_OK, decode(text, sizeof text, &whole, &length), "whole");
    unsigned char kept[sizeof text];
    memcpy(kept, whole, length);
    for (size_t i = 0; i < sizeof text; i += 4) {
        CHECK_STATUS(TV_OK, decode(text + i, 4, &group, &group_length), "group");
        CHECK(group_length == 3 && memcmp(group, kept + i / 4 * 3, 3) == 0, "group");
    }
    CHECK_NUMBER(sizeof text / 4 * 3, length, "whole");
}

static size_t taken(const char *text, size_t length) {
    struct tv_span input = guard_copy(GUARD_TOKEN, text, length);
    char *out = guard_take(GUARD_OUTPUT, TV_BASE64URL_DECODED_SIZE(length));
    return tv_base64url_decode_wide((const unsigned char *)input.data, length,
                                    (unsigned char *)out);
}

static bool has_wide(void) {
#if defined __x86_64__ && defined __GNUC__
    return __builtin_cpu_supports("avx2");
#else
    return false;
#endif
}

// Where many characters are decoded at once, no turn is left to the others for nothing, nor taken
// that has a character outside the alphabet.
static void test_wide(void) {
    char text[LONG];
    size_t wide = 0;
    for (size_t i = 0; i < 64; i++) {
        memset(text, alphabet[i], sizeof text);
        wide += taken(text, LONG) == 64;
    }
    CHECK_NUMBER(has_wide() ? 64 : 0, wide, "characters of which a text is taken");
    if (!has_wide())
        return;
    memset(text, 'A', sizeof text);
    CHECK_NUMBER(0, taken(text, 39), "no room for a turn");
    CHECK_NUMBER(32, taken(text, 40), "one turn");
    CHECK_NUMBER(32, taken(text, 71), "no room for a second turn");
    CHECK_NUMBER(64, taken(text, 72), "two turns");
    for (size_t at = 0; at < LONG; at++) {
        int byte = 0;
        bool right = true;
        for (; byte < 256 && right; byte++) {
            text[at] = (char)byte;
            bool good = at >= 64 || (byte && strchr(alphabet, byte));
            right = taken(text, LONG) == (good ? 64 : at / 32 * 32);
        }
        check_that(right, __FILE__, __LINE__, "byte %d at %zu", byte - 1, at);
        text[at] = 'A';
    }
}

static void test_round_trips(void) {
    unsigned char bytes[200];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 151 + 7);
    for (size_t length = 0; length <= sizeof bytes; length++) {
        char text[TV_BASE64URL_ENCODED_LENGTH(sizeof bytes)];
        tv_base64url_encode(bytes, length, text);
        unsigned char *out;
        size_t out_length = 777;
        char name[32];
        snprintf(name, sizeof name, "%zu bytes", length);
        CHECK_STATUS(TV_OK, decode(text, TV_BASE64URL_ENCODED_LENGTH(length), &out, &out_length),
                     name);
        CHECK(out_length == length && memcmp(out, bytes, length) == 0, name);
    }
}

int main(void) {
    test_pairs();
    test_refused();
    test_every_byte();
    test_group_by_group();
    test_wide();
    test_round_trips();
    CHECK_NUMBER(2, TV_BASE64URL_DECODED_SIZE(3), "no whole group");
    CHECK_NUMBER(8, TV_BASE64URL_DECODED_SIZE(8), "two groups");
    return check_report("test_base64url");
}
