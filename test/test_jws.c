// SPDX-License-Identifier: MIT
// The compact form: three strict parts, and a header that is what it must be.
#include "check.h"
#include "tokens.h"

#include "token/jws.h"

static struct tv_arena arena; // of exactly the size promised for the token

static enum tv_status parse(const char *text, size_t length, struct tv_jws *jws,
                            struct tv_detail *detail) {
    struct tv_span token = guard_copy(GUARD_TOKEN, text, length);
    free(arena.memory);
    arena = (struct tv_arena){.size = tv_jws_arena_size(length)};
    arena.memory = check_malloc(arena.size);
    *detail = (struct tv_detail){0};
    return tv_jws_parse(token, &arena, jws, detail);
}

#define H "eyJhbGciOiJIUzI1NiJ9" // {"alg":"HS256"}

static const struct {
    const char *text;
    enum tv_status status;
    enum tv_reason reason;
    const char *subject;
    double number;
} shapes[] = {
    {H ".e30.AA", TV_OK, 0, NULL, 0},
    {H "..", TV_OK, 0, NULL, 0}, // an empty payload and signature are checked later
    {H ".e30.", TV_OK, 0, NULL, 0},
    {"", TV_MALFORMED_TOKEN, TV_REASON_EMPTY, NULL, 0},
    {"x", TV_MALFORMED_TOKEN, TV_REASON_PARTS, NULL, 1},
    {".", TV_MALFORMED_TOKEN, TV_REASON_PARTS, NULL, 2},
    {H ".e30", TV_MALFORMED_TOKEN, TV_REASON_PARTS, NULL, 2},
    {H ".e30.AA.", TV_MALFORMED_TOKEN, TV_REASON_PARTS, NULL, 4},
    {"." H ".e30.AA", TV_MALFORMED_TOKEN, TV_REASON_PARTS, NULL, 4},
    {H "..e30.AA", TV_MALFORMED_TOKEN, TV_REASON_PARTS, NULL, 4},
    {"....", TV_MALFORMED_TOKEN, TV_REASON_PARTS, NULL, 5},
    {H ".e30.AA.AA.AA", TV_MALFORMED_TOKEN, TV_REASON_PARTS, NULL, 5},        // no enc
    {"eyJlbmMiOjF9..AA.AA.AA", TV_MALFORMED_TOKEN, TV_REASON_PARTS, NULL, 5}, // {"enc":1}
    {"eyJlbmMi..AA.AA.AA", TV_MALFORMED_TOKEN, TV_REASON_PARTS, NULL, 5},     // {"enc"
    {"eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..AA.AA.AA", TV_ENCRYPTED_TOKEN, TV_REASON_PARTS, NULL,
     5},
    {".....", TV_MALFORMED_TOKEN, TV_REASON_PARTS, NULL, 6},
    {"..", TV_MALFORMED_HEADER, TV_REASON_EMPTY, "header", 0},
    {".e30.AA", TV_MALFORMED_HEADER, TV_REASON_EMPTY, "header", 0},
    {H "\\e30\\AA", TV_MALFORMED_TOKEN, TV_REASON_PARTS, NULL, 1}, // another separator

    {H "=.e30.AA", TV_MALFORMED_TOKEN, TV_REASON_BASE64URL, "header", 0},
    {"A.e30.AA", TV_MALFORMED_TOKEN, TV_REASON_BASE64URL, "header", 0},
    {" " H ".e30.AA", TV_MALFORMED_TOKEN, TV_REASON_BASE64URL, "header", 0},
    {H ".e30=.AA", TV_MALFORMED_TOKEN, TV_REASON_BASE64URL, "payload", 0},
    {H ".e31.AA", TV_MALFORMED_TOKEN, TV_REASON_BASE64URL, "payload", 0}, // trailing bits
    {H ".e30 .AA", TV_MALFORMED_TOKEN, TV_REASON_BASE64URL, "payload", 0},
    {H ".e30.AA==", TV_MALFORMED_TOKEN, TV_REASON_BASE64URL, "signature", 0},
    {H ".e30.AB", TV_MALFORMED_TOKEN, TV_REASON_BASE64URL, "signature", 0},
    {H ".e30.AA\n", TV_MALFORMED_TOKEN, TV_REASON_BASE64URL, "signature", 0},
    {H ".e30.A+", TV_MALFORMED_TOKEN, TV_REASON_BASE64URL, "signature", 0},
    {"Bearer " H ".e30.AA", TV_MALFORMED_TOKEN, TV_REASON_BASE64URL, "header", 0},
};

