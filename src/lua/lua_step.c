// SPDX-License-Identifier: MIT
// step(): runs the fetches of all stores, and returns the outcomes of look-ups.
#include "lua/lua_tv.h"

// Sets the field `name` of the table on top to the message of an absence.
static void set_sentence(lua_State *L, const struct tv_outcome *outcome, const char *name) {
    struct tv_detail detail = outcome->absence.detail;
    detail.key_id = outcome->key_id;
    detail.source = tv_span_of(tv_keystore_source(outcome->store));
    push_message(L, outcome->absence.status, &detail);
    if (outcome->more > 0) {
        lua_pushfstring(L, "%s (and %d more of its keys cannot be used)", lua_tostring(L, -1),
                        (int)outcome->more);
        lua_remove(L, -2);
    }
    lua_setfield(L, -2, name);
}

static void push_outcome(lua_State *L, const struct tv_outcome *outcome) {
    const struct tv_key *key = outcome->key;
    lua_createtable(L, 0, 4);
    push_store(L, outcome->store);
    lua_setfield(L, -2, "store");
    lua_pushlstring(L, outcome->key_id.data, outcome->is_set ? 0 : outcome->key_id.length);
    lua_setfield(L, -2, "kid");
    if (key) {
        push_key(L, outcome->key);
        lua_setfield(L, -2, "key");
    }
    if (outcome->is_set || (key && outcome->absence.status != TV_OK)) {
        set_sentence(L, outcome, "warning");
    } else if (key && tv_key_was_private(key)) {
        lua_pushfstring(L, "%s publishes a private key; only its public half is used",
                        tv_keystore_source(outcome->store));
        lua_setfield(L, -2, "warning");
    } else if (!key) {
        set_text(L, "code", tv_status_code(outcome->absence.status));
        set_sentence(L, outcome, "message");
    }
}

// (list of outcomes) -> the list that step() returns. Only this function may raise an error.
static int push_outcomes(lua_State *L) {
    const struct tv_outcome *outcome = lua_touserdata(L, 1);
    lua_newtable(L);
    for (lua_Integer count = 1; outcome; count++, outcome = outcome->next) {
        push_outcome(L, outcome);
        lua_rawseti(L, -2, count);
    }
    return 1;
}

int l_step(lua_State *L) {
    // Called as a method too, with the module itself first.
    int index = lua_istable(L, 1) ? 2 : 1;
    lua_Number seconds = luaL_optnumber(L, index, 0);
    luaL_argcheck(L, seconds >= 0 && seconds <= 86400, index, "seconds from 0 to 86400 expected");
    size_t under_way = tv_keystores_step((int64_t)(seconds * 1000));
    struct tv_outcome *taken = NULL, **end = &taken;
    while ((*end = tv_keystores_take_outcome()))
        end = &(*end)->next;
    lua_pushcfunction(L, push_outcomes);
    lua_pushlightuserdata(L, taken);
    if (lua_pcall(L, 1, 1, 0) != LUA_OK) {
        tv_keystores_return_outcomes(taken); // the next call returns them
        return lua_error(L);
    }
    while (taken) {
        struct tv_outcome *told = taken;
        taken = told->next;
        tv_outcome_free(told);
    }
    lua_pushinteger(L, (lua_Integer)under_way);
    return 2;
}
