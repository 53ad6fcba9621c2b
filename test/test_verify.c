// SPDX-License-Identifier: MIT
// The whole straight line: token, key, policy and time to the first thing that is wrong.
#include "check.h"
#include "policies.h"
#include "tokens.h"

#include "token/verify.h"

#define KEYS "test/vectors/keys/"
#define NOW 1700000000.0

static EVP_PKEY *private_key;
static struct tv_key *public_key, *other_key, *secret, *ec_key, *jwk_rs384;
static char *pem; // of public_key, which everybody has
static struct tv_arena arena;

// Who signs, and with which key the token is checked.
enum signer {
    BY_RSA,         // RS256 by private_key
    BY_SECRET,      // HS256 by "secret"
    BY_PEM,         // HS256 by the public key's PEM
    BY_NOBODY,      // an empty signature
    BY_OTHER_BYTES, // RS256 by private_key of another text
};

enum checker { WITH_RSA, WITH_SECRET, WITH_OTHER, WITH_EC, WITH_JWK_RS384 };

#define JWT "\"typ\":\"JWT\""
#define RS256 "{\"alg\":\"RS256\"," JWT "}"
#define HS256 "{\"alg\":\"HS256\"," JWT "}"
#define EXP "\"exp\":1700000001"

static const struct {
    const char *header, *payload;
    enum signer signer;
    enum checker checker;
    const char *algorithms; // NULL: RS256
    const char *types;      // NULL: JWT
    struct policy_line policy;
    const char *room;
    double now_s; // 0: NOW
    enum tv_status status;
    const char *subject;
} cases[] = {
    // Good ones.
    {RS256, "{}", BY_RSA, WITH_RSA, NULL, NULL, {0}, NULL, 0, TV_OK, NULL},
    {HS256, "{}", BY_SECRET, WITH_SECRET, "HS256", NULL, {0}, NULL, 0, TV_OK, NULL},
    {HS256, "{}", BY_SECRET, WITH_SECRET, "HS512 HS256", NULL, {0}, NULL, 0, TV_OK, NULL},
    {RS256,
     "{" EXP ",\"iss\":\"joe\",\"aud\":[\"b\",\"a\"],\"room\":\"Hall\",\"sub\":\"x\"}",
     BY_RSA,
     WITH_RSA,
     "RS384 RS256",
     NULL,
     {.issuers = "joe", .audiences = "a", .room = true, .sub = true, .required = "exp"},
     "hall",
     0,
     TV_OK,
     NULL},
    {"{\"alg\":\"RS256\",\"typ\":\"at+jwt\"}",
     "{}",
     BY_RSA,
     WITH_RSA,
     NULL,
     "JWT at+jwt",
     {0},
     NULL,
     0,
     TV_OK,
     NULL},
    {"{\"alg\":\"RS256\",\"typ\":\"Application/AT+JWT\"}",
     "{}",
     BY_RSA,
     WITH_RSA,
     NULL,
     "JWT at+jwt",
     {0},
     NULL,
     0,
     TV_OK,
     NULL},
    {"{\"alg\":\"RS256\"}", "{}", BY_RSA, WITH_RSA, NULL, "*", {0}, NULL, 0, TV_OK, NULL},
    {"{\"alg\":\"RS256\",\"typ\":7}", "{}", BY_RSA, WITH_RSA, NULL, "*", {0}, NULL, 0, TV_OK, NULL},
    {"{\"alg\":\"RS256\"," JWT
     ",\"b64\":true,\"jku\":\"http://localhost/\",\"jwk\":{\"kty\":\"oct\"}}",
     "{}",
     BY_RSA,
     WITH_RSA,
     NULL,
     NULL,
     {0},
     NULL,
     0,
     TV_OK,
     NULL},
    {"{\"alg\":\"RS256\"," JWT ",\"kid\":\"\"}",
     "{}",
     BY_RSA,
     WITH_RSA,
     NULL,
     NULL,
     {0},
     NULL,
     0,
     TV_OK,
     NULL},
    {"{\"alg\":\"RS256\"," JWT ",\"kid\":5}",
     "{}",
     BY_RSA,
     WITH_RSA,
     NULL,
     NULL,
     {0},
     NULL,
     0,
     TV_OK,
     NULL},
    {"{\"alg\":\"RS256\"," JWT ",\"kid\":null}",
     "{}",
     BY_RSA,
     WITH_RSA,
     NULL,
     NULL,
     {0},
     NULL,
     0,
     TV_OK,
     NULL},

    // Header.
    {"{\"alg\":\"RS384\"," JWT ",\"kid\":5}",
     "{}",
     BY_RSA,
     WITH_RSA,
     NULL,
     NULL,
     {0},
     NULL,
     0,
     TV_ALGORITHM_NOT_ACCEPTED,
     "alg"},
    {"7", "{}", BY_RSA, WITH_RSA, NULL, NULL, {0}, NULL, 0, TV_MALFORMED_HEADER, "header"},
    {"{\"alg\":\"RS256\"," JWT ",\"crit\":[\"b64\"],\"b64\":false}",
     "{}",
     BY_RSA,
     WITH_RSA,
     NULL,
     NULL,
     {0},
     NULL,
     0,
     TV_UNSUPPORTED_CRITICAL,
     "crit"},
    {"{\"alg\":\"RS256\"}",
     "{}",
     BY_RSA,
     WITH_RSA,
     NULL,
     NULL,
     {0},
     NULL,
     0,
     TV_TYPE_NOT_ACCEPTED,
     "typ"},
    {"{\"alg\":\"RS256\",\"typ\":\"jwt\"}",
     "{}",
     BY_RSA,
     WITH_RSA,
     NULL,
     NULL,
     {0},
     NULL,
     0,
     TV_TYPE_NOT_ACCEPTED,
     "typ"},
    {"{\"alg\":\"RS256\",\"typ\":\"JWT \"}",
     "{}",
     BY_RSA,
     WITH_RSA,
     NULL,
     NULL,
     {0},
     NULL,
     0,
     TV_TYPE_NOT_ACCEPTED,
     "typ"},
    {"{\"alg\":\"RS256\",\"typ\":[\"JWT\"]}",
     "{}",
     BY_RSA,
     WITH_RSA,
     NULL,
     NULL,
     {0},
     NULL,
     0,
     TV_TYPE_NOT_ACCEPTED,
     "typ"},
    {"{\"alg\":\"RS256\",\"typ\":null}",
     "{}",
     BY_RSA,
     WITH_RSA,
     NULL,
     NULL,
     {0},
     NULL,
     0,
     TV_TYPE_NOT_ACCEPTED,
     "typ"},
    {"{\"alg\":\"RS256\",\"typ\":\"\"}",
     "{}",
     BY_RSA,
     WITH_RSA,
     NULL,
     NULL,
     {0},
     NULL,
     0,
     TV_TYPE_NOT_ACCEPTED,
     "typ"},

    // alg: only what the policy lists, spelled as there.
    {"{\"alg\":\"none\"," JWT "}",
     "{}",
     BY_NOBODY,
     WITH_RSA,
     NULL,
     NULL,
     {0},
     NULL,
     0,
     TV_ALGORITHM_NOT_ACCEPTED,
     "alg"},
    {"{\"alg\":\"None\"," JWT "}",
     "{}",
     BY_NOBODY,
     WITH_SECRET,
     "HS256",
     NULL,
     {0},
     NULL,
     0,
     TV_ALGORITHM_NOT_ACCEPTED,
     "alg"},
    {"{\"alg\":\"nOnE\"," JWT "}",
     "{}",
     BY_RSA,
     WITH_RSA,
     NULL,
     NULL,
     {0},
     NULL,
     0,
     TV_ALGORITHM_NOT_ACCEPTED,
     "alg"},
    {"{\"alg\":\"rs256\"," JWT "}",
     "{}",
     BY_RSA,
     WITH_RSA,
     NULL,
     NULL,
     {0},
     NULL,
     0,
     TV_ALGORITHM_NOT_ACCEPTED,
     "alg"},
    {"{\"alg\":\"RS256 \"," JWT "}",
     "{}",
     BY_RSA,
     WITH_RSA,
     NULL,
     NULL,
     {0},
     NULL,
     0,
     TV_ALGORITHM_NOT_ACCEPTED,
     "alg"},
    {"{\"alg\":\"RS256\\u0000\"," JWT "}",
     "{}",
     BY_RSA,
     WITH_RSA,
     NULL,
     NULL,
     {0},
     NULL,
     0,
     TV_ALGORITHM_NOT_ACCEPTED,
     "alg"},
    {"{\"alg\":\"RS25\"," JWT "}",
     "{}",
     BY_RSA,
     WITH_RSA,
     NULL,
     NULL,
     {0},
     NULL,
     0,
     TV_ALGORITHM_NOT_ACCEPTED,
     "alg"},
    {"{\"alg\":\"\"," JWT "}",
     "{}",
     BY_RSA,
     WITH_RSA,
     NULL,
     NULL,
     {0},
     NULL,
     0,
     TV_ALGORITHM_NOT_ACCEPTED,
     "alg"},
    {"{\"alg\":\"RS384\"," JWT "}",
     "{}",
     BY_RSA,
     WITH_RSA,
     NULL,
     NULL,
     {0},
     NULL,
     0,
     TV_ALGORITHM_NOT_ACCEPTED,
     "alg"},
    {"{" JWT "}",
     "{}",
     BY_RSA,
     WITH_RSA,
     NULL,
     NULL,
     {0},
     NULL,
     0,
     TV_ALGORITHM_NOT_ACCEPTED,
     "alg"},
    {RS256, "{}", BY_RSA, WITH_RSA, "", NULL, {0}, NULL, 0, TV_ALGORITHM_NOT_ACCEPTED, "alg"},
    // The public key's PEM taken as a secret: refused by the list, and if the list had the name, by
    // the key's type.
    {HS256, "{}", BY_PEM, WITH_RSA, NULL, NULL, {0}, NULL, 0, TV_ALGORITHM_NOT_ACCEPTED, "alg"},
    {HS256,
     "{}",
     BY_PEM,
     WITH_RSA,
     "HS256",
     NULL,
     {0},
     NULL,
     0,
     TV_KEY_ALGORITHM_MISMATCH,
     "HS256"},
    {RS256, "{}", BY_PEM, WITH_RSA, NULL, NULL, {0}, NULL, 0, TV_BAD_SIGNATURE, NULL},

    // Key and signature.
    {RS256,
     "{}",
     BY_RSA,
     WITH_SECRET,
     NULL,
     NULL,
     {0},
     NULL,
     0,
     TV_KEY_ALGORITHM_MISMATCH,
     "RS256"},
    {RS256, "{}", BY_RSA, WITH_EC, NULL, NULL, {0}, NULL, 0, TV_KEY_ALGORITHM_MISMATCH, "RS256"},
    {RS256,
     "{}",
     BY_RSA,
     WITH_JWK_RS384,
     NULL,
     NULL,
     {0},
     NULL,
     0,
     TV_KEY_ALGORITHM_MISMATCH,
     "RS256"},
    {RS256, "{}", BY_RSA, WITH_OTHER, NULL, NULL, {0}, NULL, 0, TV_BAD_SIGNATURE, NULL},
    {RS256, "{}", BY_NOBODY, WITH_RSA, NULL, NULL, {0}, NULL, 0, TV_BAD_SIGNATURE, NULL},
    {HS256, "{}", BY_NOBODY, WITH_SECRET, "HS256", NULL, {0}, NULL, 0, TV_BAD_SIGNATURE, NULL},
    {RS256, "{}", BY_OTHER_BYTES, WITH_RSA, NULL, NULL, {0}, NULL, 0, TV_BAD_SIGNATURE, NULL},
    {"{\"alg\":\"RS384\"," JWT "}",
     "{}",
     BY_RSA,
     WITH_RSA,
     "RS256 RS384",
     NULL,
     {0},
     NULL,
     0,
     TV_BAD_SIGNATURE,
     NULL}, // signed for another digest than alg says
    {"{\"alg\":\"HS384\"," JWT "}",
     "{}",
     BY_SECRET,
     WITH_SECRET,
     "HS256 HS384",
     NULL,
     {0},
     NULL,
     0,
     TV_BAD_SIGNATURE,
     NULL},

    // The payload is checked only once the signature holds.
    {RS256, "7", BY_OTHER_BYTES, WITH_RSA, NULL, NULL, {0}, NULL, 0, TV_BAD_SIGNATURE, NULL},
    {RS256,
     "{\"exp\":1}",
     BY_OTHER_BYTES,
     WITH_RSA,
     NULL,
     NULL,
     {0},
     NULL,
     0,
     TV_BAD_SIGNATURE,
     NULL},
    {RS256, "7", BY_RSA, WITH_RSA, NULL, NULL, {0}, NULL, 0, TV_MALFORMED_PAYLOAD, "payload"},
    {RS256, "", BY_RSA, WITH_RSA, NULL, NULL, {0}, NULL, 0, TV_MALFORMED_PAYLOAD, "payload"},
    {RS256,
     "{\"exp\":1,\"\\u0065xp\":1700000001}",
     BY_RSA,
     WITH_RSA,
     NULL,
     NULL,
     {0},
     NULL,
     0,
     TV_MALFORMED_PAYLOAD,
     "payload"},

    // Claims; test_claims.c has their edges.
    {RS256, "{" EXP "}", BY_RSA, WITH_RSA, NULL, NULL, {0}, NULL, 1700000001, TV_EXPIRED, "exp"},
    {RS256,
     "{\"exp\":\"never\"}",
     BY_RSA,
     WITH_RSA,
     NULL,
     NULL,
     {0},
     NULL,
     0,
     TV_INVALID_CLAIM,
     "exp"},
    {RS256,
     "{\"nbf\":1700000001}",
     BY_RSA,
     WITH_RSA,
     NULL,
     NULL,
     {0},
     NULL,
     0,
     TV_NOT_YET_VALID,
     "nbf"},
    {RS256,
     "{" EXP ",\"iat\":0}",
     BY_RSA,
     WITH_RSA,
     NULL,
     NULL,
     {.max_lifetime_s = 60},
     NULL,
     0,
     TV_LIFETIME_TOO_LONG,
     "exp"},
    {RS256, "{}", BY_RSA, WITH_RSA, NULL, NULL, {.issuers = "*"}, NULL, 0, TV_MISSING_CLAIM, "iss"},
    {RS256,
     "{\"iss\":\"x\"}",
     BY_RSA,
     WITH_RSA,
     NULL,
     NULL,
     {.issuers = "joe"},
     NULL,
     0,
     TV_ISSUER_NOT_ACCEPTED,
     "iss"},
    {RS256,
     "{\"aud\":\"x\"}",
     BY_RSA,
     WITH_RSA,
     NULL,
     NULL,
     {.audiences = "a"},
     NULL,
     0,
     TV_AUDIENCE_NOT_ACCEPTED,
     "aud"},
    {RS256, "{}", BY_RSA, WITH_RSA, NULL, NULL, {.room = true}, NULL, 0, TV_ROOM_MISSING, "room"},
    {RS256, "{\"room\":1}", BY_RSA, WITH_RSA, NULL, NULL, {0}, NULL, 0, TV_ROOM_INVALID, "room"},
    {RS256,
     "{\"room\":\"x\"}",
     BY_RSA,
     WITH_RSA,
     NULL,
     NULL,
     {0},
     "hall",
     0,
     TV_ROOM_NOT_ACCEPTED,
     "room"},
    {RS256, "{}", BY_RSA, WITH_RSA, NULL, NULL, {.sub = true}, NULL, 0, TV_SUB_MISSING, "sub"},
    {RS256, "{\"sub\":1}", BY_RSA, WITH_RSA, NULL, NULL, {0}, NULL, 0, TV_SUB_INVALID, "sub"},

    // The order: the first that fails is the answer.
    {"{\"alg\":\"none\",\"crit\":[]}",
     "7",
     BY_NOBODY,
     WITH_RSA,
     NULL,
     NULL,
     {0},
     NULL,
     0,
     TV_UNSUPPORTED_CRITICAL,
     "crit"},
    {"{\"alg\":\"none\"}",
     "7",
     BY_NOBODY,
     WITH_RSA,
     NULL,
     NULL,
     {0},
     NULL,
     0,
     TV_TYPE_NOT_ACCEPTED,
     "typ"},
    {"{\"alg\":\"none\"," JWT "}",
     "7",
     BY_NOBODY,
     WITH_SECRET,
     NULL,
     NULL,
     {0},
     NULL,
     0,
     TV_ALGORITHM_NOT_ACCEPTED,
     "alg"},
};

