// SPDX-License-Identifier: MIT
// Claims: each date, name and list at its edges and in every wrong type.
#include "check.h"
#include "policies.h"

#define NOW 1700000000.0

static const struct {
    const char *claims;
    struct policy_line policy;
    const char *room;
    enum tv_status status;
    const char *subject;
    enum tv_reason reason;
    const char *text; // the JSON type found
} cases[] = {
    {"{}", {0}, NULL, TV_OK, NULL, 0, NULL},

    // exp: now >= exp is expired.
    {"{\"exp\":1700000001}", {0}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"exp\":1700000000}", {0}, NULL, TV_EXPIRED, "exp", TV_REASON_TIME, NULL},
    {"{\"exp\":1699999999}", {0}, NULL, TV_EXPIRED, "exp", TV_REASON_TIME, NULL},
    {"{\"exp\":1700000000.5}", {0}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"exp\":1699999999.9}", {0}, NULL, TV_EXPIRED, "exp", TV_REASON_TIME, NULL},
    {"{\"exp\":0}", {0}, NULL, TV_EXPIRED, "exp", TV_REASON_TIME, NULL},
    {"{\"exp\":-1}", {0}, NULL, TV_EXPIRED, "exp", TV_REASON_TIME, NULL},
    {"{\"exp\":-9007199254740992}", {0}, NULL, TV_EXPIRED, "exp", TV_REASON_TIME, NULL},
    {"{\"exp\":1.7e9}", {0}, NULL, TV_EXPIRED, "exp", TV_REASON_TIME, NULL},
    {"{\"exp\":1700000001e0}", {0}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"exp\":99999999999}", {0}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"exp\":1699999941}", {.leeway_s = 60}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"exp\":1699999940}", {.leeway_s = 60}, NULL, TV_EXPIRED, "exp", TV_REASON_TIME, NULL},

    // nbf: now < nbf is not yet valid.
    {"{\"nbf\":1700000000}", {0}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"nbf\":1700000001}", {0}, NULL, TV_NOT_YET_VALID, "nbf", TV_REASON_TIME, NULL},
    {"{\"nbf\":1700000000.5}", {0}, NULL, TV_NOT_YET_VALID, "nbf", TV_REASON_TIME, NULL},
    {"{\"nbf\":1699999999.9}", {0}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"nbf\":0}", {0}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"nbf\":-1}", {0}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"nbf\":1700000060}", {.leeway_s = 60}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"nbf\":1700000061}", {.leeway_s = 60}, NULL, TV_NOT_YET_VALID, "nbf", TV_REASON_TIME, NULL},
    {"{\"exp\":1,\"nbf\":9999999999}",
     {0},
     NULL,
     TV_EXPIRED,
     "exp",
     TV_REASON_TIME,
     NULL}, // exp is first

    // Dates that are none. Null is no absence here: a token must not live for ever by mistake.
    {"{\"exp\":\"1700000001\"}", {0}, NULL, TV_INVALID_CLAIM, "exp", TV_REASON_TYPE, "string"},
    {"{\"exp\":null}", {0}, NULL, TV_INVALID_CLAIM, "exp", TV_REASON_TYPE, "null"},
    {"{\"exp\":true}", {0}, NULL, TV_INVALID_CLAIM, "exp", TV_REASON_TYPE, "boolean"},
    {"{\"exp\":false}", {0}, NULL, TV_INVALID_CLAIM, "exp", TV_REASON_TYPE, "boolean"},
    {"{\"exp\":[1700000001]}", {0}, NULL, TV_INVALID_CLAIM, "exp", TV_REASON_TYPE, "array"},
    {"{\"exp\":{}}", {0}, NULL, TV_INVALID_CLAIM, "exp", TV_REASON_TYPE, "object"},
    {"{\"nbf\":\"0\"}", {0}, NULL, TV_INVALID_CLAIM, "nbf", TV_REASON_TYPE, "string"},
    {"{\"nbf\":null}", {0}, NULL, TV_INVALID_CLAIM, "nbf", TV_REASON_TYPE, "null"},
    {"{\"nbf\":false}", {0}, NULL, TV_INVALID_CLAIM, "nbf", TV_REASON_TYPE, "boolean"},
    {"{\"nbf\":[]}", {0}, NULL, TV_INVALID_CLAIM, "nbf", TV_REASON_TYPE, "array"},
    {"{\"nbf\":{}}", {0}, NULL, TV_INVALID_CLAIM, "nbf", TV_REASON_TYPE, "object"},
    {"{\"exp\":9007199254740993}",
     {0},
     NULL,
     TV_INVALID_CLAIM,
     "exp",
     TV_REASON_MILLISECONDS,
     NULL}, // as a double 2^53
    {"{\"exp\":9007199254740994}", {0}, NULL, TV_INVALID_CLAIM, "exp", TV_REASON_RANGE, NULL},
    {"{\"exp\":-9007199254740994}", {0}, NULL, TV_INVALID_CLAIM, "exp", TV_REASON_RANGE, NULL},
    {"{\"exp\":18446744073709551615}", {0}, NULL, TV_INVALID_CLAIM, "exp", TV_REASON_RANGE, NULL},
    {"{\"exp\":18446744073709551616}", {0}, NULL, TV_INVALID_CLAIM, "exp", TV_REASON_RANGE, NULL},
    {"{\"exp\":1e300}", {0}, NULL, TV_INVALID_CLAIM, "exp", TV_REASON_RANGE, NULL},
    {"{\"nbf\":-1e300}", {0}, NULL, TV_INVALID_CLAIM, "nbf", TV_REASON_RANGE, NULL},
    {"{\"nbf\":1e300}",
     {.milliseconds = true},
     NULL,
     TV_INVALID_CLAIM,
     "nbf",
     TV_REASON_RANGE,
     NULL},
    {"{\"iat\":\"now\",\"exp\":1}",
     {0},
     NULL,
     TV_EXPIRED,
     "exp",
     TV_REASON_TIME,
     NULL}, // iat is not checked

    // Milliseconds.
    {"{\"exp\":1700000001000}", {0}, NULL, TV_INVALID_CLAIM, "exp", TV_REASON_MILLISECONDS, NULL},
    {"{\"exp\":253402300800}", {0}, NULL, TV_INVALID_CLAIM, "exp", TV_REASON_MILLISECONDS, NULL},
    {"{\"nbf\":1699999999000}", {0}, NULL, TV_INVALID_CLAIM, "nbf", TV_REASON_MILLISECONDS, NULL},
    {"{\"exp\":1700000001000}", {.milliseconds = true}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"exp\":1700000000000}",
     {.milliseconds = true},
     NULL,
     TV_EXPIRED,
     "exp",
     TV_REASON_TIME,
     NULL},
    {"{\"exp\":253402300800}",
     {.milliseconds = true},
     NULL,
     TV_EXPIRED,
     "exp",
     TV_REASON_TIME,
     NULL},

    // The year 9999 is "never", and twelve digits below it are a slip, whatever is accepted.
    {"{\"exp\":253402300799}", {0}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"exp\":253402300799.9}", {.milliseconds = true}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"exp\":253370764800}", {0}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"exp\":253370764799}", {0}, NULL, TV_INVALID_CLAIM, "exp", TV_REASON_DIGITS, NULL},
    {"{\"exp\":100000000000}", {0}, NULL, TV_INVALID_CLAIM, "exp", TV_REASON_DIGITS, NULL},
    {"{\"exp\":159084646376}",
     {.milliseconds = true},
     NULL,
     TV_INVALID_CLAIM,
     "exp",
     TV_REASON_DIGITS,
     NULL},
    {"{\"nbf\":253402300799}", {0}, NULL, TV_NOT_YET_VALID, "nbf", TV_REASON_TIME, NULL},
    {"{\"exp\":1700000001}", {.milliseconds = true}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"nbf\":1700000000001}",
     {.milliseconds = true},
     NULL,
     TV_NOT_YET_VALID,
     "nbf",
     TV_REASON_TIME,
     NULL},
    {"{\"nbf\":1700000000000}", {.milliseconds = true}, NULL, TV_OK, NULL, 0, NULL},

    // Lifetime.
    {"{\"exp\":1700003000,\"iat\":1699999400}",
     {.max_lifetime_s = 3600},
     NULL,
     TV_OK,
     NULL,
     0,
     NULL},
    {"{\"exp\":1700003001,\"iat\":1699999400}",
     {.max_lifetime_s = 3600},
     NULL,
     TV_LIFETIME_TOO_LONG,
     "exp",
     TV_REASON_LIFETIME,
     NULL},
    {"{\"iat\":1699999400}",
     {.max_lifetime_s = 3600},
     NULL,
     TV_MISSING_CLAIM,
     "exp",
     TV_REASON_MISSING,
     NULL},
    {"{\"exp\":1700003000}",
     {.max_lifetime_s = 3600},
     NULL,
     TV_MISSING_CLAIM,
     "iat",
     TV_REASON_MISSING,
     NULL},
    {"{\"exp\":1700003000,\"iat\":\"x\"}",
     {.max_lifetime_s = 3600},
     NULL,
     TV_INVALID_CLAIM,
     "iat",
     TV_REASON_TYPE,
     "string"},
    {"{\"exp\":1700003000,\"iat\":null}",
     {.max_lifetime_s = 3600},
     NULL,
     TV_INVALID_CLAIM,
     "iat",
     TV_REASON_TYPE,
     "null"},
    {"{\"exp\":1700003000000,\"iat\":1699999400000}",
     {.max_lifetime_s = 3600, .milliseconds = true},
     NULL,
     TV_OK,
     NULL,
     0,
     NULL},
    {"{\"exp\":1700003000,\"iat\":1699999400000}",
     {.max_lifetime_s = 3600},
     NULL,
     TV_INVALID_CLAIM,
     "iat",
     TV_REASON_MILLISECONDS,
     NULL},
    {"{\"exp\":1700003000,\"iat\":0}", {0}, NULL, TV_OK, NULL, 0, NULL},
    // An iat that is to come does not make a token live longer.
    {"{\"exp\":1700003900,\"iat\":1700000300}",
     {.max_lifetime_s = 3600},
     NULL,
     TV_OK,
     NULL,
     0,
     NULL},
    {"{\"exp\":1700003600,\"iat\":1700000301}",
     {.max_lifetime_s = 3600},
     NULL,
     TV_OK,
     NULL,
     0,
     NULL},
    {"{\"exp\":1700003601,\"iat\":1700000301}",
     {.max_lifetime_s = 3600},
     NULL,
     TV_LIFETIME_TOO_LONG,
     "exp",
     TV_REASON_AHEAD,
     NULL},
    {"{\"exp\":1800003600,\"iat\":1800000000}",
     {.max_lifetime_s = 3600},
     NULL,
     TV_LIFETIME_TOO_LONG,
     "exp",
     TV_REASON_AHEAD,
     NULL},
    {"{\"exp\":1800003600,\"iat\":1800000000}", {0}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"exp\":1,\"iat\":0}",
     {.max_lifetime_s = 3600},
     NULL,
     TV_EXPIRED,
     "exp",
     TV_REASON_TIME,
     NULL},

    // iss
    {"{\"iss\":7}", {0}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"iss\":\"joe\"}", {.issuers = "joe"}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"iss\":\"jane\"}", {.issuers = "joe jane"}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"iss\":\"joe\"}", {.issuers = "*"}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"iss\":\"\"}", {.issuers = "x *"}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"iss\":\"jo\"}",
     {.issuers = "joe"},
     NULL,
     TV_ISSUER_NOT_ACCEPTED,
     "iss",
     TV_REASON_NOT_LISTED,
     NULL},
    {"{\"iss\":\"joey\"}",
     {.issuers = "joe"},
     NULL,
     TV_ISSUER_NOT_ACCEPTED,
     "iss",
     TV_REASON_NOT_LISTED,
     NULL},
    {"{\"iss\":\"Joe\"}",
     {.issuers = "joe"},
     NULL,
     TV_ISSUER_NOT_ACCEPTED,
     "iss",
     TV_REASON_NOT_LISTED,
     NULL},
    {"{\"iss\":\"*\"}",
     {.issuers = "joe"},
     NULL,
     TV_ISSUER_NOT_ACCEPTED,
     "iss",
     TV_REASON_NOT_LISTED,
     NULL},
    {"{\"iss\":\"\"}",
     {.issuers = "joe"},
     NULL,
     TV_ISSUER_NOT_ACCEPTED,
     "iss",
     TV_REASON_NOT_LISTED,
     NULL},
    {"{\"iss\":\"joe\"}",
     {.issuers = ""},
     NULL,
     TV_ISSUER_NOT_ACCEPTED,
     "iss",
     TV_REASON_NOT_LISTED,
     NULL},
    {"{}", {.issuers = "joe"}, NULL, TV_MISSING_CLAIM, "iss", TV_REASON_MISSING, NULL},
    {"{}", {.issuers = "*"}, NULL, TV_MISSING_CLAIM, "iss", TV_REASON_MISSING, NULL},
    {"{\"iss\":null}", {.issuers = "*"}, NULL, TV_MISSING_CLAIM, "iss", TV_REASON_MISSING, NULL},
    {"{\"iss\":7}", {.issuers = "*"}, NULL, TV_INVALID_CLAIM, "iss", TV_REASON_TYPE, "number"},
    {"{\"iss\":[\"joe\"]}",
     {.issuers = "joe"},
     NULL,
     TV_INVALID_CLAIM,
     "iss",
     TV_REASON_TYPE,
     "array"},
    {"{\"iss\":\"joe\\u0000\"}",
     {.issuers = "joe"},
     NULL,
     TV_INVALID_CLAIM,
     "iss",
     TV_REASON_NUL,
     NULL},
    {"{\"iss\":\"\\u0000\"}", {.issuers = "*"}, NULL, TV_INVALID_CLAIM, "iss", TV_REASON_NUL, NULL},
    {"{\"iss\":\"\\u0000joe\"}",
     {.issuers = "*"},
     NULL,
     TV_INVALID_CLAIM,
     "iss",
     TV_REASON_NUL,
     NULL},

    // aud
    {"{\"aud\":7}", {0}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"aud\":\"a\"}", {.audiences = "a"}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"aud\":\"a\"}", {.audiences = "*"}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"aud\":[\"a\"]}", {.audiences = "a"}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"aud\":[\"x\",\"a\"]}", {.audiences = "a b"}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"aud\":[\"b\",\"x\"]}", {.audiences = "a b"}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"aud\":[\"x\"]}", {.audiences = "*"}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"aud\":\"A\"}",
     {.audiences = "a"},
     NULL,
     TV_AUDIENCE_NOT_ACCEPTED,
     "aud",
     TV_REASON_NOT_LISTED,
     NULL},
    {"{\"aud\":\"*\"}",
     {.audiences = "a"},
     NULL,
     TV_AUDIENCE_NOT_ACCEPTED,
     "aud",
     TV_REASON_NOT_LISTED,
     NULL},
    {"{\"aud\":\"\"}",
     {.audiences = "a"},
     NULL,
     TV_AUDIENCE_NOT_ACCEPTED,
     "aud",
     TV_REASON_NOT_LISTED,
     NULL},
    {"{\"aud\":[\"x\",\"y\"]}",
     {.audiences = "a b"},
     NULL,
     TV_AUDIENCE_NOT_ACCEPTED,
     "aud",
     TV_REASON_NO_ELEMENT,
     NULL},
    {"{\"aud\":[\"*\"]}",
     {.audiences = "a"},
     NULL,
     TV_AUDIENCE_NOT_ACCEPTED,
     "aud",
     TV_REASON_NO_ELEMENT,
     NULL},
    {"{\"aud\":[\"\"]}",
     {.audiences = "a"},
     NULL,
     TV_AUDIENCE_NOT_ACCEPTED,
     "aud",
     TV_REASON_NO_ELEMENT,
     NULL},
    {"{\"aud\":[]}",
     {.audiences = "a"},
     NULL,
     TV_AUDIENCE_NOT_ACCEPTED,
     "aud",
     TV_REASON_EMPTY,
     NULL},
    {"{\"aud\":[]}",
     {.audiences = "*"},
     NULL,
     TV_AUDIENCE_NOT_ACCEPTED,
     "aud",
     TV_REASON_EMPTY,
     NULL},
    {"{}", {.audiences = "*"}, NULL, TV_MISSING_CLAIM, "aud", TV_REASON_MISSING, NULL},
    {"{\"aud\":null}", {.audiences = "*"}, NULL, TV_MISSING_CLAIM, "aud", TV_REASON_MISSING, NULL},
    {"{\"aud\":7}", {.audiences = "*"}, NULL, TV_INVALID_CLAIM, "aud", TV_REASON_TYPE, "number"},
    {"{\"aud\":{\"a\":1}}",
     {.audiences = "*"},
     NULL,
     TV_INVALID_CLAIM,
     "aud",
     TV_REASON_TYPE,
     "object"},
    {"{\"aud\":[\"a\",7]}",
     {.audiences = "a"},
     NULL,
     TV_INVALID_CLAIM,
     "aud",
     TV_REASON_TYPE,
     "number"}, // also behind one that matches
    {"{\"aud\":[null,\"a\"]}",
     {.audiences = "*"},
     NULL,
     TV_INVALID_CLAIM,
     "aud",
     TV_REASON_TYPE,
     "null"},
    {"{\"aud\":[[\"a\"]]}",
     {.audiences = "a"},
     NULL,
     TV_INVALID_CLAIM,
     "aud",
     TV_REASON_TYPE,
     "array"},
    {"{\"aud\":\"a\\u0000\"}",
     {.audiences = "a"},
     NULL,
     TV_INVALID_CLAIM,
     "aud",
     TV_REASON_NUL,
     NULL},
    {"{\"aud\":[\"a\",\"a\\u0000\"]}",
     {.audiences = "a"},
     NULL,
     TV_INVALID_CLAIM,
     "aud",
     TV_REASON_NUL,
     NULL},

    // room
    {"{}", {0}, "hall", TV_OK, NULL, 0, NULL},
    {"{}", {.room = true}, NULL, TV_ROOM_MISSING, "room", TV_REASON_MISSING, NULL},
    {"{}", {.room = true}, "hall", TV_ROOM_MISSING, "room", TV_REASON_MISSING, NULL},
    {"{\"room\":null}", {.room = true}, NULL, TV_ROOM_MISSING, "room", TV_REASON_MISSING, NULL},
    {"{\"room\":null}", {0}, "hall", TV_OK, NULL, 0, NULL},
    {"{\"room\":\"hall\"}", {.room = true}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"room\":\"hall\"}", {.room = true}, "hall", TV_OK, NULL, 0, NULL},
    {"{\"room\":\"HaLL\"}", {0}, "hAll", TV_OK, NULL, 0, NULL},
    {"{\"room\":\"AZaz@[`{\"}", {0}, "azAZ@[`{", TV_OK, NULL, 0, NULL},
    {"{\"room\":\"[\"}", {0}, "{", TV_ROOM_NOT_ACCEPTED, "room", TV_REASON_NOT_LISTED, NULL},
    {"{\"room\":\"@\"}", {0}, "`", TV_ROOM_NOT_ACCEPTED, "room", TV_REASON_NOT_LISTED, NULL},
    {"{\"room\":\"*\"}", {.room = true}, "hall", TV_OK, NULL, 0, NULL},
    {"{\"room\":\"**\"}", {0}, "hall", TV_ROOM_NOT_ACCEPTED, "room", TV_REASON_NOT_LISTED, NULL},
    {"{\"room\":\"hall\"}", {0}, "*", TV_ROOM_NOT_ACCEPTED, "room", TV_REASON_NOT_LISTED, NULL},
    {"{\"room\":\"hall\"}", {0}, "halls", TV_ROOM_NOT_ACCEPTED, "room", TV_REASON_NOT_LISTED, NULL},
    {"{\"room\":\"halls\"}", {0}, "hall", TV_ROOM_NOT_ACCEPTED, "room", TV_REASON_NOT_LISTED, NULL},
    {"{\"room\":\"ball\"}", {0}, "hall", TV_ROOM_NOT_ACCEPTED, "room", TV_REASON_NOT_LISTED, NULL},
    {"{\"room\":\"hal1\"}", {0}, "hall", TV_ROOM_NOT_ACCEPTED, "room", TV_REASON_NOT_LISTED, NULL},
    {"{\"room\":\"\"}", {0}, "hall", TV_ROOM_NOT_ACCEPTED, "room", TV_REASON_NOT_LISTED, NULL},
    {"{\"room\":\"\"}", {0}, "", TV_OK, NULL, 0, NULL},
    {"{\"room\":\"h.*\"}", {0}, "hall", TV_ROOM_NOT_ACCEPTED, "room", TV_REASON_NOT_LISTED, NULL},
    {"{\"room\":7}", {0}, NULL, TV_ROOM_INVALID, "room", TV_REASON_TYPE, "number"},
    {"{\"room\":true}", {0}, NULL, TV_ROOM_INVALID, "room", TV_REASON_TYPE, "boolean"},
    {"{\"room\":[\"hall\"]}",
     {.room = true},
     "hall",
     TV_ROOM_INVALID,
     "room",
     TV_REASON_TYPE,
     "array"},
    {"{\"room\":\"*\\u0000\"}", {0}, "hall", TV_ROOM_INVALID, "room", TV_REASON_NUL, NULL},

    // sub
    {"{}", {.sub = true}, NULL, TV_SUB_MISSING, "sub", TV_REASON_MISSING, NULL},
    {"{\"sub\":null}", {.sub = true}, NULL, TV_SUB_MISSING, "sub", TV_REASON_MISSING, NULL},
    {"{\"sub\":null}", {0}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"sub\":\"x\"}", {.sub = true}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"sub\":\"\"}", {.sub = true}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"sub\":7}", {0}, NULL, TV_SUB_INVALID, "sub", TV_REASON_TYPE, "number"},
    {"{\"sub\":{}}", {.sub = true}, NULL, TV_SUB_INVALID, "sub", TV_REASON_TYPE, "object"},
    {"{\"sub\":\"a\\u0000\"}", {0}, NULL, TV_SUB_INVALID, "sub", TV_REASON_NUL, NULL},

    // Required claims.
    {"{\"a\":0,\"b\":false}", {.required = "a b"}, NULL, TV_OK, NULL, 0, NULL},
    {"{\"a\":0}", {.required = "a b"}, NULL, TV_MISSING_CLAIM, NULL, TV_REASON_MISSING, NULL},
    {"{\"b\":0}", {.required = "a b"}, NULL, TV_MISSING_CLAIM, NULL, TV_REASON_MISSING, NULL},
    {"{\"a\":null}", {.required = "a"}, NULL, TV_MISSING_CLAIM, NULL, TV_REASON_MISSING, NULL},
    {"{\"A\":1}", {.required = "a"}, NULL, TV_MISSING_CLAIM, NULL, TV_REASON_MISSING, NULL},

    // The order: the first that fails is the answer.
    {"{\"nbf\":9999999999,\"iss\":\"x\"}",
     {.issuers = "joe"},
     NULL,
     TV_NOT_YET_VALID,
     "nbf",
     TV_REASON_TIME,
     NULL},
    {"{\"exp\":1800000000,\"iss\":\"x\"}",
     {.issuers = "joe", .max_lifetime_s = 1},
     NULL,
     TV_MISSING_CLAIM,
     "iat",
     TV_REASON_MISSING,
     NULL},
    {"{\"iss\":\"x\",\"aud\":\"x\"}",
     {.issuers = "joe", .audiences = "a"},
     NULL,
     TV_ISSUER_NOT_ACCEPTED,
     "iss",
     TV_REASON_NOT_LISTED,
     NULL},
    {"{\"aud\":\"x\",\"room\":7}",
     {.audiences = "a"},
     NULL,
     TV_AUDIENCE_NOT_ACCEPTED,
     "aud",
     TV_REASON_NOT_LISTED,
     NULL},
    {"{\"room\":7,\"sub\":7}", {0}, NULL, TV_ROOM_INVALID, "room", TV_REASON_TYPE, "number"},
    {"{\"sub\":7}", {.required = "a"}, NULL, TV_SUB_INVALID, "sub", TV_REASON_TYPE, "number"},
    {"{\"room\":\"x\"}",
     {.sub = true},
     "hall",
     TV_ROOM_NOT_ACCEPTED,
     "room",
     TV_REASON_NOT_LISTED,
     NULL},
};