static const struct {
    const char *header;
    enum tv_status status;
    enum tv_reason reason;
    const char *subject, *text;
} headers[] = {
    {"{\"alg\":\"HS256\"}", TV_OK, 0, NULL, NULL},
    {"{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"a\"}", TV_OK, 0, NULL, NULL},
    {"{\"alg\":\"\"}", TV_OK, 0, NULL, NULL}, // whether it is accepted is the policy's matter
    // Never followed, so never checked.
    {"{\"alg\":\"x\",\"jku\":\"http://localhost/\",\"x5u\":1,\"jwk\":{},\"x5c\":[]}", TV_OK, 0,
     NULL, NULL},
    {"[]", TV_MALFORMED_HEADER, TV_REASON_NOT_OBJECT, "header", "array"},
    {"\"alg\"", TV_MALFORMED_HEADER, TV_REASON_NOT_OBJECT, "header", "string"},
    {"{\"alg\":\"HS256\",\"alg\":\"none\"}", TV_MALFORMED_HEADER, TV_REASON_DUPLICATE, "header",
     NULL},
    {"{\"alg\":\"none\",\"\\u0061\\u006c\\u0067\":\"HS256\"}", TV_MALFORMED_HEADER,
     TV_REASON_DUPLICATE, "header", NULL},
    {"{}", TV_ALGORITHM_NOT_ACCEPTED, TV_REASON_MISSING, "alg", NULL},
    {"{\"ALG\":\"HS256\"}", TV_ALGORITHM_NOT_ACCEPTED, TV_REASON_MISSING, "alg", NULL},
    {"{\"alg\":null}", TV_ALGORITHM_NOT_ACCEPTED, TV_REASON_TYPE, "alg", "null"},
    {"{\"alg\":1}", TV_ALGORITHM_NOT_ACCEPTED, TV_REASON_TYPE, "alg", "number"},
    {"{\"alg\":[\"HS256\"]}", TV_ALGORITHM_NOT_ACCEPTED, TV_REASON_TYPE, "alg", "array"},
    {"{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":false}", TV_UNSUPPORTED_CRITICAL, 0, "crit",
     NULL},
    {"{\"alg\":\"HS256\",\"crit\":[]}", TV_UNSUPPORTED_CRITICAL, 0, "crit", NULL},
    {"{\"alg\":\"HS256\",\"crit\":null}", TV_UNSUPPORTED_CRITICAL, 0, "crit", NULL},
    {"{\"\\u0063rit\":[\"exp\"]}", TV_UNSUPPORTED_CRITICAL, 0, "crit", NULL},
    // RFC 7797: what is signed would be other bytes. Without crit it is forbidden anyway.
    {"{\"alg\":\"HS256\",\"b64\":false}", TV_UNSUPPORTED_CRITICAL, 0, "b64", NULL},
    {"{\"alg\":\"HS256\",\"b64\":null}", TV_UNSUPPORTED_CRITICAL, 0, "b64", NULL},
    {"{\"alg\":\"HS256\",\"b64\":\"true\"}", TV_UNSUPPORTED_CRITICAL, 0, "b64", NULL},
};

static const struct {
    const char *header;
    enum tv_status status;
    enum tv_reason reason;
    const char *text; // the kid, or its type
    size_t length;
} key_ids[] = {
    {"{\"alg\":\"x\",\"kid\":\"one\"}", TV_OK, 0, "one", 3},
    {"{\"alg\":\"x\",\"kid\":\"\\u0000\\u00e9\"}", TV_OK, 0, "\0\xc3\xa9", 3},
    {"{\"alg\":\"x\",\"kid\":\"../../etc/passwd\"}", TV_OK, 0, "../../etc/passwd", 16},
    {"{\"alg\":\"x\"}", TV_KEY_ID_MISSING, TV_REASON_MISSING, NULL, 0},
    {"{\"alg\":\"x\",\"KID\":\"one\"}", TV_KEY_ID_MISSING, TV_REASON_MISSING, NULL, 0},
    {"{\"alg\":\"x\",\"kid\":null}", TV_KEY_ID_INVALID, TV_REASON_TYPE, "null", 0},
    {"{\"alg\":\"x\",\"kid\":7}", TV_KEY_ID_INVALID, TV_REASON_TYPE, "number", 0},
    {"{\"alg\":\"x\",\"kid\":true}", TV_KEY_ID_INVALID, TV_REASON_TYPE, "boolean", 0},
    {"{\"alg\":\"x\",\"kid\":[\"one\"]}", TV_KEY_ID_INVALID, TV_REASON_TYPE, "array", 0},
    {"{\"alg\":\"x\",\"kid\":{}}", TV_KEY_ID_INVALID, TV_REASON_TYPE, "object", 0},
    {"{\"alg\":\"x\",\"kid\":\"\"}", TV_KEY_ID_INVALID, TV_REASON_EMPTY, NULL, 0},
};