static enum tv_status verify(struct tv_span text, const struct tv_policy *policy,
                             const struct tv_key *key, const struct tv_claims_request *request,
                             yyjson_val **claims, struct tv_detail *detail) {
    struct tv_span token = guard_copy(GUARD_TOKEN, text.data, text.length);
    struct tv_verification verification = {0};
    free(arena.memory);
    arena = (struct tv_arena){.size = tv_jws_arena_size(text.length)};
    arena.memory = check_malloc(arena.size);
    *detail = (struct tv_detail){0};
    enum tv_status status = tv_verify_begin(policy, token, &arena, &verification, detail);
    if (status != TV_OK)
        return status;
    status = tv_verify_signature(&verification, key, detail);
    if (status != TV_OK)
        return status;
    return tv_verify_claims(&verification, request, &arena, claims, detail);
}

static void set_algorithms(struct tv_policy *policy, const char *names) {
    struct tv_span words[8];
    policy->algorithm_count = policy_split(names ? names : "RS256", words);
    for (size_t i = 0; i < policy->algorithm_count; i++) {
        policy->algorithms[i] = tv_algorithm_find(words[i]);
        policy->algorithm_names[i] = tv_span_of(policy->algorithms[i]->name);
    }
}

static const struct tv_key *key_of(enum checker checker) {
    const struct tv_key *keys[] = {public_key, secret, other_key, ec_key, jwk_rs384};
    return keys[checker];
}

