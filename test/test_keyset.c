// SPDX-License-Identifier: MIT
// Sets of keys: what is taken, what is skipped and why, and which key a kid then finds.
#include "check.h"
#include "expand.h"
#include "whole_set.h"

#include <openssl/err.h>

static enum tv_status load(const char *text, size_t length, struct tv_key_set **set,
                           struct tv_detail *detail) {
    struct tv_span copy = guard_copy(GUARD_KEY, text, length);
    *detail = (struct tv_detail){0};
    return whole_set(copy, TV_KEY_SET_MAX_KEYS, 0, set, detail);
}

// clang-format off
// Good sets: the kids of the usable keys in their order, "-" for one without; how many cannot be
// used, and why the first.
static const struct {
    const char *text;
    const char *kids;
    size_t unusable;
    enum tv_status status;
    enum tv_reason reason;
    const char *subject, *words;
} sets[] = {
    {"{\"keys\":[]}", "", 0, TV_OK, 0, NULL, NULL},
    {" \r\n\t{\"keys\":[{$R,\"kid\":\"a\"}],\"x\":1}\n", "a", 0, TV_OK, 0, NULL, NULL},
    {"{\"keys\":[{$R,\"kid\":\"a\"},{$E,\"kid\":\"b\"},{$O,\"kid\":\"c\"}]}",
     "a b c", 0, TV_OK, 0, NULL, NULL},
    {"{\"keys\":[{$R}]}", "-", 0, TV_OK, 0, NULL, NULL},
    {"{\"keys\":[{$R,\"kid\":\"a\"},{$S,\"kid\":\"a\"}]}", "a a", 0, TV_OK, 0, NULL, NULL},
    // A kid of another type than string names nothing; the key itself is good.
    {"{\"keys\":[{$R,\"kid\":7},{$R,\"kid\":null},{$R,\"kid\":[\"a\"]},{$R,\"kid\":\"\"}]}",
     "- - - -", 0, TV_OK, 0, NULL, NULL},

    // One that is no use has an entry, wherever it stands.
    {"{\"keys\":[{\"kty\":\"oct\",\"k\":\"c2VjcmV0\",\"kid\":\"s\"},{$R,\"kid\":\"a\"}]}", "a",
     1, TV_UNSUPPORTED_KEY, TV_REASON_KEY_TYPE, "kty", "string"},
    {"{\"keys\":[{$R,\"kid\":\"a\"},{\"kty\":\"oct\",\"k\":\"c2VjcmV0\",\"alg\":\"HS256\"}]}", "a",
     1, TV_UNSUPPORTED_KEY, TV_REASON_KEY_TYPE, "kty", "string"},
    {"{\"keys\":[{$R,\"kid\":\"a\"},{},{$E,\"kid\":\"b\"}]}", "a b",
     1, TV_MALFORMED_KEY, TV_REASON_MISSING, "kty", NULL},
    {"{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"},{$R,\"kid\":\"a\"}]}", "a",
     1, TV_WEAK_KEY, TV_REASON_BITS, NULL, NULL},
    {"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"AA\",\"y\":\"AA\"},"
     "{$R,\"kid\":\"a\"}]}",
     "a",
     1, TV_UNSUPPORTED_KEY, TV_REASON_CURVE, "crv", "secp256k1"},
    {"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AA\"},{$R,\"kid\":\"a\"}]}", "a",
     1, TV_UNSUPPORTED_KEY, TV_REASON_CURVE, "crv", "X25519"},
    {"{\"keys\":[{$R,\"x5c\":[\"AAAA\"]},{$R,\"kid\":\"a\"}]}", "- a", 0, TV_OK, 0, NULL, NULL},
    {"{\"keys\":[7,{$R,\"kid\":\"a\"},null,true,[]]}", "a",
     4, TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY, NULL, "number"},
    {"{\"keys\":[[{$R}],{$R,\"kid\":\"a\"}]}", "a",
     1, TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY, NULL, "array"},
    {"{\"keys\":[\"key\",{$R,\"kid\":\"a\"}]}", "a",
     1, TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY, NULL, "neither PEM nor JWK"},
    // The reason is the first one's.
    {"{\"keys\":[{\"kty\":1},{\"kty\":\"oct\"},{},7]}", "",
     4, TV_MALFORMED_KEY, TV_REASON_TYPE, "kty", "number"},

    // Google's form: kid to certificate.
    {"{\"a\":\"$C\"}", "a", 0, TV_OK, 0, NULL, NULL},
    {"{\"a\":\"$C\",\"b\":\"$C\"}", "a b", 0, TV_OK, 0, NULL, NULL},
    {"{\"keys\":\"$C\"}", "keys", 0, TV_OK, 0, NULL, NULL},
    {"{\"bad\":\"-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\\n\",\"a\":\"$C\"}",
     "a",
     1, TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY, NULL, "a PEM whose contents cannot be decoded"},
};

