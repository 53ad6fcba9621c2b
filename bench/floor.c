// SPDX-License-Identifier: MIT
// The floor of the benchmarks, as a Lua module: one bare signature check with the key parsed, the
// contexts kept and the signature decoded. No token is read here.
#include <lauxlib.h>
#include <lua.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdbool.h>
#include <string.h>

#define SIGNATURE_MAX 2048
#define CHECK_TYPE "floor.check"

__attribute__((visibility("default"))) int luaopen_floor(lua_State *L);

enum kind { HMAC_CHECK, DIGEST_CHECK, MESSAGE_CHECK };

// One signature that holds over one message, and what checks it.
struct check {
    enum kind kind;
    EVP_MD *digest;
    EVP_MD_CTX *hash;
    EVP_PKEY *key;
    EVP_PKEY_CTX *verify;
    EVP_MAC_CTX *mac;
    unsigned char signature[SIGNATURE_MAX];
    size_t signature_length;
    const unsigned char *message; // of a Lua string, kept as a user value
    size_t message_length;
};

static const struct {
    const char *name, *digest;
    enum kind kind;
    bool pss;
    int coordinate; // bytes, for ECDSA
} algorithms[] = {
    {"HS256", "SHA256", HMAC_CHECK, false, 0},    {"RS256", "SHA256", DIGEST_CHECK, false, 0},
    {"PS256", "SHA256", DIGEST_CHECK, true, 0},   {"ES256", "SHA256", DIGEST_CHECK, false, 32},
    {"ES384", "SHA384", DIGEST_CHECK, false, 48}, {"ES512", "SHA512", DIGEST_CHECK, false, 66},
    {"EdDSA", NULL, MESSAGE_CHECK, false, 0},
};

static int die(lua_State *L, const char *what) {
    return luaL_error(L, "%s failed: %s", what, ERR_reason_error_string(ERR_peek_last_error()));
}

static int l_check_gc(lua_State *L) {
    struct check *check = luaL_checkudata(L, 1, CHECK_TYPE);
    EVP_MD_CTX_free(check->hash);
    EVP_MD_free(check->digest);
    EVP_PKEY_CTX_free(check->verify);
    EVP_PKEY_free(check->key);
    EVP_MAC_CTX_free(check->mac);
    memset(check, 0, sizeof *check);
    return 0;
}

static void open_mac(lua_State *L, struct check *check, const char *digest, const void *secret,
                     size_t length) {
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    check->mac = EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)digest, 0),
        OSSL_PARAM_construct_end()};
    if (!check->mac || EVP_MAC_init(check->mac, secret, length, params) != 1)
        die(L, "setting HMAC up");
}

static void open_key(lua_State *L, struct check *check, const char *digest, bool pss,
                     const char *pem, size_t length) {
    BIO *bio = BIO_new_mem_buf(pem, (int)length);
    check->key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    BIO_free(bio);
    check->hash = EVP_MD_CTX_new();
    if (!check->key || !check->hash)
        die(L, "reading the key");
    if (!digest) {
        if (EVP_DigestVerifyInit(check->hash, NULL, NULL, NULL, check->key) != 1)
            die(L, "setting the check up");
        return;
    }
    check->digest = EVP_MD_fetch(NULL, digest, NULL);
    check->verify = EVP_PKEY_CTX_new_from_pkey(NULL, check->key, NULL);
    if (!check->digest || !check->verify || EVP_PKEY_verify_init(check->verify) != 1)
        die(L, "setting the check up");
    if (EVP_PKEY_get_base_id(check->key) == EVP_PKEY_RSA &&
        EVP_PKEY_CTX_set_rsa_padding(check->verify,
                                     pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) != 1)
        die(L, "setting the padding");
    if (EVP_PKEY_CTX_set_signature_md(check->verify, check->digest) != 1)
        die(L, "setting the digest");
    if (pss && EVP_PKEY_CTX_set_rsa_pss_saltlen(check->verify, RSA_PSS_SALTLEN_DIGEST) != 1)
        die(L, "setting the salt's length");
}

