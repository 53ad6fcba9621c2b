// SPDX-License-Identifier: MIT
// The tables of a store's settings and of sources; comparing the options of two stores; copying and
// freeing their strings.
#include "store/keystore_internal.h"

#include <stdlib.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])
#define COUNT_MOST 1e9

#define MEMBER(member) TV_MEMBER(struct tv_keystore_options, member)
#define SECONDS(option, member)                                                                    \
    TV_OPTION(option), .kind = TV_SETTING_SECONDS, MEMBER(member), .most = TV_SETTING_MOST_S
#define LEAST_MILLISECOND .least = 0.001, .most = TV_SETTING_MOST_S
#define MILLISECONDS(option, member)                                                               \
    TV_OPTION(option), .kind = TV_SETTING_MILLISECONDS, MEMBER(member), LEAST_MILLISECOND
#define SIZE(option, member) TV_OPTION(option), .kind = TV_SETTING_SIZE, MEMBER(member), .least = 1
#define TEXT(option, member)                                                                       \
    TV_OPTION(option), .kind = TV_SETTING_TEXT, MEMBER(member), .separates = true

// In the order of docs/api.md.
static const struct tv_setting settings[] = {
    // How a server is reached.
    {TEXT("ca_file", ca_file), .instead = "-",
     .text = "PEM file of the authorities that must have certified https servers"},
    {TEXT("ca_path", ca_path), .instead = "`/etc/ssl/certs`",
     .text = "directory of such files, hashed by `openssl rehash`. Only one of the two"},
    {TEXT("proxy", proxy), .instead = "none",
     .text = "URL of a proxy. Variables like `http_proxy` are never used"},
    {TEXT("client_cert", client_cert), .instead = "-",
     .text =
         "PEM file of a certificate that is sent to the server, for mutual TLS. If a provider's "
         "`jwks_uri` is on another host, that host gets neither the certificate nor the bearer "
         "token"},
    {TEXT("client_key", client_key), .instead = "-",
     .text = "PEM file of the certificate's private key. Give both or neither"},
    {TEXT("bearer_token_file", bearer_token_file), .instead = "-",
     .text = "file whose first line is sent as `Authorization: Bearer`. It is read for each fetch; "
             "if it cannot be read, nothing is fetched"},

    // How long.
    {SECONDS("default_ttl", default_ttl_s), .initial = 600, .least = 1,
     .text = "how long a key is fresh if the answer does not say so"},
    {SECONDS("min_ttl", min_ttl_s), .initial = 60, .least = 1,
     .text = "minimum of that time, whatever the answer says. Not more than `max_ttl`"},
    {SECONDS("max_ttl", max_ttl_s), .initial = 86400, .least = 1,
     .text =
         "maximum of that time. Also how long a provider's `jwks_uri` is used, unless it fails, "
         "or lacks a `kid` and is older than `default_ttl`"},
    {TV_OPTION("refresh_ahead"), .kind = TV_SETTING_SIZE, MEMBER(refresh_ahead), .unit = "%",
     .initial = 10, .most = 50,
     .text = "a key that is used in the last part of its freshness, of this length, is fetched "
             "again in the background. Up to half of the part is subtracted at random"},
    {SECONDS("max_stale", max_stale_s), .initial = 3600,
     .text = "how long a key is used after its freshness ends, while it cannot be fetched again"},
    {MILLISECONDS("stale_wait", stale_wait_ms), .initial = 1,
     .text = "how long a caller waits for a slow server before the old key is used"},
    {SECONDS("negative_ttl", negative_ttl_s), .initial = 30, .least = 1,
     .text = "how long a missing or unusable key is remembered as such"},
    {SECONDS("penalty", penalty_s), .initial = 10, .least = 1,
     .text =
         "after an unknown `kid` caused a fetch of a JWK Set, the next one can do so after this "
         "time"},
    {MILLISECONDS("back_off_min", back_off_min_ms), .initial = 1,
     .text =
         "pause after the source failed; it doubles each time. Up to a quarter is subtracted at "
         "random. Not more than `back_off_max`"},
    {MILLISECONDS("back_off_max", back_off_max_ms), .initial = 60,
     .text = "longest pause, also if the server asks for a longer one with `Retry-After`"},
    {MILLISECONDS("wait_limit", wait_ms), .initial = 6,
     .text = "longest time that a caller waits for a key, including the time in the queue"},
    {MILLISECONDS("connect_timeout", connect_timeout_ms), .initial = 2,
     .text = "longest time to connect"},
    {MILLISECONDS("timeout", timeout_ms), .initial = 5, .text = "longest time for a whole fetch"},

    // How much.
    {SIZE("cache_size", cache_size), .most = COUNT_MOST, .unit = "keys", .grows = true,
     .instead = "128; without a source any number",
     .text = "how many keys are cached. When the cache is full, the least recently used key is "
             "dropped, but none that somebody waits for. A JWK Set is always kept as a whole"},
    {SIZE("negative_size", negative_size), .initial = 1024, .most = COUNT_MOST, .unit = "kids",
     .text = "how many missing keys are remembered. They are cached apart from keys, so invented "
             "`kid`s push out no key"},
    {TV_OPTION("min_rsa_bits"), .kind = TV_SETTING_INT, MEMBER(rsa_min_bits), .unit = "bits",
     .initial = TV_RSA_MIN_BITS, .least = TV_RSA_FLOOR_BITS, .most = TV_RSA_MAX_BITS,
     .separates = true, .text = "minimum size of an RSA modulus"},
    {SIZE("max_set_keys", max_set_keys), .initial = TV_KEY_SET_MAX_KEYS,
     .most = TV_KEY_SET_MAX_KEYS, .unit = "keys",
     .text = "most keys in a JWK Set; a larger set is not used"},
    {SIZE("max_fetches", max_fetches), .initial = TV_FETCH_MAX_RUNNING,
     .most = TV_FETCH_MAX_RUNNING, .unit = "fetches",
     .text = "most fetches that run at the same time in the process, and as many again for cached "
             "keys. The smallest value of all stores in use applies. A quarter of them (rounded "
             "down) is reserved for stores that have none running. A store that has some takes at "
             "most half of the others that are free: if all hang, the first store takes 24 of 64, "
             "the next ones 12, 6, 3, 2, 1, 1"},
    {SIZE("max_running", max_running), .initial = 16, .most = COUNT_MOST, .unit = "fetches",
     .text = "most fetches that run at the same time for this store; only one after the last one "
             "failed. As many again can run for cached keys"},
    {SIZE("max_queued", max_queued), .initial = 1024, .most = COUNT_MOST, .unit = "kids",
     .text = "most `kid`s that wait for a fetch. Beyond that: `key-source-overloaded`"},
    {SIZE("max_per_client", max_per_client), .initial = 8, .most = COUNT_MOST, .unit = "kids",
     .text =
         "most unknown `kid`s of one `client` that are pending. An IPv6 client is its network of "
         "64 bits. Beyond that: `key-source-overloaded`"},
};

