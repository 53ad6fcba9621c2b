// SPDX-License-Identifier: MIT
// Out of memory: each operation with its 1st, 2nd, 3rd ... allocation failing until it succeeds,
// our own and those of OpenSSL. Run under AddressSanitizer: what is lost on the way out of a
// failure is a leak. `make oom`.
//
//   oom [all] [few] [own] [first] [N/M] [keys] [signatures] [texts] [stores]
//
// all: each of the thousands of allocations that loading a key takes; few: a small sample of them,
// and one algorithm of each family; own: none of OpenSSL's; first: only until a check fails; N/M:
// only every M-th operation, from the N-th on; the other words: only such operations.
#define SERVER_MAX_S 3600

#include "expand.h"
#include "shortage.h"
#include "stores.h"
#include "tokens.h"
#include "whole_set.h"
#include "wiped.h"

#include "keys/key_generate.h"
#include "keys/okp.h"
#include "keys/signature.h"
#include "store/asap.h"
#include "store/discovery.h"
#include "store/folder.h"
#include "token/page_room.h"
#include "token/verify.h"

static unsigned failing_allocators = OURS | OPENSSL;
static bool first_failure_ends;
static unsigned part = 1, parts = 1;

// Inputs, made before any allocation fails.
enum loader { PUBLIC, PRIVATE, SECRET };

struct text {
    const char *name;
    enum loader loader;
    char *bytes;
    size_t length;
    enum tv_status good; // with memory
};

#define TEXTS_MAX 32
#define PUBLIC_FORMS 3
#define FORMS 5
#define SIGNATURES_MAX 32

static struct {
    struct text texts[TEXTS_MAX];
    size_t text_count;
    struct tv_span written[TEXTS_MAX][FORMS]; // what is made of them with memory
    struct signed_bytes {
        const struct tv_algorithm *algorithm;
        const struct text *text; // of the key
        struct tv_key *key;
        unsigned char bytes[2048];
        size_t length;
    } signatures[SIGNATURES_MAX];
    size_t signature_count;
    struct signed_bytes halves; // of two pairs, which sign nothing
    char *set, *configuration;
    char folder[CHECK_FOLDER_SIZE];
    struct token token;
    struct tv_key *key;
    char urls[6][128];
} inputs;

static enum tv_status load(const struct text *text, struct tv_key **key) {
    static enum tv_status (*const loaders[])(const char *, size_t, struct tv_key **,
                                             struct tv_detail *) = {
        tv_key_load, tv_key_load_private, tv_key_from_secret};
    struct tv_detail detail = {0};
    enum tv_status status = loaders[text->loader](text->bytes, text->length, key, &detail);
    // Nothing is left of a try that failed.
    CHECK(status != TV_OK || (!detail.reason && !detail.text && !detail.subject), text->name);
    return status;
}

static enum tv_status (*const forms[FORMS])(const struct tv_key *, char **, size_t *) = {
    tv_key_pem, tv_key_jwk, tv_key_thumbprint, tv_key_private_pem, tv_key_private_jwk};

static enum tv_status load_and_write(const void *argument) {
    const struct text *text = argument;
    struct tv_key *key = NULL;
    enum tv_status status = load(text, &key);
    CHECK((key != NULL) == (status == TV_OK), text->name);
    size_t count = text->loader == SECRET ? 0 : text->loader == PUBLIC ? PUBLIC_FORMS : FORMS;
    for (size_t i = 0; i < count && status == TV_OK; i++) {
        char *written = NULL;
        size_t written_length = 0;
        status = forms[i](key, &written, &written_length);
        CHECK((written != NULL) == (status == TV_OK), text->name);
        struct tv_span made = {written, written_length};
        struct tv_span *before = &inputs.written[text - inputs.texts][i];
        if (!before->data) {
            *before = made;
            continue;
        }
        if (status == TV_OK)
            CHECK(tv_span_equal(*before, made), "the same whatever failed on the way");
        free(written);
    }
    tv_key_free(key);
    return status;
}

// A private JWK's pair alone: of so few allocations that each is tried.
static enum tv_status make_pair(const void *argument) {
    const struct text *text = argument;
    struct tv_arena arena;
    struct tv_detail detail = {0};
    yyjson_val *jwk;
    EVP_PKEY *pair = NULL;
    enum tv_status status = tv_json_parse_copy(text->bytes, text->length, TV_MALFORMED_KEY,
                                               TV_SUBJECT_JWK, &arena, &jwk, &detail);
    if (status == TV_OK)
        TV_WITHOUT_ERRORS(status = tv_key_jwk_pair(jwk, &pair, &detail));
    CHECK((pair != NULL) == (status == TV_OK), text->name);
    unsigned of = shortage.of;
    shortage.of = 0;
    CHECK(!pair || i2d_PrivateKey(pair, NULL) > 0, "both halves");
    shortage.of = of;
    EVP_PKEY_free(pair);
    tv_key_wipe(&arena);
    return status;
}