// JOSE's R and S side by side as the DER that OpenSSL takes.
static void take_signature(lua_State *L, struct check *check, int coordinate, const char *bytes,
                           size_t length) {
    luaL_argcheck(L, length <= SIGNATURE_MAX, 3, "too long");
    memcpy(check->signature, bytes, length);
    check->signature_length = length;
    if (coordinate == 0)
        return;
    luaL_argcheck(L, length == 2 * (size_t)coordinate, 3, "R and S expected");
    ECDSA_SIG *pair = ECDSA_SIG_new();
    const unsigned char *raw = (const unsigned char *)bytes;
    ECDSA_SIG_set0(pair, BN_bin2bn(raw, coordinate, NULL),
                   BN_bin2bn(raw + coordinate, coordinate, NULL));
    unsigned char *end = check->signature;
    check->signature_length = (size_t)i2d_ECDSA_SIG(pair, &end);
    ECDSA_SIG_free(pair);
}

static bool check_mac(struct check *check) {
    unsigned char found[EVP_MAX_MD_SIZE];
    size_t length;
    return EVP_MAC_init(check->mac, NULL, 0, NULL) == 1 &&
           EVP_MAC_update(check->mac, check->message, check->message_length) == 1 &&
           EVP_MAC_final(check->mac, found, &length, sizeof found) == 1 &&
           length == check->signature_length && CRYPTO_memcmp(found, check->signature, length) == 0;
}

static bool check_digest(struct check *check) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length;
    return EVP_DigestInit_ex2(check->hash, check->digest, NULL) == 1 &&
           EVP_DigestUpdate(check->hash, check->message, check->message_length) == 1 &&
           EVP_DigestFinal_ex(check->hash, digest, &length) == 1 &&
           EVP_PKEY_verify(check->verify, check->signature, check->signature_length, digest,
                           length) == 1;
}

// Newer OpenSSL wants the context initialized again, and can do it without the key.
static bool check_message(struct check *check) {
    return EVP_DigestVerifyInit(check->hash, NULL, NULL, NULL, NULL) == 1 &&
           EVP_DigestVerify(check->hash, check->signature, check->signature_length, check->message,
                            check->message_length) == 1;
}

static int l_check_call(lua_State *L) {
    static bool (*const checks[])(struct check *) = {check_mac, check_digest, check_message};
    struct check *check = lua_touserdata(L, lua_upvalueindex(1));
    bool holds = checks[check->kind](check);
    if (!holds)
        ERR_clear_error(); // what it notes would be found by others
    lua_pushboolean(L, holds);
    return 1;
}

// check(algorithm, key, signature, message): a function that checks the one signature and says
// whether it holds. The key is a secret or a public key's PEM.
static int l_check(lua_State *L) {
    size_t key_length, signature_length, i = 0;
    const char *name = luaL_checkstring(L, 1), *key = luaL_checklstring(L, 2, &key_length);
    const char *signature = luaL_checklstring(L, 3, &signature_length);
    luaL_checkstring(L, 4);
    while (i < sizeof algorithms / sizeof algorithms[0] && strcmp(algorithms[i].name, name) != 0)
        i++;
    luaL_argcheck(L, i < sizeof algorithms / sizeof algorithms[0], 1, "unknown algorithm");
    struct check *check = lua_newuserdatauv(L, sizeof *check, 1);
    memset(check, 0, sizeof *check);
    luaL_setmetatable(L, CHECK_TYPE);
    lua_pushvalue(L, 4);
    lua_setiuservalue(L, -2, 1);
    check->message = (const unsigned char *)lua_tolstring(L, 4, &check->message_length);
    check->kind = algorithms[i].kind;
    take_signature(L, check, algorithms[i].coordinate, signature, signature_length);
    if (check->kind == HMAC_CHECK)
        open_mac(L, check, algorithms[i].digest, key, key_length);
    else
        open_key(L, check, algorithms[i].digest, algorithms[i].pss, key, key_length);
    lua_pushcclosure(L, l_check_call, 1);
    return 1;
}

int luaopen_floor(lua_State *L) {
    static const luaL_Reg functions[] = {{"check", l_check}, {NULL, NULL}};
    luaL_newmetatable(L, CHECK_TYPE);
    lua_pushcfunction(L, l_check_gc);
    lua_setfield(L, -2, "__gc");
    luaL_newlib(L, functions);
    return 1;
}