static struct tv_arena arena;

static yyjson_val *parse(const char *text) {
    size_t length = strlen(text);
    free(arena.memory);
    arena = (struct tv_arena){.size = tv_json_arena_size(length)};
    arena.memory = check_malloc(arena.size);
    char *copy = guard_take(GUARD_JSON, length + TV_JSON_PADDING);
    memcpy(copy, text, length);
    yyjson_val *object = NULL;
    struct tv_detail detail = {0};
    if (tv_json_parse_object(&arena, copy, length, TV_MALFORMED_PAYLOAD, TV_SUBJECT_PAYLOAD,
                             &object, &detail) != TV_OK)
        check_abort("%s is no JSON object", text);
    return object;
}

static enum tv_status check_case(const char *claims, const struct policy_line *line,
                                 const char *room, struct policy_words *words,
                                 struct tv_detail *detail) {
    struct tv_claims_policy policy = policy_of(line, words);
    struct tv_claims_request request = {.now_s = NOW, .has_room = room != NULL};
    if (room)
        request.room = guard_copy(GUARD_TOKEN, room, strlen(room));
    *detail = (struct tv_detail){0};
    return tv_claims_check(parse(claims), &policy, &request, detail);
}

static void test_cases(void) {
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *name = cases[i].claims;
        struct policy_words words;
        struct tv_detail detail;
        CHECK_STATUS(cases[i].status,
                     check_case(name, &cases[i].policy, cases[i].room, &words, &detail), name);
        CHECK_TEXT(cases[i].subject, tv_subject_name(detail.subject), name);
        CHECK_NUMBER(cases[i].reason, detail.reason, name);
        CHECK_TEXT(cases[i].text, detail.text, name);
    }
}