// A key that is there already, written: of the few allocations of a JWK each is tried, and whatever
// OpenSSL could not give is not made up.
struct writing {
    enum tv_status (*make)(const struct tv_key *, char **, size_t *);
    struct tv_key *key;
    struct tv_span before; // with memory
};

static enum tv_status write_again(const void *argument) {
    const struct writing *writing = argument;
    char *text = NULL;
    size_t length = 0;
    enum tv_status status = writing->make(writing->key, &text, &length);
    CHECK((text != NULL) == (status == TV_OK), "a text");
    CHECK(!text || tv_span_equal(writing->before, (struct tv_span){text, length}),
          "the same whatever failed on the way");
    free(text);
    return status;
}

// Points of Ed25519 and Ed448, checked by themselves: a lack of memory makes no weak one good, and
// no good one weak.
static const struct point {
    bool ed448;
    const char *bytes; // up to the zeros
    enum tv_status good;
} points[] = {
    {false, "\x03", TV_OK},
    {true, "\x03", TV_OK},
    {false, "\x02", TV_WEAK_KEY},
    {true, "\x02", TV_WEAK_KEY}, // on no curve
    // Of order 8
    {false,
     "\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0"
     "\xd5\xdf\xac\x05\xd3\xc6\x33\x39\xb1\x38\x02\x88\x6d\x53\xfc\x05",
     TV_WEAK_KEY},
    {false,
     "\xc7\x17\x6a\x70\x3d\x4d\xd8\x4f\xba\x3c\x0b\x76\x0d\x10\x67\x0f"
     "\x2a\x20\x53\xfa\x2c\x39\xcc\xc6\x4e\xc7\xfd\x77\x92\xac\x03\x7a",
     TV_WEAK_KEY},
};

static enum tv_status check_point(const void *argument) {
    const struct point *point = argument;
    unsigned char bytes[TV_OKP_ED448_SIZE] = {0};
    memcpy(bytes, point->bytes, strlen(point->bytes));
    enum tv_status status;
    TV_WITHOUT_ERRORS(
        status = tv_okp_check_point(point->ed448, bytes,
                                    point->ed448 ? TV_OKP_ED448_SIZE : TV_OKP_ED25519_SIZE));
    return status;
}

static enum tv_status generate(const void *argument) {
    const enum tv_curve *curve = argument;
    struct tv_key *key = NULL;
    struct tv_detail detail = {0};
    enum tv_status status = tv_key_generate(*curve, 0, &key, &detail);
    CHECK((key != NULL) == (status == TV_OK), "a key pair");
    tv_key_free(key);
    return status;
}

// Signatures: one that holds, one that does not, one that is made.

#define SIGNED TV_SPAN("the signed bytes")

static enum tv_status check_signature(const void *argument, struct tv_span input) {
    const struct signed_bytes *signature = argument;
    struct tv_detail detail = {0};
    return tv_signature_verify(signature->algorithm, signature->key, input, signature->bytes,
                               signature->length, &detail);
}

static enum tv_status check_true_signature(const void *argument) {
    return check_signature(argument, SIGNED);
}

// With nothing kept from an earlier check.
static enum tv_status check_first_signature(const void *argument) {
    const struct signed_bytes *signature = argument;
    struct tv_prepared **kept = tv_key_prepared(signature->key);
    tv_prepared_free(*kept);
    *kept = NULL;
    return check_true_signature(argument);
}

static enum tv_status check_forged_signature(const void *argument) {
    return check_signature(argument, TV_SPAN("other bytes"));
}

// What a check left half done says yes to nothing else, whichever allocation of which check failed.
static enum tv_status check_one_after_the_other(const void *argument) {
    enum tv_status worst = TV_OK;
    for (int i = 0; i < 2; i++) {
        enum tv_status good = check_true_signature(argument);
        enum tv_status bad = check_forged_signature(argument);
        CHECK(bad != TV_OK, "forged");
        if (good != TV_OK || bad != TV_BAD_SIGNATURE)
            worst = good != TV_OK ? good : bad;
    }
    return worst;
}

// With a key of its own each time, as the binding has it: the blinding of an RSA key that OpenSSL
// has left half done spoils later signatures.
static enum tv_status make_signature(const void *argument) {
    const struct signed_bytes *signature = argument;
    unsigned char made[TV_SIGNATURE_MAX_SIZE] = {0};
    size_t length = 0;
    struct tv_detail detail = {0};
    struct tv_key *key = NULL;
    unsigned of = shortage.of;
    shortage.of = 0;
    CHECK_STATUS(TV_OK, load(signature->text, &key), signature->text->name);
    shortage.of = of;
    enum tv_status status =
        tv_signature_make(signature->algorithm, key, SIGNED, made, &length, &detail);
    shortage.of = 0;
    CHECK(status != TV_OK || tv_signature_verify(signature->algorithm, key, SIGNED, made, length,
                                                 &detail) == TV_OK,
          signature->algorithm->name);
    tv_key_free(key);
    shortage.of = of;
    return status;
}

