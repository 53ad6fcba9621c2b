// SPDX-License-Identifier: MIT
// Out of memory: each operation with its 1st, 2nd, 3rd ... allocation failing until it succeeds.
// Run under AddressSanitizer: what is lost on the way out of a failure is a leak. `make oom`.
#include "expand.h"
#include "stores.h"
#include "tokens.h"

#include "asap.h"
#include "discovery.h"
#include "folder.h"
#include "keyset.h"
#include "verify.h"

#include <errno.h>
#include <openssl/crypto.h>

// Allocations are counted while `left` is positive; the one that takes it to 0 fails, and, if
// `lasting`, every one after it.
static struct {
    long left;
    bool lasting, failed;
} shortage;

static bool fails(void) {
    if (shortage.left > 0 && --shortage.left == 0) {
        shortage.failed = true;
        return true;
    }
    return shortage.failed && shortage.lasting && shortage.left == 0;
}

// What the linker puts in the place of the C library's, in our objects alone (--wrap).
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);

void *__wrap_malloc(size_t size) { return fails() ? NULL : __real_malloc(size); }

void *__wrap_calloc(size_t count, size_t size) {
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size) {
    return fails() ? NULL : __real_realloc(memory, size);
}

char *__wrap_strdup(const char *text) { return fails() ? NULL : __real_strdup(text); }

char *__wrap_strndup(const char *text, size_t size) {
    return fails() ? NULL : __real_strndup(text, size);
}

// Inputs, made before any allocation fails.
static struct {
    char *texts[8];
    size_t lengths[8];
    char *set, *configuration;
    char folder[64];
    struct token token;
    struct tv_key *key;
    char urls[4][128];
} inputs;

static enum tv_status load_and_write(const char *text, size_t length) {
    struct tv_detail detail = {0};
    struct tv_key *key = NULL;
    enum tv_status status = tv_key_load(text, length, &key, &detail);
    enum tv_status (*const forms[])(const struct tv_key *, char **,
                                    size_t *) = {tv_key_pem, tv_key_jwk, tv_key_thumbprint};
    for (size_t i = 0; i < 3 && status == TV_OK; i++) {
        char *written = NULL;
        size_t written_length = 0;
        status = forms[i](key, &written, &written_length);
        CHECK((written != NULL) == (status == TV_OK), "a form of a key");
        free(written);
    }
    tv_key_free(key);
    return status;
}

static enum tv_status keys(void) {
    enum tv_status status = TV_OK;
    for (size_t i = 0; inputs.texts[i] && status == TV_OK; i++)
        status = load_and_write(inputs.texts[i], inputs.lengths[i]);
    return status;
}

static enum tv_status secrets(void) {
    static const char *const texts[] = {"secret", "{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}"};
    enum tv_status status = TV_OK;
    for (size_t i = 0; i < 2 && status == TV_OK; i++) {
        struct tv_detail detail = {0};
        struct tv_key *key = NULL;
        status = tv_key_from_secret(texts[i], strlen(texts[i]), &key, &detail);
        CHECK(status != TV_OK || tv_span_equal(tv_key_secret(key), TV_SPAN("secret")), "secret");
        tv_key_free(key);
    }
    return status;
}

static enum tv_status set(void) {
    struct tv_detail detail = {0};
    struct tv_key_set *loaded = NULL;
    enum tv_status status = tv_key_set_load(inputs.set, strlen(inputs.set), &loaded, &detail);
    // A key is never skipped for want of memory: it would look withdrawn.
    if (status == TV_OK)
        CHECK(loaded->count == 3 && loaded->skipped == 1, "a whole set");
    tv_key_set_free(loaded);
    return status;
}