static const struct {
    const char *text;
    enum tv_reason reason;
    const char *subject;
    const char *words; // "*" any
} no_sets[] = {
    {"", TV_REASON_NO_TEXT, NULL, "an empty text"},
    {" \t\v\f\r\n", TV_REASON_NO_TEXT, NULL, "an empty text"},
    {"<html>", TV_REASON_PAGE, NULL, "an HTML or XML page"},
    {"\r\n <?xml version=\"1.0\"?>", TV_REASON_PAGE, NULL, "an HTML or XML page"},
    {"Not Found", TV_REASON_NOT_A_KEY, NULL, "an error text"},
    {"hello", TV_REASON_JSON, "JWK Set", "*"},
    {"-----BEGIN PUBLIC KEY-----\nMIIB", TV_REASON_NOT_A_KEY, NULL, "*"},
    {"\xef\xbb\xbf{}", TV_REASON_NOT_A_KEY, NULL, "JSON without a \"keys\" array"},
    {"{\"keys\":[{$R,\"kid\":\"a\"}]", TV_REASON_JSON, "JWK Set", "*"},
    {"{\"keys\":[]}x", TV_REASON_JSON, "JWK Set", "*"},
    {"[{$R,\"kid\":\"a\"}]", TV_REASON_NOT_A_KEY, NULL, "a JSON array of JWKs"},
    {"\"keys\"", TV_REASON_NOT_OBJECT, "JWK Set", "string"},
    {"null", TV_REASON_NOT_OBJECT, "JWK Set", "null"},
    {"{\"keys\":[],\"keys\":[]}", TV_REASON_DUPLICATE, "JWK Set", NULL},
    {"{\"keys\":[{$R,\"kid\":\"a\",\"kid\":\"b\"}]}", TV_REASON_DUPLICATE, "JWK Set", NULL},
    {"{}", TV_REASON_NOT_A_KEY, NULL, "JSON without a \"keys\" array"},
    {"{\"keys\":{}}", TV_REASON_NOT_A_KEY, NULL, "JSON without a \"keys\" array"},
    {"{\"keys\":null}", TV_REASON_NOT_A_KEY, NULL, "JSON without a \"keys\" array"},
    {"{\"Keys\":[]}", TV_REASON_NOT_A_KEY, NULL, "JSON without a \"keys\" array"},
    {"{$R,\"kid\":\"a\"}", TV_REASON_NOT_A_KEY, NULL, "a single JWK"},
    {"{\"error\":\"unauthorized\"}", TV_REASON_NOT_A_KEY, NULL, "a JSON error"},
    {"{\"a\":\"$C\",\"b\":7}", TV_REASON_NOT_A_KEY, NULL, "JSON with a PEM in the member"},
    {"{\"a\":\"$C\",\"b\":\"text\"}", TV_REASON_NOT_A_KEY, NULL, "JSON with a PEM in the member"},
};
// clang-format on

// "a b -": the kids of the usable keys in their order.
static void list_kids(const struct tv_key_set *set, char *out, size_t size) {
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < set->count; i++) {
        struct tv_span key_id = set->entries[i].key_id;
        if (!set->entries[i].key)
            continue;
        used += (size_t)snprintf(out + used, size - used, "%s%.*s", used > 0 ? " " : "",
                                 key_id.length > 0 ? (int)key_id.length : 1,
                                 key_id.length > 0 ? key_id.data : "-");
    }
}

static const struct tv_key_set_entry *first_unusable(const struct tv_key_set *set) {
    for (size_t i = 0; i < set->count; i++)
        if (!set->entries[i].key)
            return &set->entries[i];
    return NULL;
}

