// SPDX-License-Identifier: MIT
// Helpers of all files of the binding: types, the stack, the arena, the module's state.
#include "lua/lua_tv.h"

#include <stdlib.h>

// Memory for one verification, kept for the next. A token that needs more gets garbage-collected
// memory, so that one large token does not keep a large block.
#define KEPT_MEMORY ((size_t)48 * 1024)

struct module_state {
    // Set while a verification uses `memory`. While busy (a finalizer may verify inside a
    // verification, or an out-of-memory error skipped arena_release) callers get garbage-collected
    // memory instead.
    bool busy;
    unsigned char *memory;
};

static int l_state_gc(lua_State *L) {
    struct module_state *state = lua_touserdata(L, 1);
    free(state->memory);
    state->memory = NULL;
    state->busy = true;
    return 0;
}

void push_empty_state(lua_State *L) {
    struct module_state *state = lua_newuserdatauv(L, sizeof *state, STATE_VALUES);
    *state = (struct module_state){0};
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, l_state_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
}

struct tv_arena arena_acquire(lua_State *L, size_t size) {
    struct module_state *state = lua_touserdata(L, STATE_INDEX);
    if (!state->busy && size <= KEPT_MEMORY) {
        if (!state->memory)
            state->memory = malloc(KEPT_MEMORY);
        if (state->memory) {
            state->busy = true;
            lua_pushlightuserdata(L, state);
            return (struct tv_arena){.memory = state->memory, .size = KEPT_MEMORY};
        }
    }
    return (struct tv_arena){.memory = lua_newuserdatauv(L, size, 0), .size = size};
}

void arena_release(lua_State *L, const struct tv_arena *arena) {
    struct module_state *state = lua_touserdata(L, STATE_INDEX);
    if (arena->memory == state->memory)
        state->busy = false;
}

struct tv_span check_span(lua_State *L, int index) {
    struct tv_span span;
    luaL_checktype(L, index, LUA_TSTRING);
    span.data = lua_tolstring(L, index, &span.length);
    return span;
}

void new_type(lua_State *L, const char *name, const luaL_Reg *methods,
              const luaL_Reg *metamethods) {
    luaL_newmetatable(L, name); // __name too
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -2);
    luaL_setfuncs(L, metamethods, 2);
    lua_newtable(L);
    lua_pushvalue(L, -3);
    lua_pushvalue(L, -3);
    luaL_setfuncs(L, methods, 2);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, false); // getmetatable() does not return the metatable
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 2);
}

void *check_self(lua_State *L, const char *name) {
    void *self = lua_touserdata(L, 1);
    if (self && lua_getmetatable(L, 1)) {
        bool is_ours = lua_rawequal(L, -1, TYPE_INDEX);
        lua_pop(L, 1);
        if (is_ours)
            return self;
    }
    return luaL_checkudata(L, 1, name);
}

void push_double(lua_State *L, double number) {
    lua_Integer integer;
    bool fits = lua_numbertointeger(number, &integer); // a macro that assigns
    if (fits && (double)integer == number)
        lua_pushinteger(L, integer);
    else
        lua_pushnumber(L, number);
}

void set_span(lua_State *L, const char *name, struct tv_span text) {
    if (!text.data)
        return;
    lua_pushlstring(L, text.data, text.length);
    lua_setfield(L, -2, name);
}

void set_text(lua_State *L, const char *name, const char *text) {
    if (text)
        set_span(L, name, tv_span_of(text));
}

void set_number(lua_State *L, const char *name, double number) {
    push_double(L, number);
    lua_setfield(L, -2, name);
}

void need_stack(lua_State *L, int count) {
    if (!lua_checkstack(L, count))
        luaL_error(L, "not enough memory");
}

void push_weak_table(lua_State *L, const char *mode) {
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushstring(L, mode);
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
}

struct box {
    void *held;
    void (*release)(void *held);
};

void empty_box(lua_State *L, int index) {
    struct box *box = lua_touserdata(L, index);
    void *held = box->held;
    box->held = NULL;
    box->release(held);
}

static int l_box_gc(lua_State *L) {
    empty_box(L, 1);
    return 0;
}

void **push_box(lua_State *L, void (*release)(void *held)) {
    struct box *box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = (struct box){.release = release};
    if (luaL_newmetatable(L, "token_verifier.box")) {
        lua_pushcfunction(L, l_box_gc);
        lua_setfield(L, -2, "__gc"); // allocates nothing, so the type is never incomplete
    }
    lua_setmetatable(L, -2);
    return &box->held;
}

void anchor(lua_State *L, int index) {
    lua_getiuservalue(L, index, 1);
    lua_insert(L, -2);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    lua_pop(L, 1);
}
