// SPDX-License-Identifier: MIT
// Key objects: key(text) and its methods.
#include "lua/lua_tv.h"

#include "store/asap.h"

#include <stdlib.h>

// A key object is a pointer to the key, never NULL but before it is filled.

static struct tv_key *check_key(lua_State *L) {
    struct tv_key **key = luaL_checkudata(L, 1, KEY_TYPE);
    luaL_argcheck(L, *key, 1, "the key has been collected"); // in a finalizer after its own
    return *key;
}

struct tv_key *test_key(lua_State *L, int index) {
    struct tv_key **key = luaL_testudata(L, index, KEY_TYPE);
    return key ? *key : NULL;
}

struct tv_key **push_empty_key(lua_State *L) {
    struct tv_key **key = lua_newuserdatauv(L, sizeof(struct tv_key *), 0);
    *key = NULL;
    luaL_setmetatable(L, KEY_TYPE);
    return key;
}

void push_key(lua_State *L, struct tv_key *key) { *push_empty_key(L) = tv_key_retain(key); }

int l_key(lua_State *L) {
    struct tv_span text = check_span(L, 1);
    bool facts = read_detail(L, 2);
    struct tv_detail detail = {0};
    struct tv_key **key = push_empty_key(L);
    enum tv_status status = tv_key_load(text.data, text.length, key, &detail);
    if (status != TV_OK)
        return push_failure_with(L, status, &detail, facts);
    if (tv_key_was_private(*key))
        lua_pushliteral(L, "this is a private key: only its public half is used, and it does not "
                           "belong where tokens are checked");
    else if (tv_key_certificate_differs(*key))
        lua_pushliteral(L, CERTIFICATE_DIFFERS);
    else
        return 1;
    return 2;
}

int l_key_file_name(lua_State *L) {
    struct tv_span key_id = check_span(L, 1);
    char name[TV_ASAP_FILE_NAME_SIZE];
    if (tv_asap_file_name(key_id, name) != TV_OK)
        return luaL_error(L, "SHA-256 is not available in this OpenSSL");
    lua_pushstring(L, name);
    return 1;
}

static int l_key_gc(lua_State *L) {
    struct tv_key **key = luaL_checkudata(L, 1, KEY_TYPE);
    tv_key_free(*key);
    *key = NULL;
    return 0;
}

static const char *type_word(const struct tv_key *key) {
    return tv_key_type_name(tv_key_type(key));
}

static int l_key_tostring(lua_State *L) {
    const struct tv_key *key = check_key(L);
    const char *curve = tv_key_curve(key);
    if (curve)
        lua_pushfstring(L, "%s (%s %s)", KEY_TYPE, type_word(key), curve);
    else
        lua_pushfstring(L, "%s (%s, %d bits)", KEY_TYPE, type_word(key), tv_key_bits(key));
    return 1;
}

static int l_key_type(lua_State *L) {
    lua_pushstring(L, type_word(check_key(L)));
    return 1;
}

static int l_key_bits(lua_State *L) {
    lua_pushinteger(L, tv_key_bits(check_key(L)));
    return 1;
}

static int l_key_curve(lua_State *L) {
    lua_pushstring(L, tv_key_curve(check_key(L))); // nil for a key without one
    return 1;
}

static int l_key_algorithms(lua_State *L) {
    const struct tv_key *key = check_key(L);
    lua_Integer count = 0;
    lua_newtable(L);
    for (size_t i = 0; tv_algorithm_at(i); i++) {
        struct tv_detail ignored = {0};
        if (tv_key_check_algorithm(key, tv_algorithm_at(i), &ignored) == TV_OK) {
            lua_pushstring(L, tv_algorithm_at(i)->name);
            lua_rawseti(L, -2, ++count);
        }
    }
    return 1;
}

enum tv_status push_key_text(lua_State *L, const struct tv_key *key,
                             enum tv_status (*make)(const struct tv_key *, char **, size_t *),
                             void (*release)(void *text)) {
    void **box = push_box(L, release);
    char *text = NULL;
    size_t length = 0;
    enum tv_status status = make(key, &text, &length);
    if (status != TV_OK)
        return status;
    *box = text;
    lua_pushlstring(L, text, length);
    empty_box(L, -2);
    lua_remove(L, -2);
    return TV_OK;
}

static int push_text(lua_State *L,
                     enum tv_status (*make)(const struct tv_key *, char **, size_t *)) {
    const struct tv_key *key = check_key(L);
    enum tv_status status = push_key_text(L, key, make, free);
    struct tv_detail detail = {.reason = TV_REASON_KEY_TYPE, .text = type_word(key)};
    return status == TV_OK ? 1 : push_failure(L, status, &detail);
}

static int l_key_pem(lua_State *L) { return push_text(L, tv_key_pem); }

static int l_key_jwk(lua_State *L) { return push_text(L, tv_key_jwk); }

static int l_key_thumbprint(lua_State *L) { return push_text(L, tv_key_thumbprint); }

void register_key(lua_State *L) {
    static const luaL_Reg methods[] = {{"type", l_key_type},
                                       {"bits", l_key_bits},
                                       {"curve", l_key_curve},
                                       {"algorithms", l_key_algorithms},
                                       {"pem", l_key_pem},
                                       {"jwk", l_key_jwk},
                                       {"thumbprint", l_key_thumbprint},
                                       {NULL, NULL}};
    static const luaL_Reg metamethods[] = {
        {"__gc", l_key_gc}, {"__tostring", l_key_tostring}, {NULL, NULL}};
    new_type(L, KEY_TYPE, methods, metamethods);
}