static void test_sets(void) {
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        const char *name = sets[i].text;
        char *text = expand(name), kids[256];
        struct tv_key_set *set;
        struct tv_detail detail;
        if (CHECK_STATUS(TV_OK, load(text, strlen(text), &set, &detail), name)) {
            list_kids(set, kids, sizeof kids);
            CHECK_TEXT(sets[i].kids, kids, name);
            static const struct tv_key_set_entry none;
            const struct tv_key_set_entry *first = first_unusable(set);
            first = first ? first : &none;
            CHECK_NUMBER(sets[i].unusable, set->unusable, name);
            CHECK_STATUS(sets[i].status, first->status, name);
            CHECK_NUMBER(sets[i].reason, first->detail.reason, name);
            CHECK_TEXT(sets[i].subject, tv_subject_name(first->detail.subject), name);
            CHECK_TEXT(sets[i].words, first->detail.text, name);
            CHECK_NUMBER(TV_REASON_NONE, detail.reason, name);
        }
        tv_key_set_free(set);
        free(text);
    }
    for (size_t i = 0; i < sizeof no_sets / sizeof no_sets[0]; i++) {
        const char *name = no_sets[i].text;
        char *text = expand(name);
        struct tv_key_set *set;
        struct tv_detail detail;
        CHECK_STATUS(TV_MALFORMED_KEY, load(text, strlen(text), &set, &detail), name);
        CHECK(!set, name);
        CHECK_NUMBER(no_sets[i].reason, detail.reason, name);
        CHECK_TEXT(no_sets[i].subject, tv_subject_name(detail.subject), name);
        if (no_sets[i].words && no_sets[i].words[0] == '*')
            CHECK(detail.text, name);
        else
            CHECK_TEXT(no_sets[i].words, detail.text, name);
        free(text);
    }
}

// A kid that is no string, by its type.
static void test_kid_types(void) {
    static const char *const types[] = {"number", "array", "object", "boolean", NULL, NULL, NULL};
    char *text = expand("{\"keys\":[{$E,\"kid\":1},{\"kid\":[\"a\"]},{\"kid\":{}},{\"kid\":false},"
                        "{$E,\"kid\":null},{$E},{$E,\"kid\":\"\"}]}");
    struct tv_key_set *set;
    struct tv_detail detail;
    if (CHECK_STATUS(TV_OK, load(text, strlen(text), &set, &detail), "kids") &&
        CHECK_NUMBER(sizeof types / sizeof types[0], set->count, "kids"))
        for (size_t i = 0; i < set->count; i++) {
            CHECK_TEXT(types[i], set->entries[i].key_id_type, "kids");
            CHECK_NUMBER(0, set->entries[i].key_id.length, "kids");
        }
    tv_key_set_free(set);
    free(text);
}

// As many as there may be, with all kids as long as a set may be, and none that can be used: their
// kids and reasons are held, and no more.
static void test_all_unusable(void) {
    enum { KID = 2000 };
    char *text = check_malloc(TV_KEY_SET_MAX_LENGTH), kid[KID + 1];
    size_t used = (size_t)sprintf(text, "{\"keys\":[");
    memset(kid, 'k', KID);
    kid[KID] = '\0';
    for (size_t i = 0; i < TV_KEY_SET_MAX_KEYS; i++)
        used += (size_t)sprintf(text + used, "%s{\"kty\":%zu,\"kid\":\"%s\"}", i > 0 ? "," : "", i,
                                kid);
    used += (size_t)sprintf(text + used, "]}");
    struct tv_key_set *set = NULL;
    struct tv_detail detail = {0};
    if (CHECK_STATUS(TV_OK,
                     whole_set((struct tv_span){text, used}, TV_KEY_SET_MAX_KEYS,
                               TV_KEY_SET_STEP_EFFORT, &set, &detail),
                     "all unusable")) {
        CHECK_NUMBER(TV_KEY_SET_MAX_KEYS, set->count, "all unusable");
        CHECK_NUMBER(TV_KEY_SET_MAX_KEYS, set->unusable, "all unusable");
        const struct tv_key_set_entry *found = tv_key_set_find(set, tv_span_of(kid), NULL, 0);
        CHECK(found == set->entries && found->detail.subject == TV_SUBJECT_KTY, "all unusable");
        CHECK(!tv_key_set_find(set, tv_span_of(kid + 1), NULL, 0), "all unusable");
    }
    tv_key_set_free(set);
    free(text);
}

