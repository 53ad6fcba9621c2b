// SPDX-License-Identifier: MIT
// Keeps the verifier that was made from an options table, and uses it again while the table and the
// tables in it are unchanged.
#include "lua/lua_tv.h"

#define LIST_MAX 192
#define DEPTH_MAX 3 // issuers: a table of lists

// Writes a table as a list, or compares it with one: names and values in the order of lua_next().
// The entries of a table inside it come after a mark; a mark follows the last entry of each table.
struct walk {
    int list; // index
    lua_Integer count;
    const struct option_table *left_out; // options that are read at each call
    bool jws;
    bool recording; // false: comparing
    bool same;
};

// Pops the next value of the list.
static void take(lua_State *L, struct walk *walk) {
    if (++walk->count <= LIST_MAX && walk->recording) {
        lua_rawseti(L, walk->list, walk->count); // the list has the size, so this allocates nothing
        return;
    }
    lua_rawgeti(L, walk->list, walk->count);
    walk->same = walk->same && lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
}

static void take_mark(lua_State *L, struct walk *walk) {
    lua_pushvalue(L, STATE_INDEX); // no table of a user can have this value
    take(L, walk);
}

static bool is_left_out(lua_State *L, int index, const struct walk *walk) {
    return lua_type(L, index) == LUA_TSTRING &&
           find_option(walk->left_out, check_span(L, index), walk->jws);
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by DEPTH_MAX
static void walk_table(lua_State *L, int index, int depth, struct walk *walk) {
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        if (depth == 0 && is_left_out(L, -2, walk))
            continue;
        lua_pushvalue(L, -2);
        take(L, walk);
        if (lua_istable(L, -1)) {
            take_mark(L, walk);
            walk->same = walk->same && depth < DEPTH_MAX;
            if (walk->same)
                walk_table(L, lua_gettop(L), depth + 1, walk);
            continue;
        }
        lua_pushvalue(L, -1);
        take(L, walk);
        if (lua_isuserdata(L, -1)) {
            lua_pushboolean(L, open_store(L, -1) != NULL); // it may have been closed since
            take(L, walk);
        }
    }
    take_mark(L, walk);
}

// Records the table at `index` in the list, or compares it with the list; returns whether they are
// the same. Allocates nothing, so no finalizer can change the table meanwhile.
static bool walk_options(lua_State *L, int index, int list, bool for_verify, bool recording) {
    const struct option_table left_out[] = {call_table(), {0}};
    struct walk walk = {.list = list,
                        .left_out = left_out,
                        .jws = !for_verify,
                        .recording = recording,
                        .same = true};
    need_stack(L, 4 * (DEPTH_MAX + 2));
    walk_table(L, index, 0, &walk);
    return walk.same;
}

enum tv_status push_remembered(lua_State *L, int index, bool for_verify, struct tv_detail *detail) {
    options_reader *reader = for_verify ? read_verifier_options : read_jws_options;
    if (lua_getmetatable(L, index)) // reading the options raises the error
        return push_verifier(L, index, reader, detail);
    lua_getiuservalue(L, STATE_INDEX, for_verify ? STATE_VERIFY : STATE_VERIFY_JWS);
    int verifiers = lua_gettop(L), list = verifiers + 2;
    lua_pushvalue(L, index);
    int known = lua_rawget(L, verifiers);
    if (known == LUA_TNIL) { // first use: many tables are made for one call only
        lua_pushvalue(L, index);
        lua_pushboolean(L, true);
        lua_rawset(L, verifiers);
        return push_verifier(L, index, reader, detail);
    }
    if (known == LUA_TUSERDATA) {
        const struct verifier *verifier = lua_touserdata(L, -1);
        lua_getiuservalue(L, -1, 2);
        bool same = walk_options(L, index, list, for_verify, false);
        lua_pop(L, 1);
        // After its own finalizer it holds nothing.
        if (same && (verifier->key || verifier->source_count > 0))
            return TV_OK;
    }
    lua_createtable(L, LIST_MAX, 0);
    walk_options(L, index, list, for_verify, true);
    enum tv_status status = push_verifier(L, index, reader, detail);
    if (status != TV_OK || !walk_options(L, index, list, for_verify, false))
        return status;
    lua_pushvalue(L, list);
    lua_setiuservalue(L, -2, 2);
    lua_pushvalue(L, index);
    lua_pushvalue(L, -2);
    lua_rawset(L, verifiers);
    return TV_OK;
}