static enum tv_status set(const void *unused) {
    (void)unused;
    struct tv_detail detail = {0};
    struct tv_key_set *loaded = NULL;
    enum tv_status status =
        whole_set(tv_span_of(inputs.set), TV_KEY_SET_MAX_KEYS, 3, &loaded, &detail);
    // A key is unusable only if OpenSSL lacks memory, until the set is read again.
    if (status == TV_OK)
        CHECK(loaded->count == 4 &&
                  (loaded->unusable == 1 || ((shortage.of & OPENSSL) && shortage.failed > 0)),
              "a whole set");
    tv_key_set_free(loaded);
    return status;
}

static enum tv_status discovery(const void *unused) {
    (void)unused;
    struct tv_detail detail = {0};
    char *url = tv_discovery_url("https://a");
    if (!url)
        return TV_NO_MEMORY;
    free(url);
    url = NULL;
    enum tv_status status = tv_discovery_read(inputs.configuration, strlen(inputs.configuration),
                                              "https://a", &url, &detail);
    free(url);
    return status;
}

static enum tv_status folder(const void *unused) {
    (void)unused;
    struct tv_detail detail = {0};
    char stamp[TV_FOLDER_STAMP_SIZE];
    struct tv_key *key = NULL;
    enum tv_status status = tv_folder_look(inputs.folder, TV_SPAN("one"), stamp, &detail);
    if (status == TV_OK)
        status = tv_folder_load(inputs.folder, TV_SPAN("one"), TV_RSA_MIN_BITS, &key, &detail);
    tv_key_free(key);
    return status;
}

// Without memory the failure is the same, but it does not name what is there.
static enum tv_status no_key(const void *unused) {
    (void)unused;
    struct tv_key *key = NULL;
    struct tv_detail detail = {0};
    struct tv_span text = TV_SPAN("AAAAB3NzaC1yc2EAAAADAQAB");
    enum tv_status status = tv_key_load(text.data, text.length, &key, &detail);
    CHECK(detail.reason == TV_REASON_NOT_A_KEY && detail.kind, "what is no key");
    return detail.kind && strcmp(detail.kind, "ssh-bare-key") == 0 ? status : TV_NO_MEMORY;
}

static enum tv_status page_room(const void *unused) {
    (void)unused;
    char name[TV_PAGE_ROOM_MAX];
    size_t length;
    return tv_page_room(TV_SPAN("R%C3%A4ksm"), name, &length);
}

// The straight line takes its memory from the caller and from OpenSSL.
static enum tv_status token(const void *unused) {
    (void)unused;
    static unsigned char memory[256 * 1024] __attribute__((aligned(16)));
    struct tv_arena arena = {.memory = memory, .size = sizeof memory};
    struct tv_policy policy = {.algorithm_count = 1, .types = {.any = true}};
    policy.algorithms[0] = tv_algorithm_find(TV_SPAN("RS256"));
    policy.algorithm_names[0] = TV_SPAN("RS256");
    struct tv_claims_request request = {0};
    struct tv_verification verification;
    struct tv_detail detail = {0};
    yyjson_val *claims = NULL;
    struct tv_span text = {inputs.token.text, inputs.token.length};
    enum tv_status status = tv_verify_begin(&policy, text, &arena, &verification, &detail);
    if (status == TV_OK)
        status = tv_verify_signature(&verification, inputs.key, &detail);
    if (status == TV_OK)
        status = tv_verify_claims(&verification, &request, &arena, &claims, &detail);
    return status;
}

static enum tv_status open_store(enum tv_source source, const char *url,
                                 struct tv_keystore **store) {
    struct tv_keystore_options options = options_of(url);
    struct tv_detail detail = {0};
    options.source = source;
    options.timeout_ms = ENDS_WITHIN_MS;
    if (source == TV_SOURCE_ASAP) {
        options.urls[options.url_count++] = "http://127.0.0.1:1/";
        options.ca_file = "/a";
        options.ca_path = "/b";
        options.bearer_token_file = NULL;
    }
    return tv_keystore_open(&options, store, NULL, &detail);
}