// Which of the keys is found, told by its thumbprint's first letters.
static const struct {
    const char *text;
    const char *key_id; // NULL: tv_key_set_only()
    const char *algorithm;
    const char *file; // of the key found; NULL: none
    size_t nth;
    enum tv_reason reason; // of the entry found, if its key cannot be used
} finds[] = {
    {"{\"keys\":[{$R,\"kid\":\"a\"},{$S,\"kid\":\"b\"}]}", "a", "RS256", "rsa.pem", 0, 0},
    {"{\"keys\":[{$R,\"kid\":\"a\"},{$S,\"kid\":\"b\"}]}", "b", "RS256", "other.pem", 0, 0},
    {"{\"keys\":[{$R,\"kid\":\"a\"},{$S,\"kid\":\"b\"}]}", "b", NULL, "other.pem", 0, 0},
    {"{\"keys\":[{$R,\"kid\":\"a\"}]}", "A", "RS256", NULL, 0, 0},
    {"{\"keys\":[{$R,\"kid\":\"a\"}]}", "ab", "RS256", NULL, 0, 0},
    {"{\"keys\":[{$R,\"kid\":\"ab\"}]}", "a", "RS256", NULL, 0, 0},
    {"{\"keys\":[]}", "a", "RS256", NULL, 0, 0},
    // Several of one kid: by the algorithm, else the first, for its refusal to say why.
    {"{\"keys\":[{$E,\"kid\":\"a\"},{$R,\"kid\":\"a\"}]}", "a", "RS256", "rsa.pem", 0, 0},
    {"{\"keys\":[{$E,\"kid\":\"a\"},{$R,\"kid\":\"a\"}]}", "a", NULL, "ec.pem", 0, 0},
    {"{\"keys\":[{$E,\"kid\":\"a\"},{$O,\"kid\":\"a\"}]}", "a", "RS256", "ec.pem", 0, 0},
    {"{\"keys\":[{$R,\"kid\":\"a\",\"alg\":\"RS384\"},{$S,\"kid\":\"a\",\"alg\":\"RS256\"}]}", "a",
     "RS256", "other.pem", 0, 0},
    {"{\"keys\":[{$R,\"kid\":\"a\",\"alg\":\"RS384\"},{$S,\"kid\":\"a\",\"alg\":\"RS256\"}]}", "a",
     "RS384", "rsa.pem", 0, 0},
    {"{\"keys\":[{$R,\"kid\":\"a\",\"alg\":\"RS384\"},{$S,\"kid\":\"a\",\"alg\":\"RS256\"}]}", "a",
     "RS512", "rsa.pem", 0, 0},
    {"{\"keys\":[{$R,\"kid\":\"a\",\"use\":\"enc\"},{$S,\"kid\":\"a\",\"use\":\"sig\"}]}", "a",
     "RS256", "other.pem", 0, 0},
    {"{\"keys\":[{$R,\"kid\":\"a\"},{$S,\"kid\":\"a\"}]}", "a", "RS256", "rsa.pem", 0, 0},
    {"{\"a\":\"$C\"}", "a", "RS256", "rsa.pem", 0, 0},
    // One after the other, those that may check it alone.
    {"{\"keys\":[{$R,\"kid\":\"a\"},{$S,\"kid\":\"a\"}]}", "a", "RS256", "other.pem", 1, 0},
    {"{\"keys\":[{$R,\"kid\":\"a\"},{$S,\"kid\":\"a\"}]}", "a", "RS256", NULL, 2, 0},
    {"{\"keys\":[{$R,\"kid\":\"b\"},{$R,\"kid\":\"a\"},{$E,\"kid\":\"a\"},{\"e\":\"AQAB\",\"kid\":"
     "\"a\"},"
     "{$S,\"kid\":\"a\"}]}",
     "a", "RS256", "other.pem", 1, 0},
    {"{\"keys\":[{$R,\"kid\":\"a\"},{$E,\"kid\":\"a\"},{\"e\":\"AQAB\",\"kid\":\"a\"}]}", "a",
     "RS256", NULL, 1, 0},
    {"{\"keys\":[{$E,\"kid\":\"a\"},{$O,\"kid\":\"a\"}]}", "a", "RS256", NULL, 1, 0},
    {"{\"keys\":[{$E,\"kid\":\"a\"},{$O,\"kid\":\"a\"}]}", "a", NULL, "ed25519.pem", 1, 0},
    // One that cannot be used, if there is no other; the first of them.
    {"{\"keys\":[{\"e\":\"AQAB\",\"kid\":\"a\"},{$R,\"kid\":\"a\"}]}", "a", "RS256", "rsa.pem", 0,
     0},
    {"{\"keys\":[{\"e\":\"AQAB\",\"kid\":\"a\"},{$E,\"kid\":\"a\"}]}", "a", "RS256", "ec.pem", 0,
     0},
    {"{\"keys\":[{$R,\"kid\":\"b\"},{\"e\":\"AQAB\",\"kid\":\"a\"},{\"kty\":\"oct\",\"kid\":\"a\"}]"
     "}",
     "a", "RS256", NULL, 0, TV_REASON_MISSING},
    {"{\"keys\":[{\"e\":\"AQAB\",\"kid\":\"a\"}]}", "a", NULL, NULL, 0, TV_REASON_MISSING},
    {"{\"keys\":[{\"e\":\"AQAB\",\"kid\":\"a\"},{\"e\":\"AQAB\",\"kid\":\"a\"}]}", "a", "RS256",
     NULL, 1, 0},
    {"{\"keys\":[{\"e\":\"AQAB\",\"kid\":\"a\"},{$R,\"kid\":\"b\"}]}", NULL, "RS256", "rsa.pem", 0,
     0},
    {"{\"keys\":[{\"e\":\"AQAB\",\"kid\":\"a\"},{$E,\"kid\":\"b\"}]}", NULL, "RS256", NULL, 0,
     TV_REASON_MISSING},
    {"{\"keys\":[{\"e\":\"AQAB\",\"kid\":\"a\"},{\"e\":\"AQAB\",\"kid\":\"b\"}]}", NULL, "RS256",
     NULL, 0, 0},
    {"{\"keys\":[{$R},{$S},{\"e\":\"AQAB\"}]}", NULL, "RS256", NULL, 0, 0},
    // Without a kid: the only one that can have signed.
    {"{\"keys\":[{$R}]}", NULL, "RS256", "rsa.pem", 0, 0},
    {"{\"keys\":[{$R,\"kid\":\"a\"}]}", NULL, "RS256", "rsa.pem", 0, 0},
    {"{\"keys\":[{$E},{$R},{$O}]}", NULL, "RS256", "rsa.pem", 0, 0},
    {"{\"keys\":[{$S,\"use\":\"enc\"},{$R}]}", NULL, "RS256", "rsa.pem", 0, 0},
    {"{\"keys\":[{$R},{$S}]}", NULL, "RS256", NULL, 0, 0},
    {"{\"keys\":[{$R},{$R}]}", NULL, "RS256", NULL, 0, 0},
    {"{\"keys\":[{$E},{$O}]}", NULL, "RS256", NULL, 0, 0},
    {"{\"keys\":[{$E}]}", NULL, NULL, "ec.pem", 0, 0},
    {"{\"keys\":[{$E},{$O}]}", NULL, NULL, NULL, 0, 0},
    {"{\"keys\":[]}", NULL, NULL, NULL, 0, 0},
};