static void sign(struct token *token, enum signer signer) {
    static struct token other;
    switch (signer) {
    case BY_RSA:
        token_sign(token, "RS256", (struct tv_span){0}, private_key);
        break;
    case BY_SECRET:
        token_sign(token, "HS256", TV_SPAN("secret"), NULL);
        break;
    case BY_PEM:
        token_sign(token, "HS256", tv_span_of(pem), NULL);
        break;
    case BY_NOBODY:
        token_add_dot(token);
        break;
    case BY_OTHER_BYTES:
        token_begin(&other, TV_SPAN(RS256), TV_SPAN("{\"other\":0}"));
        token_sign(&other, "RS256", (struct tv_span){0}, private_key);
        token->length +=
            (size_t)sprintf(token->text + token->length, "%s", strrchr(other.text, '.'));
        break;
    }
}

static void test_cases(void) {
    static struct token token;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char name[256];
        snprintf(name, sizeof name, "%s.%s", cases[i].header, cases[i].payload);
        struct policy_words words;
        struct tv_span types[8];
        struct tv_policy policy = {.claims = policy_of(&cases[i].policy, &words)};
        policy.types = policy_accepted(cases[i].types ? cases[i].types : "JWT", types);
        set_algorithms(&policy, cases[i].algorithms);
        struct tv_claims_request request = {.now_s = cases[i].now_s > 0 ? cases[i].now_s : NOW};
        if (cases[i].room)
            request = (struct tv_claims_request){
                .now_s = request.now_s, .room = tv_span_of(cases[i].room), .has_room = true};
        token_begin(&token, tv_span_of(cases[i].header), tv_span_of(cases[i].payload));
        sign(&token, cases[i].signer);
        struct tv_detail detail;
        yyjson_val *claims = NULL;
        CHECK_STATUS(cases[i].status,
                     verify((struct tv_span){token.text, token.length}, &policy,
                            key_of(cases[i].checker), &request, &claims, &detail),
                     name);
        const char *subject = tv_subject_name(detail.subject);
        CHECK_TEXT(cases[i].subject, subject ? subject : detail.algorithm, name);
        CHECK((claims != NULL) == (cases[i].status == TV_OK), name);
        if (cases[i].status == TV_OK)
            CHECK(yyjson_is_obj(claims), name);
    }
}