// Opens a store, has a key fetched, and gets it.
static enum tv_status fetch_from(enum tv_source source, const char *url) {
    struct tv_keystore *store = NULL;
    enum tv_status status = open_store(source, url, &store);
    CHECK((store != NULL) == (status == TV_OK), "a store");
    if (status != TV_OK)
        return status;
    int64_t until_ms = tv_clock_steady_ms() + ENDS_WITHIN_MS;
    do {
        status = ask_at(store, "a", tv_clock_steady_ms());
        if (status == TV_KEY_PENDING)
            tv_keystores_step(20);
    } while (status == TV_KEY_PENDING && tv_clock_steady_ms() < until_ms);
    if (status == TV_OK)
        status = tv_keystore_put(store, TV_SPAN("mine"), inputs.key, 0, tv_clock_steady_ms());
    // A refresh has validators to send.
    tv_keystore_refresh(store, tv_clock_steady_ms());
    struct tv_outcome *outcome;
    while ((outcome = tv_keystores_take_outcome()))
        tv_outcome_free(outcome);
    tv_keystore_free(store);
    return status;
}

static enum tv_status key_server(const void *unused) {
    (void)unused;
    return fetch_from(TV_SOURCE_ASAP, inputs.urls[0]);
}

static enum tv_status jwk_set(const void *unused) {
    (void)unused;
    return fetch_from(TV_SOURCE_JWKS, inputs.urls[1]);
}

static enum tv_status provider(const void *unused) {
    (void)unused;
    return fetch_from(TV_SOURCE_OPENID, inputs.urls[2]);
}

// Stores that live on: what a shortage leaves in them is gone when it is over. They have no times
// to wait for, so that what failed is asked for again at once.
static struct tv_keystore *lasting[3];

static void open_lasting_stores(void) {
    static const enum tv_source sources[] = {TV_SOURCE_ASAP, TV_SOURCE_JWKS, TV_SOURCE_OPENID};
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        struct tv_keystore_options options = options_of(inputs.urls[3 + i]);
        options.source = sources[i];
        options.timeout_ms = ENDS_WITHIN_MS;
        options.negative_ttl_s = options.penalty_s = 0;
        options.back_off_min_ms = options.back_off_max_ms = 0;
        lasting[i] = open_with(&options);
    }
}

static enum tv_status ask_lasting(const void *argument) {
    struct tv_keystore *store = *(struct tv_keystore *const *)argument;
    tv_keystore_forget(store, NULL);
    finish_all();
    enum tv_status status = ask_at(store, "a", tv_clock_steady_ms());
    if (status == TV_KEY_PENDING) {
        struct tv_key_request again = {.key_id = TV_SPAN("a"), .again = true};
        struct tv_key *key = NULL;
        struct tv_detail detail = {0};
        finish_all();
        status = tv_keystore_get(store, &again, tv_clock_steady_ms(), &key, &detail);
        CHECK((key != NULL) == (status == TV_OK), "a key");
    }
    return status;
}

static enum tv_status local_folder(const void *unused) {
    (void)unused;
    struct tv_keystore *store = NULL;
    enum tv_status status = open_store(TV_SOURCE_FOLDER, inputs.folder, &store);
    if (status == TV_OK)
        status = ask_at(store, "one", tv_clock_steady_ms());
    if (status == TV_OK)
        status = ask_at(store, "one", tv_clock_steady_ms());
    tv_keystore_free(store);
    return status;
}

struct operation {
    char name[64];
    enum tv_status (*run)(const void *argument);
    const void *argument;
    enum tv_status good; // with memory
    // What is fetched goes through the answers of a source: without memory for one the outcome is
    // a source that cannot be used just now, or a second look-up, never a wrong key.
    bool fetches;
};

// OpenSSL does without the memory, or refuses what is good. Nobody accepts what is bad.
static bool is_expected(const struct operation *operation, unsigned of, enum tv_status status) {
    if (status == TV_NO_MEMORY || (operation->fetches && status == TV_KEY_SOURCE_UNAVAILABLE))
        return true;
    if (operation->fetches && status == TV_OK)
        return true;
    if (!(of & OPENSSL))
        return false;
    switch (status) {
    case TV_CRYPTO_FAILURE:
    case TV_WEAK_KEY:
        return true;
    case TV_MALFORMED_KEY:
    case TV_UNSUPPORTED_KEY:
    case TV_BAD_SIGNATURE:
        return !operation->fetches;
    case TV_KEY_UNUSABLE:
    case TV_KEY_NOT_FOUND:
        return operation->fetches || operation->run == folder;
    default:
        return status == operation->good;
    }
}

static const char *allocators_name(unsigned of) {
    static const char *const names[] = {"", "own", "OpenSSL's", "all"};
    return names[of];
}