static void test_finds(void) {
    for (size_t i = 0; i < sizeof finds / sizeof finds[0]; i++) {
        const char *name = finds[i].text;
        char *text = expand(name);
        struct tv_key_set *set;
        struct tv_detail detail;
        const struct tv_algorithm *algorithm =
            finds[i].algorithm ? tv_algorithm_find(tv_span_of(finds[i].algorithm)) : NULL;
        CHECK_STATUS(TV_OK, load(text, strlen(text), &set, &detail), name);
        const struct tv_key_set_entry *entry;
        if (finds[i].key_id) {
            size_t length = strlen(finds[i].key_id);
            entry = tv_key_set_find(set, guard_copy(GUARD_TOKEN, finds[i].key_id, length),
                                    algorithm, finds[i].nth);
        } else {
            entry = tv_key_set_only(set, algorithm);
        }
        struct tv_key *found = entry ? entry->key : NULL;
        CHECK(!entry == (!finds[i].file && !finds[i].reason), name);
        CHECK_NUMBER(finds[i].reason, entry ? entry->detail.reason : TV_REASON_NONE, name);
        if (CHECK((found != NULL) == (finds[i].file != NULL), name) && found) {
            struct tv_key *expected = expand_load(finds[i].file);
            CHECK(EVP_PKEY_eq(tv_key_public(expected), tv_key_public(found)) == 1, name);
            tv_key_free(expected);
        }
        tv_key_set_free(set);
        free(text);
    }
}