// In the order of docs/api.md.
static const struct tv_source_kind sources[] = {
    {.source = TV_SOURCE_ASAP,
     .brief = "a key server. This option and the next three name a [source](#sources); its [key "
              "store](#key-stores) in the process is used with the settings that it has, or with "
              "the defaults if it is new, and is kept from then on",
     .option = {TV_OPTION("asap_key_server"), .type = "string or list", .jws = true,
                .most = TV_KEYSTORE_MAX_SERVERS,
                .text =
                    "base URL of a key server, http or https. A key is "
                    "`GET <base>/<tv.key_file_name(kid)>`, joined with one slash; the body is a "
                    "text that `tv.key` accepts, whatever its content type. In a list of up to "
                    "8, the next server is asked if one cannot be reached or answers 5xx or "
                    "429, but not if it answers that it has no such key. `file:///folder` is "
                    "the same as `directory`"}},
    {.source = TV_SOURCE_JWKS,
     .is_set = true,
     .brief = "a JWK Set",
     .option = {TV_OPTION("jwks_url"), .type = "string", .jws = true, .most = 1,
                .text = "URL of a JWK Set (RFC 7517, section 5), or of Google's map of `kid` to "
                        "certificate: at most 512 KiB and 256 keys. It is fetched when a key is "
                        "first needed, and replaced as a whole. A token of a JWK that is broken, "
                        "weak, symmetric or of an unknown type is refused with what is wrong with "
                        "it; the others are used. If several keys have the same `kid`, those that "
                        "fit the token's `alg` are tried in their order, at most 4"}},
    {.source = TV_SOURCE_OPENID,
     .is_set = true,
     .brief = "an OpenID provider",
     .verifier_type = "string or list",
     .option = {TV_OPTION("openid_issuer"), .type = "string", .most = 1,
                .text = "issuer of an OpenID provider. Its configuration is read at "
                        "`<issuer>/.well-known/openid-configuration`; the `issuer` in it must be "
                        "exactly this string, and its `jwks_uri` must be https if the issuer is. "
                        "The set at `jwks_uri` is then used as with `jwks_url`"}},
    {.source = TV_SOURCE_FOLDER,
     .brief = "a local folder",
     .option = {TV_OPTION("directory"), .type = "string", .jws = true, .most = 1,
                .text =
                    "absolute path of a local folder with the same files as a key server. There "
                    "is no network and no waiting: each use checks whether the file has "
                    "changed, and reads it again if so. A file without a usable key is also read "
                    "again after `negative_ttl`"}},
};