// The number of allocations, about.
static long run_out(const struct operation *operation, unsigned of, long failing) {
    char name[192];
    for (long n = 1; n < 20000; n = next_to_try(n)) {
        errors_begin((n + (failing == 1)) % 2 == 0);
        if (first_failure_ends && checks.failed > 0)
            exit(EXIT_FAILURE);
        shortage_begin(of, n, failing);
        enum tv_status status = operation->run(operation->argument);
        long failed = shortage_end();
        snprintf(name, sizeof name, "%.80s, %s allocation %ld%s: %s", operation->name,
                 allocators_name(of), n, failing == LASTING ? " and all later" : "",
                 tv_status_code(status));
        CHECK(nothing_added(), name);
        if (failed == 0) {
            CHECK(status == operation->good, name);
            return n - 1;
        }
        CHECK(is_expected(operation, of, status), name);
        // Nothing is left behind that the next one stumbles over.
        CHECK_STATUS(operation->good, operation->run(operation->argument), name);
    }
    CHECK(false, name);
    return 0;
}

static void run_out_everywhere(const struct operation *operation) {
    static unsigned count;
    if (count++ % parts != part - 1)
        return;
    // What OpenSSL makes once in the process is there from now on.
    CHECK_STATUS(operation->good, operation->run(operation->argument), operation->name);
    CHECK_STATUS(operation->good, operation->run(operation->argument), operation->name);
    long counts[] = {0, 0, 0, 0};
    for (unsigned of = OURS; of <= failing_allocators; of++) {
        if (of != (OURS | OPENSSL)) // one that fails alone fails there already
            counts[of] = run_out(operation, of, 1);
        run_out(operation, of, LASTING);
    }
    printf("%s: %ld + %ld allocations\n", operation->name, counts[OURS], counts[OPENSSL]);
}

static void check_all_wiped(void) {
    for (size_t i = 0; i < inputs.text_count; i++) {
        const struct text *text = &inputs.texts[i];
        struct tv_key *key = NULL;
        if (text->good != TV_OK || text->loader == PUBLIC)
            continue;
        if (load(text, &key) != TV_OK)
            check_abort("%s cannot be loaded", text->name);
        if (text->loader == SECRET)
            check_secret_wiped(text->name, text->bytes, text->length, tv_key_secret(key));
        else
            check_pair_wiped(text->name, text->bytes, text->length, key);
        tv_key_free(key);
    }
}

static bool is_like_another(const struct text *text) {
    return strcmp(text->name, "P-384") == 0 || strcmp(text->name, "P-521") == 0 ||
           strcmp(text->name, "ED448") == 0;
}

static void run_each_allocation(const struct operation *operation) {
    bool all = try_all;
    try_all = true;
    run_out_everywhere(operation);
    try_all = all;
}

static void run_pair(const struct text *text) {
    struct operation operation = {.run = make_pair, .argument = text};
    snprintf(operation.name, sizeof operation.name, "pair of %.40s", text->name);
    run_each_allocation(&operation);
}

static void run_writing(const struct text *text) {
    static const char *const names[FORMS] = {"PEM", "JWK", "thumbprint", "private PEM",
                                             "private JWK"};
    struct writing writing = {0};
    if (load(text, &writing.key) != TV_OK)
        check_abort("%s cannot be loaded", text->name);
    for (size_t i = 0; i < (text->loader == PUBLIC ? PUBLIC_FORMS : FORMS); i++) {
        char *before;
        writing.make = forms[i];
        if (forms[i](writing.key, &before, &writing.before.length) != TV_OK)
            check_abort("no %s of %s", names[i], text->name);
        writing.before.data = before;
        struct operation operation = {.run = write_again, .argument = &writing};
        snprintf(operation.name, sizeof operation.name, "%s of %.40s", names[i], text->name);
        if (forms[i] == tv_key_pem || forms[i] == tv_key_private_pem)
            run_out_everywhere(&operation); // hundreds, in OpenSSL's encoder
        else
            run_each_allocation(&operation);
        free(before);
    }
    tv_key_free(writing.key);
}

static void run_points(void) {
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        struct operation operation = {
            .run = check_point, .argument = &points[i], .good = points[i].good};
        snprintf(operation.name, sizeof operation.name, "point %zu", i);
        run_each_allocation(&operation);
    }
}

static void run_keys(void) {
    check_all_wiped();
    run_points();
    for (size_t i = 0; i < inputs.text_count; i++) {
        if (try_few && is_like_another(&inputs.texts[i]))
            continue;
        struct operation operation = {
            .run = load_and_write, .argument = &inputs.texts[i], .good = inputs.texts[i].good};
        snprintf(operation.name, sizeof operation.name, "loading %.40s", inputs.texts[i].name);
        run_out_everywhere(&operation);
        if (inputs.texts[i].loader == PRIVATE && inputs.texts[i].bytes[0] == '{')
            run_pair(&inputs.texts[i]);
        if (inputs.texts[i].loader != SECRET && inputs.texts[i].good == TV_OK)
            run_writing(&inputs.texts[i]);
    }
    static const enum tv_curve curves[] = {TV_CURVE_P256, TV_CURVE_ED25519};
    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++) {
        struct operation operation = {.run = generate, .argument = &curves[i]};
        snprintf(operation.name, sizeof operation.name, "making %s", tv_curve_name(curves[i]));
        run_out_everywhere(&operation);
    }
}