// Texts that are no token, and the examples of the RFCs. The first's key is the second's too.
static const struct {
    const char *text;
    enum tv_status status;
} texts[] = {
    {"", TV_MALFORMED_TOKEN},
    {"..", TV_MALFORMED_HEADER},
    {"eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..AA.AA.AA", TV_ENCRYPTED_TOKEN},
    // RFC 7515 appendix A.5: unsecured.
    {"eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNv"
     "bS9pc19yb290Ijp0cnVlfQ.",
     TV_ALGORITHM_NOT_ACCEPTED},
    // RFC 7797 section 4.2, b64 false: with its payload as it stands, and with crit.
    {"eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2V9.$.02.GsyM6AQJbQHY8aQKCbZSPJHzMRWo3HKIlcDuXof7nqs",
     TV_MALFORMED_TOKEN},
    {"eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19..A5dxf2s96_n5FLueVuW1Z_vh161FwXZC4Y"
     "LPff6dmDY",
     TV_UNSUPPORTED_CRITICAL},
};

static void test_texts(void) {
    struct tv_span types[8];
    struct tv_policy policy = {.types = policy_accepted("*", types)};
    struct tv_claims_request request = {.now_s = NOW};
    set_algorithms(&policy, "HS256");
    struct tv_detail detail;
    yyjson_val *claims = NULL;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        CHECK_STATUS(texts[i].status,
                     verify(tv_span_of(texts[i].text), &policy, secret, &request, &claims, &detail),
                     texts[i].text);
    char *big = check_malloc(TV_JWS_MAX_LENGTH + 1);
    memset(big, '.', TV_JWS_MAX_LENGTH + 1);
    CHECK_STATUS(TV_TOKEN_TOO_LARGE,
                 verify((struct tv_span){big, TV_JWS_MAX_LENGTH + 1}, &policy, secret, &request,
                        &claims, &detail),
                 "too large");
    CHECK_STATUS(TV_MALFORMED_TOKEN,
                 verify((struct tv_span){big, TV_JWS_MAX_LENGTH}, &policy, secret, &request,
                        &claims, &detail),
                 "dots");
    free(big);
    struct tv_arena none = {0};
    struct tv_verification verification;
    CHECK_STATUS(TV_NO_MEMORY,
                 tv_verify_begin(&policy, TV_SPAN("e30.e30.AA"), &none, &verification, &detail),
                 "an empty arena");
    CHECK(!claims, "no claims");
}