static enum tv_status discovery(void) {
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

static enum tv_status folder(void) {
    struct tv_detail detail = {0};
    char stamp[TV_FOLDER_STAMP_SIZE];
    struct tv_key *key = NULL;
    enum tv_status status = tv_folder_look(inputs.folder, TV_SPAN("one"), stamp, &detail);
    if (status == TV_OK)
        status = tv_folder_load(inputs.folder, TV_SPAN("one"), &key, &detail);
    tv_key_free(key);
    return status;
}

// The straight line takes its memory from the caller and from OpenSSL.
static enum tv_status token(void) {
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
        status = tv_verify_claims(&policy, &verification, &request, &arena, &claims, &detail);
    return status;
}

static enum tv_status open_store(enum tv_source source, const char *url,
                                 struct tv_keystore **store) {
    struct tv_keystore_options options = options_of(url);
    struct tv_detail detail = {0};
    options.source = source;
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
    int64_t until_ms = tv_clock_steady_ms() + 2000;
    do {
        status = ask_at(store, "a", tv_clock_steady_ms());
        if (status == TV_KEY_PENDING)
            tv_keystores_step(20);
    } while (status == TV_KEY_PENDING && tv_clock_steady_ms() < until_ms);
    if (status == TV_OK)
        status = tv_keystore_put(store, TV_SPAN("mine"), inputs.key, 0, tv_clock_steady_ms());
    // A refresh has validators to send.
    tv_keystore_refresh(store, tv_clock_steady_ms());
    struct tv_settlement *settlement;
    while ((settlement = tv_keystores_take_settlement()))
        tv_settlement_free(settlement);
    tv_keystore_free(store);
    return status;
}

static enum tv_status key_server(void) { return fetch_from(TV_SOURCE_ASAP, inputs.urls[0]); }

static enum tv_status jwk_set(void) { return fetch_from(TV_SOURCE_JWKS, inputs.urls[1]); }

static enum tv_status provider(void) { return fetch_from(TV_SOURCE_OPENID, inputs.urls[2]); }

static enum tv_status local_folder(void) {
    struct tv_keystore *store = NULL;
    enum tv_status status = open_store(TV_SOURCE_FOLDER, inputs.folder, &store);
    if (status == TV_OK)
        status = ask_at(store, "one", tv_clock_steady_ms());
    if (status == TV_OK)
        status = ask_at(store, "one", tv_clock_steady_ms());
    tv_keystore_free(store);
    return status;
}

static const struct {
    const char *name;
    enum tv_status (*run)(void);
    // What is fetched goes through the answers of a source: without memory for one the outcome is
    // a source that cannot be used just now, or a second look-up, never a wrong key.
    bool fetches;
} operations[] = {
    {"keys", keys, false},
    {"secrets", secrets, false},
    {"a JWK Set's text", set, false},
    {"discovery", discovery, false},
    {"a file", folder, false},
    {"a token", token, false},
    {"a folder's store", local_folder, true},
    {"a key server's store", key_server, true},
    {"a JWK Set's store", jwk_set, true},
    {"a provider's store", provider, true},
};

static bool is_expected(bool fetches, enum tv_status status) {
    return status == TV_NO_MEMORY ||
           (fetches &&
            (status == TV_OK || status == TV_KEY_SOURCE_UNAVAILABLE || status == TV_KEY_UNUSABLE));
}

// The number of allocations that failed.
static long run(size_t index, bool lasting) {
    const char *name = operations[index].name;
    char case_name[128];
    for (long n = 1; n < 5000; n++) {
        shortage.left = n;
        shortage.lasting = lasting;
        shortage.failed = false;
        enum tv_status status = operations[index].run();
        bool failed = shortage.failed;
        shortage.left = -1;
        shortage.failed = false;
        snprintf(case_name, sizeof case_name, "%s, allocation %ld%s: %s", name, n,
                 lasting ? " and all later" : "", tv_status_code(status));
        if (!failed) {
            CHECK(status == TV_OK, case_name);
            return n - 1;
        }
        CHECK(is_expected(operations[index].fetches, status), case_name);
    }
    CHECK(false, name);
    return 0;
}

static struct server_answer answers[SERVER_ANSWERS] = {
    {.bytes = OK_WITH("Cache-Control: max-age=1000\r\nAge: 1\r\nETag: \"one\"\r\n"
                      "Last-Modified: Mon, 06 Jan 2025 10:00:00 GMT\r\n")},
    {.bytes = OK_WITH("ETag: \"one\"\r\n")},
    {.bytes = OK_WITH("")},
};

static char folder_template[] = "/tmp/token_verifier_oom_XXXXXX";

static void make_inputs(void) {
    static const char *const files[] = {"rsa.pem",         "rsa.pkcs1.pem", "rsa.certificate.pem",
                                        "rsa.private.pem", "ec.pem",        "ed25519.pem"};
    size_t i = 0;
    for (; i < sizeof files / sizeof files[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, KEYS "%s", files[i]);
        inputs.texts[i] = check_read_file(path, &inputs.lengths[i]);
    }
    inputs.texts[i] = expand("{$R,\"alg\":\"RS256\",\"x5c\":[\"$B\"]}");
    inputs.lengths[i] = strlen(inputs.texts[i]);
    inputs.set = expand("{\"keys\":[{$R,\"kid\":\"a\"},{$E,\"kid\":\"b\"},{$O,\"kid\":\"c\"},"
                        "{\"kty\":\"oct\",\"k\":\"AAAA\"}]}");
    inputs.configuration = strdup("{\"issuer\":\"https://a\",\"jwks_uri\":\"https://a/set\"}");
    if (!mkdtemp(folder_template))
        check_abort("no folder below /tmp");
    snprintf(inputs.folder, sizeof inputs.folder, "%s", folder_template);
    char *path = NULL;
    if (tv_asap_url(inputs.folder, TV_SPAN("one"), &path) != TV_OK)
        check_abort("no file name");
    FILE *file = fopen(path, "w");
    if (!file || fputs(inputs.texts[0], file) < 0 || fclose(file) != 0)
        check_abort("%s cannot be written", path);
    free(path);
    inputs.key = expand_load("rsa.pem");
    EVP_PKEY *private_key = token_private_key(KEYS "rsa.private.pem");
    token_begin(&inputs.token, TV_SPAN("{\"alg\":\"RS256\"}"), TV_SPAN("{}"));
    token_sign(&inputs.token, "RS256", (struct tv_span){0}, private_key);
    EVP_PKEY_free(private_key);
}

static void free_inputs(void) {
    for (size_t i = 0; inputs.texts[i]; i++)
        free(inputs.texts[i]);
    free(inputs.set);
    free(inputs.configuration);
    tv_key_free(inputs.key);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", inputs.folder);
    CHECK_NUMBER(0, system(command), "cleared up");
}

int main(void) {
    make_inputs();
    server_listen(&server);
    for (int i = 0; i < 2; i++)
        url_of(i, i == 0 ? "" : "set.json", inputs.urls[i]);
    snprintf(inputs.urls[2], sizeof inputs.urls[2], "http://127.0.0.1:%d/2", server.port);
    char configuration[512];
    snprintf(configuration, sizeof configuration, "{\"issuer\":\"%s\",\"jwks_uri\":\"%s\"}",
             inputs.urls[2], inputs.urls[1]);
    answers[0].body = inputs.texts[0];
    answers[1].body = inputs.set;
    answers[2].body = configuration;
    server_start(&server, answers);
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        long once = run(i, false), lasting = run(i, true);
        printf("%s: %ld allocations\n", operations[i].name, once > lasting ? once : lasting);
    }
    server_stop(&server);
    free_inputs();
    printf("oom: %d passed, %d failed\n", checks.passed, checks.failed);
    return checks.failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