// As many as there may be; one more, and none is taken.
static void test_most(void) {
    char *jwk = expand("{$O}"), *text = check_malloc(EXPANDED_SIZE);
    for (size_t count = TV_KEY_SET_MAX_KEYS; count <= TV_KEY_SET_MAX_KEYS + 1; count++) {
        size_t used = (size_t)sprintf(text, "{\"keys\":[");
        for (size_t i = 0; i < count; i++)
            used += (size_t)sprintf(text + used, "%s%s", i > 0 ? "," : "", jwk);
        used += (size_t)sprintf(text + used, "]}");
        struct tv_key_set *set;
        struct tv_detail detail;
        bool too_many = count > TV_KEY_SET_MAX_KEYS;
        CHECK_STATUS(too_many ? TV_MALFORMED_KEY : TV_OK, load(text, used, &set, &detail), "most");
        CHECK_NUMBER(too_many ? TV_REASON_LENGTH : TV_REASON_NONE, detail.reason, "most");
        CHECK_NUMBER(too_many ? 257 : 0, detail.number, "most");
        CHECK_NUMBER(too_many ? 256 : 0, detail.limit, "most");
        CHECK_TEXT(too_many ? "JWK Set" : NULL, tv_subject_name(detail.subject), "most");
        if (CHECK((set != NULL) == !too_many, "most") && set)
            CHECK_NUMBER(256, set->count, "most");
        tv_key_set_free(set);
    }
    free(text);
    free(jwk);

    // By length, whatever is in it; no guard page has room for so much.
    text = check_malloc(TV_KEY_SET_MAX_LENGTH + 1);
    memset(text, ' ', TV_KEY_SET_MAX_LENGTH + 1);
    memcpy(text, "{\"keys\":[]}", 11);
    for (size_t more = 0; more <= 1; more++) {
        struct tv_key_set *set = NULL;
        struct tv_detail detail = {0};
        CHECK_STATUS(
            more ? TV_MALFORMED_KEY : TV_OK,
            whole_set((struct tv_span){text, TV_KEY_SET_MAX_LENGTH + more}, 1, 0, &set, &detail),
            "512 KiB");
        CHECK_NUMBER(more ? TV_REASON_BODY : TV_REASON_NONE, detail.reason, "512 KiB");
        CHECK_NUMBER(more ? 524288 : 0, more ? detail.limit : 0, "512 KiB");
        tv_key_set_free(set);
    }
    free(text);
}

// A member's certificate is looked at if it is as long as a key's text may be.
static void test_long_certificate(void) {
    char *head = expand("{\"keys\":[{$S,\"x5c\":[\"$B"),
         *text = check_malloc(2 * TV_KEY_MAX_LENGTH);
    size_t certificate = strlen(strrchr(head, '"') + 1);
    for (size_t length = TV_KEY_MAX_LENGTH; length <= TV_KEY_MAX_LENGTH + 1; length++) {
        struct tv_key_set *set = NULL;
        struct tv_detail detail = {0};
        int used = snprintf(text, 2 * TV_KEY_MAX_LENGTH, "%s%*s\"]}]}", head,
                            (int)(length - certificate), "");
        CHECK_STATUS(TV_OK, whole_set((struct tv_span){text, (size_t)used}, 1, 0, &set, &detail),
                     "x5c");
        CHECK(tv_key_certificate_differs(set->entries[0].key) == (length == TV_KEY_MAX_LENGTH),
              "x5c");
        tv_key_set_free(set);
    }
    free(head);
    free(text);
}