// RFC 7515 appendix A.1 in whole: header and payload with line ends in their JSON.
static void test_example(void) {
    size_t size;
    char *text = check_read_file("test/vectors/rfc7515/a1.json", &size);
    yyjson_doc *document = yyjson_read(text, size, 0);
    struct tv_span compact = tv_json_string(yyjson_doc_ptr_get(document, "/compact"));
    struct tv_span encoded = tv_json_string(yyjson_doc_ptr_get(document, "/key/k"));
    unsigned char bytes[128];
    size_t length = 0;
    struct tv_key *key = NULL;
    struct tv_detail detail = {0};
    CHECK_STATUS(TV_OK, tv_base64url_decode(encoded.data, encoded.length, bytes, &length), "key");
    CHECK_STATUS(TV_OK, tv_key_from_secret((char *)bytes, length, &key, &detail), "key");
    struct policy_words words;
    struct tv_span types[8];
    struct tv_policy policy = {.types = policy_accepted("JWT", types),
                               .claims =
                                   policy_of(&(struct policy_line){.issuers = "joe"}, &words)};
    set_algorithms(&policy, "HS256");
    struct tv_claims_request request = {.now_s = 1300819379};
    yyjson_val *claims = NULL;
    CHECK_STATUS(TV_OK, verify(compact, &policy, key, &request, &claims, &detail), "A.1");
    CHECK(yyjson_is_true(tv_json_member(claims, TV_SPAN("http://example.com/is_root"))), "A.1");
    request.now_s = 1300819380;
    CHECK_STATUS(TV_EXPIRED, verify(compact, &policy, key, &request, &claims, &detail), "A.1");
    CHECK_NUMBER(1300819380, detail.number, "A.1");
    tv_key_free(key);
    yyjson_doc_free(document);
    free(text);
}