// What the sentence to the operator is made of: what was found, and what it was checked by.
static const struct {
    const char *claims;
    struct policy_line policy;
    const char *found;
    double number, limit;
    size_t expected_count;
} details[] = {
    {"{\"exp\":5,\"nbf\":1}", {0}, NULL, 5, NOW, 0},
    {"{\"exp\":5500000000000}", {0}, NULL, 5500000000000, 0, 0},
    {"{\"exp\":5000,\"nbf\":1}", {.leeway_s = 60}, NULL, 5000, NOW, 0},
    {"{\"exp\":1800000000,\"nbf\":1750000000}", {0}, NULL, 1750000000, NOW, 0},
    {"{\"exp\":1700000009,\"iat\":1}", {.max_lifetime_s = 60}, NULL, 1700000008, 60, 0},
    {"{\"exp\":1700000070,\"iat\":1700000999}", {.max_lifetime_s = 60}, NULL, 70, 60, 0},
    {"{\"exp\":1e20}", {0}, NULL, 1e20, 9007199254740992.0, 0},
    {"{\"exp\":\"soon\"}", {0}, "soon", 0, 0, 0},
    {"{\"iss\":\"x\"}", {.issuers = "joe jane"}, "x", 0, 0, 2},
    {"{\"aud\":\"x\"}", {.audiences = "a b c"}, "x", 0, 0, 3},
    {"{\"aud\":[\"x\",\"y\"]}", {.audiences = "a b c"}, "x", 2, 0, 3},
    {"{\"room\":\"x\"}", {0}, "x", 0, 0, 1},
    {"{}", {.required = "a"}, "a", 0, 0, 0},
    {"{\"exp\":1800000000}", {.issuers = "joe"}, NULL, 0, 0, 0}, // nothing left of the dates
    {"{\"exp\":1800000000,\"iat\":1,\"nbf\":1}", {.issuers = "joe"}, NULL, 0, 0, 0},
};