static void test_shapes(void) {
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        struct tv_jws jws = {.signature_length = 77};
        struct tv_detail detail;
        const char *text = shapes[i].text;
        CHECK_STATUS(shapes[i].status, parse(text, strlen(text), &jws, &detail), text);
        CHECK_NUMBER(shapes[i].reason, detail.reason, text);
        CHECK_NUMBER(shapes[i].number, detail.number, text);
        CHECK_TEXT(shapes[i].subject, tv_subject_name(detail.subject), text);
        if (shapes[i].status != TV_OK)
            CHECK_NUMBER(77, jws.signature_length, text);
    }
}

static void test_headers(void) {
    static struct token token;
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        struct tv_jws jws = {.signature_length = 77};
        struct tv_detail detail;
        const char *header = headers[i].header;
        token_begin(&token, tv_span_of(header), TV_SPAN("{}"));
        token_end(&token, "s", 1);
        CHECK_STATUS(headers[i].status, parse(token.text, token.length, &jws, &detail), header);
        CHECK_NUMBER(headers[i].reason, detail.reason, header);
        CHECK_TEXT(headers[i].subject, tv_subject_name(detail.subject), header);
        if (headers[i].reason != TV_REASON_DUPLICATE)
            CHECK_TEXT(headers[i].text, detail.text, header);
        if (headers[i].status != TV_OK)
            CHECK_NUMBER(77, jws.signature_length, header);
    }
}

static void test_parts(void) {
    static struct token token;
    static const char header[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"one\"}";
    struct tv_jws jws;
    struct tv_detail detail;
    token_begin(&token, tv_span_of(header), TV_SPAN("{\"a\":[]}"));
    size_t signed_length = token.length;
    token_end(&token, "\1\2\3", 3);
    CHECK_STATUS(TV_OK, parse(token.text, token.length, &jws, &detail), "parts");
    size_t header_length = (size_t)(strchr(token.text, '.') - token.text);
    CHECK(tv_span_equal(jws.header_part, (struct tv_span){token.text, header_length}), "header");
    CHECK_SPAN("eyJhIjpbXX0", jws.payload_part, "payload");
    CHECK_SPAN("AQID", jws.signature_part, "signature");
    CHECK(tv_span_equal(jws.signing_input, (struct tv_span){token.text, signed_length}), "input");
    CHECK(jws.signature_length == 3 && memcmp(jws.signature, "\1\2\3", 3) == 0, "signature");
    CHECK(jws.payload_length == 8 && memcmp(jws.payload, "{\"a\":[]}", 8) == 0, "payload");
    CHECK_SPAN("HS256", jws.algorithm, "alg");
    CHECK_SPAN("JWT", tv_json_string(jws.type), "typ");
    CHECK_SPAN("one", tv_json_string(jws.key_id), "kid");
    yyjson_val *payload = NULL;
    CHECK_STATUS(TV_OK, tv_jws_parse_payload(&jws, &arena, &payload, &detail), "payload");
    CHECK(yyjson_is_arr(tv_json_member(payload, TV_SPAN("a"))), "payload");
    CHECK_SPAN("HS256", jws.algorithm, "the header outlives the payload's parsing");

    CHECK_STATUS(TV_OK, parse(H ".e30.AA", strlen(H ".e30.AA"), &jws, &detail), "no typ, no kid");
    CHECK(!jws.type && !jws.key_id, "no typ, no kid");
}

static const struct {
    const char *payload;
    enum tv_status status;
    enum tv_reason reason;
} payloads[] = {
    {"{}", TV_OK, 0},
    {"", TV_MALFORMED_PAYLOAD, TV_REASON_EMPTY},
    {"null", TV_MALFORMED_PAYLOAD, TV_REASON_NOT_OBJECT},
    {"\"{}\"", TV_MALFORMED_PAYLOAD, TV_REASON_NOT_OBJECT},
    {"{\"exp\":1,\"exp\":2}", TV_MALFORMED_PAYLOAD, TV_REASON_DUPLICATE},
    {"{\"exp\":1", TV_MALFORMED_PAYLOAD, TV_REASON_JSON},
};

static void test_payloads(void) {
    static struct token token;
    for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++) {
        struct tv_jws jws;
        struct tv_detail detail;
        yyjson_val *payload = NULL;
        const char *text = payloads[i].payload;
        token_begin(&token, TV_SPAN("{\"alg\":\"HS256\"}"), tv_span_of(text));
        token_end(&token, "s", 1);
        CHECK_STATUS(TV_OK, parse(token.text, token.length, &jws, &detail), text);
        CHECK_STATUS(payloads[i].status, tv_jws_parse_payload(&jws, &arena, &payload, &detail),
                     text);
        CHECK_NUMBER(payloads[i].reason, detail.reason, text);
        CHECK_TEXT(payloads[i].status == TV_OK ? NULL : "payload", tv_subject_name(detail.subject),
                   text);
        CHECK((payload != NULL) == (payloads[i].status == TV_OK), text);
    }
}