// Two sources have the kid: both keys are tried, and the payload is checked for each one's issuers.
static void test_two_sources(void) {
    static struct token token;
    token_begin(&token, TV_SPAN(RS256), TV_SPAN("{\"iss\":\"b\"}"));
    token_sign(&token, "RS256", (struct tv_span){0}, private_key);
    struct tv_span types[8], first[8], second[8];
    struct tv_policy policy = {.types = policy_accepted("JWT", types)};
    set_algorithms(&policy, "RS256");
    struct tv_accepted of_first = policy_accepted("a", first),
                       of_second = policy_accepted("b", second);
    struct tv_claims_request request = {.now_s = NOW};
    struct tv_verification verification;
    struct tv_detail detail = {0};
    yyjson_val *claims = NULL, *again = NULL;
    struct tv_span copy = guard_copy(GUARD_TOKEN, token.text, token.length);
    free(arena.memory);
    arena = (struct tv_arena){.size = tv_jws_arena_size(copy.length)};
    arena.memory = check_malloc(arena.size);
    CHECK_STATUS(TV_OK, tv_verify_begin(&policy, copy, &arena, &verification, &detail), "begin");
    CHECK_STATUS(TV_BAD_SIGNATURE, tv_verify_signature(&verification, other_key, &detail), "other");
    CHECK_STATUS(TV_OK, tv_verify_signature(&verification, public_key, &detail), "public_key");
    request.issuers = &of_first;
    request.others_issuers = &of_second;
    CHECK_STATUS(TV_ISSUER_NOT_ACCEPTED,
                 tv_verify_claims(&verification, &request, &arena, &claims, &detail),
                 "the first source");
    CHECK_NUMBER(TV_REASON_BINDING, detail.reason, "the first source");
    CHECK(!claims, "the first source");
    detail = (struct tv_detail){0};
    request.issuers = &of_second;
    request.others_issuers = &of_first;
    CHECK_STATUS(TV_OK, tv_verify_claims(&verification, &request, &arena, &claims, &detail),
                 "the second source");
    CHECK(yyjson_equals_str(tv_json_member(claims, TV_SPAN("iss")), "b"), "the second source");
    size_t used = arena.used;
    CHECK_STATUS(TV_OK, tv_verify_claims(&verification, &request, &arena, &again, &detail),
                 "once more");
    CHECK(claims == again && arena.used == used, "parsed once");
}