// A reader gives as much as was paid for, and the set only when it is whole.
static void test_parts(void) {
    static const struct {
        const char *text;
        size_t effort, left, parts; // the last part only finds that there is no more
    } readings[] = {
        {"{\"keys\":[]}", 1, 1, 1},
        {"{\"keys\":[{$E}]}", 1, 1, 2},
        {"{\"keys\":[{$E}]}", 2, 2, 2},
        {"{\"keys\":[{$E}]}", 3, 1, 1},
        {"{\"keys\":[{$E},{$O},{$R},{},7]}", 1, 1, 6},
        {"{\"keys\":[{$E},{$O},{$R},{},7]}", 4, 2, 3},
        {"{\"keys\":[{$E},{$O},{$R},{},7]}", 11, 1, 1},
        {"{\"keys\":[{$E,\"x5c\":[]},{$E}]}", 48, 46, 2},
        {"{\"keys\":[{$E,\"x5c\":[]},{$E}]}", 49, 49, 2},
        {"{\"keys\":[{$E,\"x5c\":[]},{$E}]}", 51, 1, 1},
        {"{\"a\":\"$C\",\"b\":\"$C\"}", 48, 48, 3},
        {"{\"a\":\"$C\",\"b\":\"$C\"}", 97, 1, 1},
        {"{\"a\":\"-----BEGIN PRIVATE KEY-----\"}", 48, 48, 2},
        {"{\"a\":\"-----BEGIN PRIVATE KEY-----\"}", 49, 1, 1},
    };
    for (size_t i = 0; i < sizeof readings / sizeof readings[0]; i++) {
        char *text = expand(readings[i].text);
        struct tv_detail detail = {0};
        struct tv_key_set_reader *reader = NULL;
        struct tv_key_set *set = NULL, *whole;
        CHECK_STATUS(TV_OK, load(text, strlen(text), &whole, &detail), text);
        CHECK_STATUS(TV_OK,
                     tv_key_set_reader_new(text, strlen(text), TV_RSA_MIN_BITS, TV_KEY_SET_MAX_KEYS,
                                           &reader, &detail),
                     text);
        memset(text, 'x', strlen(text)); // it keeps a copy
        size_t parts = 0, left = 0;
        CHECK_STATUS(TV_OK, tv_key_set_read(reader, &left, &set), "nothing paid");
        CHECK(!set && left == 0, "nothing paid");
        for (; !set && parts < 9; parts++) {
            left = readings[i].effort;
            CHECK_STATUS(TV_OK, tv_key_set_read(reader, &left, &set), readings[i].text);
            CHECK(set || left == 0, readings[i].text);
        }
        CHECK_NUMBER(readings[i].parts, parts, readings[i].text);
        CHECK_NUMBER(readings[i].left, left, readings[i].text);
        if (CHECK(set && whole, readings[i].text)) {
            CHECK_NUMBER(whole->count, set->count, readings[i].text);
            CHECK_NUMBER(whole->unusable, set->unusable, readings[i].text);
        }
        tv_key_set_reader_free(reader);
        tv_key_set_free(whole);
        tv_key_set_free(set);
        free(text);
    }
}

// A JWK of many members is paid for by its members.
static void test_members(void) {
    static const struct {
        int count;
        size_t effort;
    } cases[] = {{1, 2}, {63, 2}, {64, 3}, {127, 3}, {128, 4}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[2048] = "{\"keys\":[{";
        size_t length = strlen(text), left = 100;
        for (int m = 0; m < cases[i].count; m++)
            length += (size_t)sprintf(text + length, "%s\"%d\":0", m > 0 ? "," : "", m);
        length += (size_t)sprintf(text + length, "}]}");
        struct tv_detail detail = {0};
        struct tv_key_set_reader *reader = NULL;
        struct tv_key_set *set = NULL;
        CHECK_STATUS(TV_OK,
                     tv_key_set_reader_new(text, length, TV_RSA_MIN_BITS, TV_KEY_SET_MAX_KEYS,
                                           &reader, &detail),
                     text);
        CHECK_STATUS(TV_OK, tv_key_set_read(reader, &left, &set), text);
        CHECK_NUMBER(cases[i].effort, 100 - left, text);
        tv_key_set_reader_free(reader);
        tv_key_set_free(set);
    }
}

// Given up half-way, everything read so far goes with the reader.
static void test_given_up(void) {
    char *text = expand("{\"keys\":[{$E,\"kid\":\"a\"},{$O,\"kid\":\"b\"}]}");
    struct tv_detail detail = {0};
    struct tv_key_set_reader *reader = NULL;
    struct tv_key_set *set = NULL;
    CHECK_STATUS(TV_OK,
                 tv_key_set_reader_new(text, strlen(text), TV_RSA_MIN_BITS, 2, &reader, &detail),
                 "two of two");
    size_t effort = 1;
    CHECK_STATUS(TV_OK, tv_key_set_read(reader, &effort, &set), "one");
    CHECK(!set, "not whole");
    tv_key_set_reader_free(reader);
    tv_key_set_reader_free(NULL);
    reader = NULL;
    CHECK_STATUS(TV_MALFORMED_KEY,
                 tv_key_set_reader_new(text, strlen(text), TV_RSA_MIN_BITS, 1, &reader, &detail),
                 "two of one");
    CHECK(!reader, "no reader");
    CHECK_NUMBER(2, detail.number, "found");
    CHECK_NUMBER(1, detail.limit, "expected");
    free(text);
}