static void test_details(void) {
    for (size_t i = 0; i < sizeof details / sizeof details[0]; i++) {
        const char *name = details[i].claims;
        struct policy_words words;
        struct tv_detail detail;
        CHECK(check_case(name, &details[i].policy, "hall", &words, &detail) != TV_OK, name);
        CHECK_SPAN(details[i].found, tv_excerpt_span(&detail.found), name);
        CHECK_NUMBER(details[i].number, detail.number, name);
        CHECK_NUMBER(details[i].limit, detail.limit, name);
        CHECK_NUMBER(details[i].expected_count, detail.expected_count, name);
        CHECK((detail.expected != NULL) == (details[i].expected_count > 0), name);
    }
}

// A key whose source speaks for `issuers` (NULL: the policy's hold), while others speak for
// `others` (RFC 8725 section 3.8).
static const struct {
    const char *claims, *policy, *issuers, *others;
    enum tv_status status;
    enum tv_reason reason;
    size_t expected_count;
} bound[] = {
    {"{\"iss\":\"a\"}", NULL, "a", "b", TV_OK, 0, 0},
    // Besides the policy's: both must accept it.
    {"{\"iss\":\"a\"}", "x", "a", "b", TV_ISSUER_NOT_ACCEPTED, TV_REASON_NOT_LISTED, 1},
    {"{\"iss\":\"a\"}", "x a", "a", "b", TV_OK, 0, 0},
    {"{\"iss\":\"x\"}", "x", "a", "b", TV_ISSUER_NOT_ACCEPTED, TV_REASON_BINDING, 0},
    {"{\"iss\":\"x\"}", "*", "a", "b", TV_ISSUER_NOT_ACCEPTED, TV_REASON_BINDING, 0},
    {"{\"iss\":\"b\"}", NULL, "a", "b", TV_ISSUER_NOT_ACCEPTED, TV_REASON_BINDING, 0},
    {"{\"iss\":\"c\"}", NULL, "a c", "b", TV_OK, 0, 0},
    // The source of every other issuer.
    {"{\"iss\":\"x\"}", NULL, "*", "a b", TV_OK, 0, 0},
    {"{\"iss\":\"a\"}", NULL, "*", "a b", TV_ISSUER_NOT_ACCEPTED, TV_REASON_BINDING, 0},
    {"{\"iss\":\"b\"}", NULL, "*", "a b", TV_ISSUER_NOT_ACCEPTED, TV_REASON_BINDING, 0},
    {"{\"iss\":\"A\"}", NULL, "*", "a b", TV_OK, 0, 0},
    // One for which both speak is the others', too.
    {"{\"iss\":\"a\"}", NULL, "a", "a", TV_ISSUER_NOT_ACCEPTED, TV_REASON_BINDING, 0},
    // Without issuers of its own: the policy's, but never another source's.
    {"{\"iss\":\"x\"}", NULL, NULL, "a", TV_OK, 0, 0},
    {"{\"iss\":\"a\"}", NULL, NULL, "a", TV_ISSUER_NOT_ACCEPTED, TV_REASON_BINDING, 0},
    {"{\"iss\":\"x\"}", "x", NULL, "a", TV_OK, 0, 0},
    {"{\"iss\":\"y\"}", "x", NULL, "a", TV_ISSUER_NOT_ACCEPTED, TV_REASON_NOT_LISTED, 1},
    {"{\"iss\":\"a\"}", "a", NULL, "a", TV_ISSUER_NOT_ACCEPTED, TV_REASON_BINDING, 0},
    // Where sources are bound, a token says whose it is.
    {"{}", NULL, "a", "b", TV_MISSING_CLAIM, TV_REASON_MISSING, 0},
    {"{}", NULL, NULL, "a", TV_MISSING_CLAIM, TV_REASON_MISSING, 0},
    {"{\"iss\":null}", NULL, NULL, "a", TV_MISSING_CLAIM, TV_REASON_MISSING, 0},
    {"{\"iss\":7}", NULL, NULL, "a", TV_INVALID_CLAIM, TV_REASON_TYPE, 0},
    {"{\"iss\":[\"a\"]}", NULL, "*", "b", TV_INVALID_CLAIM, TV_REASON_TYPE, 0},
    {"{\"iss\":\"a\\u0000\"}", NULL, "*", "b", TV_INVALID_CLAIM, TV_REASON_NUL, 0},
    {"{}", NULL, "*", NULL, TV_MISSING_CLAIM, TV_REASON_MISSING, 0},
    {"{\"iss\":\"x\"}", NULL, "", NULL, TV_ISSUER_NOT_ACCEPTED, TV_REASON_BINDING, 0},
};