static void run_halves(void) {
    const struct operation operation = {"made by halves of two pairs", make_signature,
                                        &inputs.halves, TV_MALFORMED_KEY, false};
    run_out_everywhere(&operation);
}

static void run_signatures(void) {
    for (size_t i = 0; i < inputs.signature_count; i++) {
        const struct signed_bytes *signature = &inputs.signatures[i];
        if (try_few && i > 0 && signature[-1].algorithm->family == signature->algorithm->family)
            continue;
        const struct operation ways[] = {
            {"checked", check_true_signature, signature, TV_OK, false},
            {"checked first", check_first_signature, signature, TV_OK, false},
            {"checked again", check_one_after_the_other, signature, TV_OK, false},
            {"refused", check_forged_signature, signature, TV_BAD_SIGNATURE, false},
            {"made", make_signature, signature, TV_OK, false}};
        for (size_t w = 0; w < sizeof ways / sizeof ways[0]; w++) {
            struct operation operation = ways[w];
            snprintf(operation.name, sizeof operation.name, "%s %.20s", signature->algorithm->name,
                     ways[w].name);
            run_out_everywhere(&operation);
        }
    }
    run_halves();
}

static void run_texts(void) {
    static const struct operation operations[] = {
        {"a JWK Set's text", set, NULL, TV_OK, false},
        {"discovery", discovery, NULL, TV_OK, false},
        {"a file", folder, NULL, TV_OK, false},
        {"a token", token, NULL, TV_OK, false},
        {"a room", page_room, NULL, TV_OK, false},
        {"no key", no_key, NULL, TV_MALFORMED_KEY, false},
    };
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
        run_out_everywhere(&operations[i]);
}

static void run_stores(void) {
    static const struct operation operations[] = {
        {"a folder's store", local_folder, NULL, TV_OK, true},
        {"a key server's store", key_server, NULL, TV_OK, true},
        {"a JWK Set's store", jwk_set, NULL, TV_OK, true},
        {"a provider's store", provider, NULL, TV_OK, true},
        {"a key server's store that lives on", ask_lasting, &lasting[0], TV_OK, true},
        {"a JWK Set's store that lives on", ask_lasting, &lasting[1], TV_OK, true},
        {"a provider's store that lives on", ask_lasting, &lasting[2], TV_OK, true},
    };
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
        run_out_everywhere(&operations[i]);
}

static struct {
    const char *name;
    void (*run)(void);
    bool chosen;
} kinds[] = {{"keys", run_keys, false},
             {"signatures", run_signatures, false},
             {"texts", run_texts, false},
             {"stores", run_stores, false}};

#define KINDS (sizeof kinds / sizeof kinds[0])

static void read_arguments(char *const *arguments) {
    bool any = false;
    for (; *arguments; arguments++) {
        if (strcmp(*arguments, "all") == 0)
            try_all = true;
        else if (strcmp(*arguments, "few") == 0)
            try_few = true;
        else if (strcmp(*arguments, "own") == 0)
            failing_allocators = OURS;
        else if (strcmp(*arguments, "first") == 0)
            first_failure_ends = true;
        else if (sscanf(*arguments, "%u/%u", &part, &parts) == 2) {
            if (part < 1 || part > parts)
                check_abort("no such part: %s", *arguments);
        } else {
            size_t i = 0;
            while (i < KINDS && strcmp(*arguments, kinds[i].name) != 0)
                i++;
            if (i == KINDS)
                check_abort("no such kind of operations: %s", *arguments);
            kinds[i].chosen = any = true;
        }
    }
    for (size_t i = 0; i < KINDS; i++)
        kinds[i].chosen = kinds[i].chosen || !any;
}

static struct server_answer answers[SERVER_ANSWERS];

static void add_text(const char *name, enum loader loader, char *bytes, size_t length) {
    if (inputs.text_count == TEXTS_MAX)
        check_abort("too many texts");
    inputs.texts[inputs.text_count++] = (struct text){name, loader, bytes, length, TV_OK};
}

static void add_file(const char *file, enum loader loader) {
    char path[128];
    size_t length;
    snprintf(path, sizeof path, KEYS "%s", file);
    char *bytes = check_read_file(path, &length);
    add_text(file, loader, bytes, length);
}

static void add_string(const char *name, enum loader loader, char *text) {
    add_text(name, loader, text, strlen(text));
}