static void test_key_ids(void) {
    static struct token token;
    for (size_t i = 0; i < sizeof key_ids / sizeof key_ids[0]; i++) {
        struct tv_jws jws;
        struct tv_detail detail;
        struct tv_span found = {0};
        const char *header = key_ids[i].header;
        token_begin(&token, tv_span_of(header), TV_SPAN("{}"));
        token_end(&token, "s", 1);
        if (!CHECK_STATUS(TV_OK, parse(token.text, token.length, &jws, &detail), header))
            continue;
        CHECK_STATUS(key_ids[i].status, tv_jws_key_id(&jws, &found, &detail), header);
        CHECK_NUMBER(key_ids[i].reason, detail.reason, header);
        CHECK_TEXT(key_ids[i].status == TV_OK ? NULL : "kid", tv_subject_name(detail.subject),
                   header);
        if (key_ids[i].status == TV_OK)
            CHECK(tv_span_equal(found, (struct tv_span){key_ids[i].text, key_ids[i].length}),
                  header);
        else
            CHECK_TEXT(key_ids[i].text, detail.text, header);
    }
    for (int length = 1024; length <= 1025; length++) {
        struct tv_jws jws;
        struct tv_detail detail;
        struct tv_span found = {0};
        char header[2048];
        snprintf(header, sizeof header, "{\"alg\":\"x\",\"kid\":\"%0*d\"}", length, 0);
        token_begin(&token, tv_span_of(header), TV_SPAN("{}"));
        token_end(&token, "s", 1);
        CHECK_STATUS(TV_OK, parse(token.text, token.length, &jws, &detail), "long kid");
        CHECK_STATUS(length == 1024 ? TV_OK : TV_KEY_ID_INVALID,
                     tv_jws_key_id(&jws, &found, &detail), "long kid");
        CHECK_NUMBER(length == 1024 ? 1024 : 0, found.length, "long kid");
        CHECK_NUMBER(length == 1024 ? 0 : 1025, detail.number, "long kid");
        CHECK_NUMBER(length == 1024 ? 0 : TV_KEY_ID_MAX_LENGTH, detail.limit, "long kid");
        CHECK_NUMBER(length == 1024 ? TV_REASON_NONE : TV_REASON_LENGTH, detail.reason, "long kid");
    }
}