// A type that OpenSSL cannot do here, as with a FIPS provider alone: the set is one without it.
static void test_without_crypto(void) {
    char *text = expand("{\"keys\":[{$R},7]}");
    struct tv_key_set *set = NULL;
    struct tv_detail detail = {0};
    EVP_set_default_properties(NULL, "provider=none");
    CHECK_STATUS(TV_OK, load(text, strlen(text), &set, &detail), "without RSA");
    EVP_set_default_properties(NULL, "");
    if (CHECK(set, "without RSA")) {
        CHECK_NUMBER(2, set->count, "without RSA");
        CHECK_NUMBER(2, set->unusable, "without RSA");
        CHECK_STATUS(TV_CRYPTO_FAILURE, set->entries[0].status, "without RSA");
    }
    tv_key_set_free(set);
    free(text);
}

// Cut anywhere, a set is no set: half of the keys must never pass for all of them.
static void test_cut(void) {
    char *text = expand("{\"keys\":[{$E,\"kid\":\"a\"},{$O,\"kid\":\"b\"}]}");
    bool never = true;
    for (size_t cut = 0; cut < strlen(text); cut++) {
        struct tv_key_set *set = NULL;
        struct tv_detail detail;
        never = never && load(text, cut, &set, &detail) == TV_MALFORMED_KEY && !set && detail.text;
        tv_key_set_free(set);
    }
    CHECK(never, "cut");
    free(text);
}

// The queue of OpenSSL's errors is the server's too: what stood there stays, and nothing is added.
static void test_errors(void) {
    static const char text[] = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\","
                               "\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
                               "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE\"}]}";
    struct tv_key_set *set = NULL;
    struct tv_detail detail = {0};
    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, ERR_R_DISABLED);
    unsigned long before = ERR_peek_last_error();
    whole_set(tv_span_of(text), 1, 0, &set, &detail);
    tv_key_set_free(set);
    CHECK(ERR_peek_last_error() == before, "nothing added");
    CHECK(ERR_get_error() == before && ERR_get_error() == 0, "nothing taken");
}

// Many values take long to parse, whatever they are.
static void test_values(void) {
    for (size_t extra = 0; extra < 2; extra++) {
        size_t count = TV_KEY_SET_MAX_VALUES - 3 + extra; // besides { " : [
        char *text = check_malloc(2 * count + 32);
        size_t length = (size_t)sprintf(text, "{\"keys\":[]");
        for (size_t i = 0; i < count; i++)
            text[length++] = ','; // which is no JSON: the count comes first
        struct tv_detail detail = {0};
        struct tv_key_set_reader *reader = NULL;
        CHECK_STATUS(TV_MALFORMED_KEY,
                     tv_key_set_reader_new(text, length, TV_RSA_MIN_BITS, TV_KEY_SET_MAX_KEYS,
                                           &reader, &detail),
                     "values");
        CHECK_NUMBER(extra ? TV_REASON_NOT_A_KEY : TV_REASON_JSON, detail.reason, "values");
        free(text);
    }
}

// Other alphabets of base64 are read of numbers that a key's text can hold.
static void test_long_number(void) {
    for (size_t more = 0; more <= 4; more += 4) {
        size_t length = TV_KEY_MAX_LENGTH + more;
        char *text = check_malloc(length + 64);
        size_t begin = (size_t)sprintf(text, "{\"keys\":[{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"");
        memset(text + begin, '+', length);
        size_t end = (size_t)sprintf(text + begin + length, "\"}]}");
        struct tv_key_set *set;
        struct tv_detail detail;
        CHECK_STATUS(TV_OK, load(text, begin + length + end, &set, &detail), "a long number");
        if (set)
            CHECK_NUMBER(more ? TV_REASON_BASE64URL : TV_REASON_BITS, set->entries[0].detail.reason,
                         "a long number");
        tv_key_set_free(set);
        free(text);
    }
}

int main(void) {
    test_sets();
    test_errors();
    test_kid_types();
    test_all_unusable();
    test_finds();
    test_most();
    test_long_certificate();
    test_parts();
    test_members();
    test_given_up();
    test_cut();
    test_without_crypto();
    tv_key_set_free(NULL);
    test_values();
    test_long_number();
    return check_report("test_keyset");
}