static char *private_pem(EVP_PKEY *pair) {
    char *bytes;
    BIO *bio = BIO_new(BIO_s_mem());
    if (!pair || !bio || !PEM_write_bio_PrivateKey(bio, pair, NULL, NULL, 0, NULL, NULL))
        check_abort("no private key");
    size_t length = (size_t)BIO_get_mem_data(bio, &bytes);
    char *text = check_malloc(length + 1);
    memcpy(text, bytes, length);
    text[length] = '\0';
    BIO_free(bio);
    EVP_PKEY_free(pair);
    return text;
}

// The JWK of the pair whose PEM that is, which is freed.
static char *private_jwk(char *pem) {
    struct tv_key *key = NULL;
    struct tv_detail detail = {0};
    char *jwk = NULL;
    size_t length;
    if (tv_key_load_private(pem, strlen(pem), &key, &detail) != TV_OK ||
        tv_key_private_jwk(key, &jwk, &length) != TV_OK)
        check_abort("no private JWK");
    tv_key_free(key);
    free(pem);
    return jwk;
}

// What each algorithm makes with that text's key.
static void add_signatures(const struct text *text) {
    struct tv_key *key = NULL;
    if (load(text, &key) != TV_OK)
        check_abort("%s cannot be loaded", text->name);
    for (size_t i = 0; tv_algorithm_at(i); i++) {
        struct tv_detail detail = {0};
        struct signed_bytes *made = &inputs.signatures[inputs.signature_count];
        if (tv_key_check_signing(key, tv_algorithm_at(i), &detail) != TV_OK)
            continue;
        if (inputs.signature_count == SIGNATURES_MAX)
            check_abort("too many algorithms");
        made->algorithm = tv_algorithm_at(i);
        made->text = text;
        made->key = tv_key_retain(key);
        if (tv_signature_make(made->algorithm, key, SIGNED, made->bytes, &made->length, &detail) !=
            TV_OK)
            check_abort("no signature for %s", made->algorithm->name);
        inputs.signature_count++;
    }
    tv_key_free(key);
}

// What must not be taken for want of memory to see what is wrong with it.
static void add_refused(void) {
    struct tv_key *key = expand_load("rsa.pem");
    unsigned char *der = NULL;
    int der_length = i2d_PUBKEY(tv_key_public(key), &der);
    if (der_length <= 0)
        check_abort("no DER");
    char *copy = check_malloc((size_t)der_length);
    memcpy(copy, der, (size_t)der_length);
    add_text("a public key's DER as a secret", SECRET, copy, (size_t)der_length);
    inputs.texts[inputs.text_count - 1].good = TV_WEAK_SECRET;
    OPENSSL_free(der);
    tv_key_free(key);
    add_file("x25519.pem", PUBLIC);
    inputs.texts[inputs.text_count - 1].good = TV_UNSUPPORTED_KEY;
    add_file("rsa.encrypted-pkcs8.pem", PRIVATE);
    inputs.texts[inputs.text_count - 1].good = TV_MALFORMED_KEY;
    add_string("a point off its curve", PUBLIC,
               expand("{\"kty\":\"EC\",\"crv\":\"P-256\","
                      "\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
                      "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE\"}"));
    inputs.texts[inputs.text_count - 1].good = TV_WEAK_KEY;
}