static void test_bound(void) {
    for (size_t i = 0; i < sizeof bound / sizeof bound[0]; i++) {
        const char *name = bound[i].claims;
        struct policy_words words;
        struct tv_span own[8], theirs[8];
        struct tv_claims_policy policy =
            policy_of(&(struct policy_line){.issuers = bound[i].policy}, &words);
        struct tv_accepted issuers = policy_accepted(bound[i].issuers, own),
                           others = policy_accepted(bound[i].others, theirs);
        struct tv_claims_request request = {.now_s = NOW,
                                            .issuers = bound[i].issuers ? &issuers : NULL,
                                            .others_issuers = bound[i].others ? &others : NULL};
        struct tv_detail detail = {0};
        CHECK_STATUS(bound[i].status, tv_claims_check(parse(name), &policy, &request, &detail),
                     name);
        CHECK_NUMBER(bound[i].reason, detail.reason, name);
        CHECK_NUMBER(bound[i].expected_count, detail.expected_count, name);
        CHECK_TEXT(bound[i].status == TV_OK ? NULL : "iss", tv_subject_name(detail.subject), name);
        if (bound[i].status == TV_ISSUER_NOT_ACCEPTED) {
            char claims[64]; // as they would be of the issuer that was found
            snprintf(claims, sizeof claims, "{\"iss\":\"%.*s\"}", (int)detail.found.length,
                     detail.found.bytes);
            CHECK_TEXT(name, claims, "found");
        }
    }
}