// A key that another verifier let in may be too short for this one, whatever it signed.
static void test_min_bits(void) {
    static const struct {
        int min_bits;
        enum tv_status expected;
    } limits[] = {{0, TV_OK}, {2048, TV_OK}, {2049, TV_WEAK_KEY}, {3072, TV_WEAK_KEY}};
    static struct token token;
    token_begin(&token, TV_SPAN(RS256), TV_SPAN("{}"));
    token_sign(&token, "RS256", (struct tv_span){0}, private_key);
    struct tv_span types[8];
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct tv_policy policy = {.types = policy_accepted("JWT", types),
                                   .rsa_min_bits = limits[i].min_bits};
        struct tv_claims_request request = {.now_s = NOW};
        struct tv_detail detail;
        yyjson_val *claims = NULL;
        char name[32];
        snprintf(name, sizeof name, "at least %d bits", limits[i].min_bits);
        set_algorithms(&policy, "RS256");
        CHECK_STATUS(limits[i].expected,
                     verify((struct tv_span){token.text, token.length}, &policy, public_key,
                            &request, &claims, &detail),
                     name);
        CHECK((claims != NULL) == (limits[i].expected == TV_OK), name);
    }
}

// Whether a typ is accepted where only `accepted` is; what is around that value in memory is no
// part of it.
static void test_types(void) {
    static const struct {
        const char *accepted;
        size_t length;
        const char *typ;
        bool same;
    } pairs[] = {
        {"at+jwt", 6, "application/At+jwt", true},
        {"application/at+jwt", 18, "AT+JWT", true},
        {"Application/at+jwt", 18, "at+jwt", true},
        {"application/x/y", 13, "x", true},
        {&"/-----------application/x"[12], 13, "x", true},
        {"application/a/b", 15, "a/b", false},
        {"application/", 12, "", false},
        {"applicatiom/x", 13, "x", false},
        {"abc", 3, "ABC", true},
        {"JWS", 3, "jws", true},
        {"JWT", 3, "JWT", true},
        {"JWT at+jwt", 3, "jwt", false},
        {"JWT", 3, "application/JWT", false},
        {"application/jwt", 15, "JWT", false},
        {"jwt+x", 5, "JWT+X", true},
        {"at+jwt", 6, "at+jwx", false},
        {"at+jwt", 6, "at+jw", false},
    };
    static struct token token;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char header[128];
        snprintf(header, sizeof header, "{\"alg\":\"RS256\",\"typ\":\"%s\"}", pairs[i].typ);
        token_begin(&token, tv_span_of(header), TV_SPAN("{}"));
        token_add_dot(&token);
        struct tv_span accepted = {pairs[i].accepted, pairs[i].length};
        struct tv_policy policy = {.types = {.values = &accepted, .count = 1, .configured = true}};
        set_algorithms(&policy, "RS256");
        struct tv_detail detail;
        yyjson_val *claims = NULL;
        CHECK_STATUS(pairs[i].same ? TV_BAD_SIGNATURE : TV_TYPE_NOT_ACCEPTED,
                     verify((struct tv_span){token.text, token.length}, &policy, public_key, NULL,
                            &claims, &detail),
                     header);
    }
}

