// SPDX-License-Identifier: MIT
// verify(), new(), inspect() and verifier objects.
#include "lua_tv.h"

#include "clock.h"

#include <math.h>

// What one call asks for.
struct call {
    struct tv_span token;
    struct tv_span room;   // data NULL: none asked for
    struct tv_span client; // address, or empty
    double now_s;          // NaN: the clock's
};

// Pushes a verifier for the options table at `index`, or returns why there is none.
static enum tv_status push_verifier(lua_State *L, int index, struct tv_detail *detail) {
    luaL_checktype(L, index, LUA_TTABLE);
    struct verifier *verifier = lua_newuserdatauv(L, sizeof *verifier, 1);
    memset(verifier, 0, sizeof *verifier);
    luaL_setmetatable(L, VERIFIER_TYPE);
    lua_newtable(L);
    lua_setiuservalue(L, -2, 1);
    return settle_options(L, index, verifier, detail);
}

static int l_verifier_gc(lua_State *L) {
    struct verifier *verifier = luaL_checkudata(L, 1, VERIFIER_TYPE);
    tv_key_free(verifier->key);
    verifier->key = NULL;
    for (size_t i = 0; i < verifier->store_count; i++)
        tv_keystore_free(verifier->stores[i]);
    verifier->store_count = 0;
    return 0;
}

int l_new(lua_State *L) {
    struct tv_detail detail = {0};
    enum tv_status status = push_verifier(L, 1, &detail);
    return status == TV_OK ? 1 : push_failure(L, status, &detail);
}

// Asks the stores in their order; the next is asked when one does not have the key or cannot be
// reached. One that is being fetched is waited for first, or a later store would answer for it.
static enum tv_status find_key(const struct verifier *verifier, const struct tv_jws *jws,
                               struct tv_span client, struct tv_key **key,
                               struct tv_detail *detail) {
    if (verifier->key) {
        *key = verifier->key;
        return TV_OK;
    }
    struct tv_span key_id;
    enum tv_status status = tv_jws_key_id(jws, &key_id, detail);
    if (status != TV_OK)
        return status;
    bool wait = verifier->wait_given ? verifier->wait : may_wait_by_default();
    enum tv_status worst = TV_KEY_NOT_FOUND;
    struct tv_detail worst_detail = {.key_id = key_id, .reason = TV_REASON_NO_SOURCE};
    for (size_t i = 0; i < verifier->store_count; i++) {
        struct tv_detail found = {0};
        status = get_key(verifier->stores[i], key_id, client, wait, key, &found);
        if (status == TV_OK) {
            detail->key_id = key_id; // for the sentence, should the signature not hold
            return TV_OK;
        }
        // "Unavailable" says more than "not found": the key may well be there.
        if (i == 0 || status != TV_KEY_NOT_FOUND) {
            worst = status;
            worst_detail = found;
        }
        if (status != TV_KEY_NOT_FOUND && status != TV_KEY_SOURCE_UNAVAILABLE)
            break;
    }
    *detail = worst_detail;
    return worst;
}

static enum tv_status judge(const struct verifier *verifier, const struct call *call,
                            struct tv_arena *arena, struct tv_verification *verification,
                            yyjson_val **claims, struct tv_detail *detail) {
    enum tv_status status =
        tv_verify_begin(&verifier->policy, call->token, arena, verification, detail);
    if (status != TV_OK)
        return status;
    struct tv_key *key = NULL;
    status = find_key(verifier, &verification->jws, call->client, &key, detail);
    if (status != TV_OK)
        return status;
    struct tv_claims_request request = {.now_s = isnan(call->now_s) ? (double)tv_clock_wall_s()
                                                                    : call->now_s,
                                        .room = call->room,
                                        .has_room = call->room.data != NULL};
    return tv_verify_finish(&verifier->policy, verification, key, &request, arena, claims, detail);
}

static int verify(lua_State *L, const struct verifier *verifier, const struct call *call) {
    // A token over the limit is refused by its length; no memory is taken for it.
    size_t length = call->token.length <= TV_JWS_MAX_LENGTH ? call->token.length : 0;
    struct tv_arena arena = arena_acquire(L, tv_jws_arena_size(length));
    struct tv_verification verification;
    struct tv_detail detail = {0};
    yyjson_val *claims = NULL;
    enum tv_status status = judge(verifier, call, &arena, &verification, &claims, &detail);
    int results = 2;
    if (status == TV_OK) {
        push_json(L, claims);
        push_json(L, verification.jws.header);
    } else {
        results = push_failure(L, status, &detail);
    }
    arena_release(L, &arena);
    return results;
}

int l_verify(lua_State *L) {
    struct call call = {.token = check_span(L, 1)};
    struct tv_detail detail = {0};
    lua_settop(L, 2);
    enum tv_status status = push_verifier(L, 2, &detail);
    if (status != TV_OK)
        return push_failure(L, status, &detail);
    const struct verifier *verifier = lua_touserdata(L, -1);
    call.room = verifier->room;
    call.now_s = verifier->now_s;
    return verify(L, verifier, &call);
}

static int l_verifier_verify(lua_State *L) {
    const struct verifier *verifier = luaL_checkudata(L, 1, VERIFIER_TYPE);
    struct call call = {
        .token = check_span(L, 2), .room = verifier->room, .now_s = verifier->now_s};
    lua_settop(L, 3);
    if (!lua_isnil(L, 3)) {
        const struct option known[] = {{"room", read_string, &call.room},
                                       {"now", read_number, &call.now_s},
                                       {"client", read_string, &call.client},
                                       {NULL, NULL, NULL}};
        luaL_checktype(L, 3, LUA_TTABLE);
        read_options(L, 3, known);
    }
    return verify(L, verifier, &call);
}

static int l_verifier_tostring(lua_State *L) {
    const struct verifier *verifier = luaL_checkudata(L, 1, VERIFIER_TYPE);
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    luaL_addstring(&text, VERIFIER_TYPE " (");
    for (size_t i = 0; i < verifier->policy.algorithm_count; i++) {
        if (i > 0)
            luaL_addchar(&text, ' ');
        luaL_addstring(&text, verifier->policy.algorithms[i]->name);
    }
    luaL_addchar(&text, ')');
    luaL_pushresult(&text);
    return 1;
}

int l_inspect(lua_State *L) {
    struct tv_span token = check_span(L, 1);
    size_t length = token.length <= TV_JWS_MAX_LENGTH ? token.length : 0;
    struct tv_arena arena = arena_acquire(L, tv_jws_arena_size(length));
    struct tv_jws jws;
    struct tv_detail detail = {0};
    yyjson_val *claims = NULL;
    enum tv_status status = tv_jws_parse(token, &arena, &jws, &detail);
    if (status == TV_OK)
        status = tv_jws_parse_payload(&jws, &arena, &claims, &detail);
    int results = 2;
    if (status == TV_OK) {
        push_json(L, jws.header);
        push_json(L, claims);
    } else {
        results = push_failure(L, status, &detail);
    }
    arena_release(L, &arena);
    return results;
}

void register_verifier(lua_State *L) {
    static const luaL_Reg methods[] = {{"verify", l_verifier_verify}, {NULL, NULL}};
    static const luaL_Reg metamethods[] = {
        {"__gc", l_verifier_gc}, {"__tostring", l_verifier_tostring}, {NULL, NULL}};
    new_type(L, VERIFIER_TYPE, methods, metamethods);
}