static void make_texts(void) {
    static const char *const curves[] = {"P-256", "P-384", "P-521"}, *const okp[] = {"ED25519",
                                                                                     "ED448"};
    static const char *const files[] = {"rsa.pem",         "rsa.pkcs1.pem", "rsa.certificate.pem",
                                        "rsa.private.pem", "ec.pem",        "ed25519.pem"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        add_file(files[i], PUBLIC);
    add_string("an RSA JWK", PUBLIC, expand("{$R,\"alg\":\"RS256\",\"x5c\":[\"$B\"]}"));
    add_string("an EC JWK", PUBLIC, expand("{$E}"));
    add_string("an OKP JWK", PUBLIC, expand("{$O}"));
    add_string("an oct JWK", SECRET, strdup("{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}"));
    add_string("a secret in base64", SECRET, strdup("MTIzNDU2Nzg5MDEyMzQ1Ng=="));
    add_refused();
    size_t rsa_length;
    add_string("a private RSA JWK", PRIVATE,
               private_jwk(check_read_file(KEYS "rsa.private.pem", &rsa_length)));
    add_string("a private EC JWK", PRIVATE,
               private_jwk(private_pem(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"))));
    add_string("a private OKP JWK", PRIVATE,
               private_jwk(private_pem(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"))));
    size_t signing = inputs.text_count;
    add_string("a secret", SECRET, strdup("secret"));
    add_file("rsa.private.pem", PRIVATE);
    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++)
        add_string(curves[i], PRIVATE, private_pem(EVP_PKEY_Q_keygen(NULL, NULL, "EC", curves[i])));
    for (size_t i = 0; i < sizeof okp / sizeof okp[0]; i++)
        add_string(okp[i], PRIVATE, private_pem(EVP_PKEY_Q_keygen(NULL, NULL, okp[i])));
    for (; signing < inputs.text_count; signing++)
        add_signatures(&inputs.texts[signing]);
    for (size_t i = 0, signatures; tv_algorithm_at(i); i++) {
        signatures = 0;
        for (size_t s = 0; s < inputs.signature_count; s++)
            signatures += inputs.signatures[s].algorithm == tv_algorithm_at(i);
        CHECK(signatures > 0, tv_algorithm_at(i)->name);
    }
}

static void make_halves(void) {
    static char jwk[] = "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
                        "\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2E\","
                        "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}";
    static const struct text text = {"halves of two pairs", PRIVATE, jwk, sizeof jwk - 1, TV_OK};
    inputs.halves.algorithm = tv_algorithm_find(TV_SPAN("EdDSA"));
    inputs.halves.text = &text;
}

static void make_inputs(void) {
    make_texts();
    make_halves();
    inputs.set = expand("{\"keys\":[{$R,\"kid\":\"a\"},{$E,\"kid\":\"b\"},{$O,\"kid\":\"c\"},"
                        "{\"kty\":\"oct\",\"k\":\"AAAA\"}]}");
    inputs.configuration = strdup("{\"issuer\":\"https://a\",\"jwks_uri\":\"https://a/set\"}");
    check_make_folder(inputs.folder);
    char *path = NULL;
    if (tv_asap_url(inputs.folder, TV_SPAN("one"), &path) != TV_OK)
        check_abort("no file name");
    FILE *file = fopen(path, "w");
    if (!file || fputs(inputs.texts[0].bytes, file) < 0 || fclose(file) != 0)
        check_abort("%s cannot be written", path);
    free(path);
    inputs.key = expand_load("rsa.pem");
    EVP_PKEY *private_key = token_private_key(KEYS "rsa.private.pem");
    token_begin(&inputs.token, TV_SPAN("{\"alg\":\"RS256\"}"), TV_SPAN("{}"));
    token_sign(&inputs.token, "RS256", (struct tv_span){0}, private_key);
    EVP_PKEY_free(private_key);
}

static void free_inputs(void) {
    for (size_t i = 0; i < inputs.text_count; i++) {
        free(inputs.texts[i].bytes);
        for (size_t form = 0; form < FORMS; form++)
            free((char *)inputs.written[i][form].data);
    }
    for (size_t i = 0; i < inputs.signature_count; i++)
        tv_key_free(inputs.signatures[i].key);
    free(inputs.set);
    free(inputs.configuration);
    tv_key_free(inputs.key);
    char command[CHECK_FOLDER_SIZE + 8];
    snprintf(command, sizeof command, "rm -rf %s", inputs.folder);
    CHECK_NUMBER(0, system(command), "cleared up");
}

#define CONFIGURATION_SIZE 512

// A key server, a JWK Set and a provider, as the answers from `first` on.
static void add_sources(int first, char configuration[CONFIGURATION_SIZE]) {
    url_of(first, "", inputs.urls[first]);
    url_of(first + 1, "set.json", inputs.urls[first + 1]);
    snprintf(inputs.urls[first + 2], sizeof inputs.urls[0], "http://127.0.0.1:%d/%d", server.port,
             first + 2);
    snprintf(configuration, CONFIGURATION_SIZE, "{\"issuer\":\"%.127s\",\"jwks_uri\":\"%.127s\"}",
             inputs.urls[first + 2], inputs.urls[first + 1]);
    answers[first].bytes = OK_WITH("Cache-Control: max-age=1000\r\nAge: 1\r\nETag: \"one\"\r\n"
                                   "Last-Modified: Mon, 06 Jan 2025 10:00:00 GMT\r\n");
    answers[first].body = inputs.texts[0].bytes;
    answers[first + 1].bytes = OK_WITH("ETag: \"one\"\r\n");
    answers[first + 1].body = inputs.set;
    answers[first + 2].bytes = OK_WITH("");
    answers[first + 2].body = configuration;
}

int main(int count, char **arguments) {
    (void)count;
    read_arguments(arguments + 1);
    shortage_set_up();
    make_inputs();
    server_listen(&server);
    char configurations[2][CONFIGURATION_SIZE];
    add_sources(0, configurations[0]);
    add_sources(3, configurations[1]);
    server_start(&server, answers);
    open_lasting_stores();
    for (size_t i = 0; i < KINDS; i++)
        if (kinds[i].chosen)
            kinds[i].run();
    for (size_t i = 0; i < sizeof lasting / sizeof lasting[0]; i++)
        tv_keystore_free(lasting[i]);
    server_stop(&server);
    free_inputs();
    printf("oom: %d passed, %d failed\n", checks.passed, checks.failed);
    return checks.failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