const struct tv_setting *tv_keystore_settings(size_t *count) {
    *count = COUNT_OF(settings);
    return settings;
}

const struct tv_source_kind *tv_source_kinds(size_t *count) {
    *count = COUNT_OF(sources);
    return sources;
}

bool tv_source_is_set(enum tv_source source) {
    for (size_t i = 0; i < COUNT_OF(sources); i++)
        if (sources[i].source == source)
            return sources[i].is_set;
    return false;
}

static void *member(struct tv_keystore_options *options, const struct tv_setting *setting) {
    return (char *)options + setting->offset;
}

static const void *member_of(const struct tv_keystore_options *options,
                             const struct tv_setting *setting) {
    return (const char *)options + setting->offset;
}

void tv_keystore_defaults(struct tv_keystore_options *options) {
    *options = (struct tv_keystore_options){0};
    for (size_t i = 0; i < COUNT_OF(settings); i++)
        tv_setting_put(&settings[i], settings[i].initial, member(options, &settings[i]));
}

static bool same(const struct tv_setting *setting, const struct tv_keystore_options *a,
                 const struct tv_keystore_options *b) {
    const void *in_a = member_of(a, setting), *in_b = member_of(b, setting);
    if (setting->kind != TV_SETTING_TEXT)
        return memcmp(in_a, in_b, tv_setting_size(setting)) == 0;
    const char *text_a = *(const char *const *)in_a, *text_b = *(const char *const *)in_b;
    return strcmp(text_a ? text_a : "", text_b ? text_b : "") == 0;
}

bool tv_keystore_options_same_trust(const struct tv_keystore_options *a,
                                    const struct tv_keystore_options *b) {
    for (size_t i = 0; i < COUNT_OF(settings); i++)
        if (settings[i].separates && !same(&settings[i], a, b))
            return false;
    return true;
}

const char *tv_keystore_options_difference(const struct tv_keystore_options *a,
                                           const struct tv_keystore_options *b) {
    for (size_t i = 0; i < COUNT_OF(settings); i++)
        if (!settings[i].separates && !settings[i].grows && !same(&settings[i], a, b))
            return settings[i].name.data;
    return NULL;
}

void tv_keystore_options_take(struct tv_keystore_options *options,
                              const struct tv_keystore_options *from) {
    for (size_t i = 0; i < COUNT_OF(settings); i++)
        if (settings[i].kind != TV_SETTING_TEXT)
            memcpy(member(options, &settings[i]), member_of(from, &settings[i]),
                   tv_setting_size(&settings[i]));
}

// GCC's analyzer does not follow the rows to what tv_keystore_options_clear() frees.
#if defined __GNUC__ && !defined __clang__
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

bool tv_keystore_options_own(struct tv_keystore_options *options) {
    bool owned = true;
    // All are replaced even if one fails, so that no string of the caller is freed later.
    for (size_t i = 0; i < COUNT_OF(settings); i++) {
        if (settings[i].kind != TV_SETTING_TEXT)
            continue;
        const char **text = member(options, &settings[i]);
        if (!*text)
            continue;
        *text = strdup(*text);
        owned = owned && *text;
    }
    return owned;
}

void tv_keystore_options_clear(struct tv_keystore_options *options) {
    for (size_t i = 0; i < COUNT_OF(settings); i++)
        if (settings[i].kind == TV_SETTING_TEXT)
            free(*(char **)member(options, &settings[i]));
}