// The longest token in the memory promised for it, and one that is a byte longer.
static void test_length(void) {
    enum { MOST = 16 * 1024 };
    static const char *const parts[] = {"payload", "signature"};
    CHECK_NUMBER(MOST, TV_JWS_MAX_LENGTH, "the limit");
    for (size_t i = 0; i < 2; i++) {
        for (size_t length = MOST; length <= MOST + 1; length++) {
            static char text[MOST + 2];
            memset(text, 'A', sizeof text);
            memcpy(text, H ".", sizeof H);
            text[i == 0 ? length - 3 : sizeof H] = '.';
            if (i == 0 && (length - 3 - sizeof H) % 4 == 1)
                text[length - 4] = '.', memcpy(text + length - 3, "AAA", 3);
            struct tv_jws jws;
            struct tv_detail detail;
            enum tv_status expected = length == MOST ? TV_OK : TV_TOKEN_TOO_LARGE;
            CHECK_STATUS(expected, parse(text, length, &jws, &detail), parts[i]);
            CHECK_NUMBER(length == MOST ? 0 : MOST + 1, detail.number, parts[i]);
            CHECK_NUMBER(length == MOST ? 0 : MOST, detail.limit, parts[i]);
            CHECK_NUMBER(length == MOST ? TV_REASON_NONE : TV_REASON_LENGTH, detail.reason,
                         parts[i]);
        }
    }
    static char dots[MOST];
    memset(dots, '.', sizeof dots);
    struct tv_jws jws;
    struct tv_detail detail;
    CHECK_STATUS(TV_MALFORMED_TOKEN, parse(dots, sizeof dots, &jws, &detail), "dots");
    CHECK_NUMBER(MOST + 1, detail.number, "dots");
}

// Header and payload of every split of the longest token, each as greedy for memory as can be.
static void test_memory(void) {
    static struct token token;
    static char header[16 * 1024], payload[16 * 1024];
    enum { DECODED = 12200 };
    for (size_t share = 0; share <= DECODED; share += 610) {
        size_t length = (size_t)sprintf(header, "{\"alg\":\"x\",\"a\":[0");
        while (length < share)
            length += (size_t)sprintf(header + length, ",1");
        sprintf(header + length, "]}");
        length = (size_t)sprintf(payload, "{\"a\":[0");
        while (length < DECODED - share)
            length += (size_t)sprintf(payload + length, ",1");
        sprintf(payload + length, "]}");
        token_begin(&token, tv_span_of(header), tv_span_of(payload));
        token_end(&token, "", 0);
        struct tv_jws jws;
        struct tv_detail detail;
        yyjson_val *parsed = NULL;
        char name[64];
        snprintf(name, sizeof name, "header of %zu bytes", strlen(header));
        if (CHECK_STATUS(TV_OK, parse(token.text, token.length, &jws, &detail), name))
            CHECK_STATUS(TV_OK, tv_jws_parse_payload(&jws, &arena, &parsed, &detail), name);
    }
}

// Short tokens of many members, whose names are sorted in the same memory.
static void test_members(void) {
    static struct token token;
    for (int count = 9; count <= 26; count++) {
        char payload[256];
        size_t length = (size_t)sprintf(payload, "{");
        for (int i = 0; i < count; i++)
            length += (size_t)sprintf(payload + length, "%s\"%c\":0", i ? "," : "", 'a' + i);
        sprintf(payload + length, "}");
        token_begin(&token, TV_SPAN("{\"alg\":\"\"}"), tv_span_of(payload));
        token_end(&token, "", 0);
        struct tv_jws jws;
        struct tv_detail detail;
        yyjson_val *parsed = NULL;
        if (CHECK_STATUS(TV_OK, parse(token.text, token.length, &jws, &detail), payload))
            CHECK_STATUS(TV_OK, tv_jws_parse_payload(&jws, &arena, &parsed, &detail), payload);
    }
}

// Too small an arena is said to be, wherever it ends.
static void test_small_arena(void) {
    static const char text[] = H ".eyJhIjpbXX0.AAAA";
    size_t size = tv_jws_arena_size(sizeof text - 1);
    enum tv_status last = TV_NO_MEMORY;
    bool turned_once = true;
    for (size_t i = 0; i <= size; i++) {
        struct tv_arena small = {.memory = check_malloc(i), .size = i};
        struct tv_jws jws;
        struct tv_detail detail = {0};
        enum tv_status status = tv_jws_parse(tv_span_of(text), &small, &jws, &detail);
        yyjson_val *payload;
        if (status == TV_OK)
            status = tv_jws_parse_payload(&jws, &small, &payload, &detail);
        turned_once = turned_once && (status == last || (status == TV_OK && last == TV_NO_MEMORY));
        last = status;
        free(small.memory);
    }
    CHECK(turned_once, "no memory until there is enough");
    CHECK_STATUS(TV_OK, last, "the memory promised");
}

int main(void) {
    test_shapes();
    test_headers();
    test_parts();
    test_payloads();
    test_key_ids();
    test_length();
    test_memory();
    test_members();
    test_small_arena();
    free(arena.memory);
    return check_report("test_jws");
}