static void test_accepted(void) {
    struct tv_span words[8];
    struct tv_accepted some = policy_accepted("a b", words), none = {0}, any = {.any = true};
    CHECK(tv_accepted_has(&some, TV_SPAN("a")) && tv_accepted_has(&some, TV_SPAN("b")), "listed");
    CHECK(!tv_accepted_has(&some, TV_SPAN("c")) && !tv_accepted_has(&some, TV_SPAN("")), "others");
    CHECK(!tv_accepted_has(&none, TV_SPAN("a")) && !tv_accepted_has(&none, TV_SPAN("")), "none");
    CHECK(tv_accepted_has(&any, TV_SPAN("a")), "any");
}

// Of all names of three letters only those of claims are taken for claims.
static void test_names(void) {
    static const struct {
        struct policy_line line;
        const char *value, *names;
        enum tv_status status; // of these names; all others are checked in another way
    } kinds[] = {
        {{0}, "[]", "exp iat nbf ", TV_INVALID_CLAIM},
        {{.issuers = "a"}, "\"a\"", "iss ", TV_OK},
        {{.audiences = "a"}, "\"a\"", "aud ", TV_OK},
        {{.sub = true}, "\"a\"", "sub ", TV_OK},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        char found[64] = "", name[4] = "", claims[32];
        for (int n = 0; n < 26 * 26 * 26; n++) {
            struct policy_words words;
            struct tv_detail detail;
            name[0] = (char)('a' + n / 676);
            name[1] = (char)('a' + n / 26 % 26);
            name[2] = (char)('a' + n % 26);
            snprintf(claims, sizeof claims, "{\"%s\":%s}", name, kinds[i].value);
            if (check_case(claims, &kinds[i].line, NULL, &words, &detail) != kinds[i].status)
                continue;
            if (strlen(found) + sizeof name < sizeof found)
                strcat(strcat(found, name), " ");
        }
        CHECK_TEXT(kinds[i].names, found, "names of claims");
    }
    // Nor are longer names, of which some are found in tokens.
    static const char *const longer[] = {"expires", "exp2", "nbf_", "iat0", "iss\\u0000"};
    for (size_t i = 0; i < sizeof longer / sizeof longer[0]; i++) {
        struct policy_words words;
        struct policy_line line = {.issuers = i == 4 ? "a" : NULL};
        struct tv_detail detail;
        char claims[64];
        snprintf(claims, sizeof claims, "{\"%s\":[]}", longer[i]);
        CHECK_STATUS(i == 4 ? TV_MISSING_CLAIM : TV_OK,
                     check_case(claims, &line, NULL, &words, &detail), longer[i]);
    }
}

int main(void) {
    test_cases();
    test_names();
    test_details();
    test_bound();
    test_accepted();
    free(arena.memory);
    CHECK_NUMBER(300, TV_LEEWAY_MAX_S, "leeway");
    return check_report("test_claims");
}