// What the sentences about typ and alg are made of.
static void test_details(void) {
    static const struct {
        const char *header, *found, *text;
        enum tv_reason reason;
        size_t expected_count;
    } headers[] = {
        {"{\"alg\":\"RS256\"}", NULL, NULL, TV_REASON_MISSING, 2},
        {"{\"alg\":\"RS256\",\"typ\":7}", NULL, "number", TV_REASON_TYPE, 2},
        {"{\"alg\":\"RS256\",\"typ\":\"x\"}", "x", NULL, TV_REASON_NOT_LISTED, 2},
        {"{\"alg\":\"PS256\",\"typ\":\"JWT\"}", "PS256", NULL, TV_REASON_NOT_LISTED, 3},
    };
    static struct token token;
    struct tv_span types[8];
    struct tv_policy policy = {.types = policy_accepted("JWT at+jwt", types)};
    set_algorithms(&policy, "RS256 RS384 RS512");
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        token_begin(&token, tv_span_of(headers[i].header), TV_SPAN("{}"));
        token_add_dot(&token);
        struct tv_detail detail;
        yyjson_val *claims = NULL;
        const char *name = headers[i].header;
        CHECK(verify((struct tv_span){token.text, token.length}, &policy, public_key, NULL, &claims,
                     &detail) != TV_OK,
              name);
        CHECK_SPAN(headers[i].found, tv_excerpt_span(&detail.found), name);
        CHECK_TEXT(headers[i].text, detail.text, name);
        CHECK_NUMBER(headers[i].reason, detail.reason, name);
        CHECK_NUMBER(headers[i].expected_count, detail.expected_count, name);
        CHECK_SPAN(headers[i].expected_count == 2 ? "JWT" : "RS256", detail.expected[0], name);
    }
}

static struct tv_key *load(const char *text) {
    struct tv_detail detail = {0};
    struct tv_key *key = NULL;
    if (tv_key_load(text, strlen(text), &key, &detail) != TV_OK)
        check_abort("a key cannot be loaded");
    return key;
}

static struct tv_key *load_file(const char *path) {
    size_t length;
    char *text = check_read_file(path, &length);
    struct tv_key *key = load(text);
    free(text);
    return key;
}

// public_key with a JWK's alg.
static struct tv_key *load_jwk_rs384(void) {
    char *jwk, text[2048];
    size_t length;
    if (tv_key_jwk(public_key, &jwk, &length) != TV_OK)
        check_abort("no JWK");
    snprintf(text, sizeof text, "{\"alg\":\"RS384\",%.*s", (int)length - 1, jwk + 1);
    free(jwk);
    return load(text);
}

int main(void) {
    size_t length;
    struct tv_detail detail = {0};
    pem = check_read_file(KEYS "rsa.pem", &length);
    private_key = token_private_key(KEYS "rsa.private.pem");
    public_key = load(pem);
    other_key = load_file(KEYS "other.pem");
    ec_key = load_file(KEYS "ec.pem");
    jwk_rs384 = load_jwk_rs384();
    CHECK_STATUS(TV_OK, tv_key_from_secret("secret", 6, &secret, &detail), "secret");
    test_cases();
    test_texts();
    test_example();
    test_two_sources();
    test_min_bits();
    test_types();
    test_details();
    tv_key_free(secret);
    tv_key_free(jwk_rs384);
    tv_key_free(ec_key);
    tv_key_free(other_key);
    tv_key_free(public_key);
    EVP_PKEY_free(private_key);
    free(pem);
    free(arena.memory);
    return check_report("test_verify");
}
