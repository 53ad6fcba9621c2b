// SPDX-License-Identifier: MIT
// The module's entry, its function table, and the state its functions share.
#include "lua_tv.h"

#include "version.h"

#include <stdlib.h>

#ifdef __GNUC__
#define EXPORTED __attribute__((visibility("default")))
#else
#define EXPORTED
#endif

EXPORTED int luaopen_token_verifier(lua_State *L);

// Memory for one verification, kept for the next. A token that needs more gets garbage instead, so
// that one large token does not pin its memory.
#define KEPT_MEMORY ((size_t)48 * 1024)

struct module_state {
    // Set while a verification uses `memory`. A finalizer that verifies in the middle of another
    // verification then gets memory of its own; so does everybody after an error in between, which
    // only lack of memory can cause.
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

static void push_state(lua_State *L) {
    struct module_state *state = lua_newuserdatauv(L, sizeof *state, STATE_VALUES);
    *state = (struct module_state){0};
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, l_state_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    for (int i = STATE_SECRETS; i <= STATE_STORES; i++) {
        lua_newtable(L);
        lua_setiuservalue(L, -2, i);
    }
    push_names(L);
    lua_setiuservalue(L, -2, STATE_NAMES);
    for (int i = STATE_VERIFY; i <= STATE_VERIFY_JWS; i++) {
        push_memory(L);
        lua_setiuservalue(L, -2, i);
    }
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
    lua_pushboolean(L, false); // getmetatable() shows nothing to tamper with
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

void need_stack(lua_State *L, int count) {
    if (!lua_checkstack(L, count))
        luaL_error(L, "not enough memory");
}

void set_finalizer(lua_State *L, const char *name, lua_CFunction finalizer) {
    luaL_newmetatable(L, name);
    lua_pushcfunction(L, finalizer);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
}

static void push_codes(lua_State *L) {
    lua_createtable(L, 0, TV_STATUS_COUNT);
    for (enum tv_status status = TV_OK + 1; status < TV_STATUS_COUNT; status++) {
        if (status == TV_NO_MEMORY) // raised, never returned
            continue;
        lua_pushstring(L, tv_status_explanation(status));
        lua_setfield(L, -2, tv_status_code(status));
    }
}

int luaopen_token_verifier(lua_State *L) {
    static const luaL_Reg functions[] = {{"verify", l_verify},
                                         {"new", l_new},
                                         {"verify_jws", l_verify_jws},
                                         {"sign", l_sign},
                                         {"generate_key", l_generate_key},
                                         {"decode_json", l_decode_json},
                                         {"inspect", l_inspect},
                                         {"key", l_key},
                                         {"keystore", l_keystore},
                                         {"key_file_name", l_key_file_name},
                                         {"step", l_step},
                                         {"stores", l_stores},
                                         {"pollfd", l_pollfd},
                                         {"events", l_events},
                                         {"timeout", l_timeout},
                                         {NULL, NULL}};
    static void (*const registrations[])(lua_State *) = {register_key, register_keystore,
                                                         register_verifier};
    luaL_checkversion(L);
    push_state(L);
    int state = lua_gettop(L);
    for (size_t i = 0; i < sizeof registrations / sizeof registrations[0]; i++) {
        lua_pushvalue(L, state);
        registrations[i](L);
    }
    luaL_newlibtable(L, functions);
    lua_pushvalue(L, state);
    luaL_setfuncs(L, functions, 1);
    push_codes(L);
    lua_setfield(L, -2, "codes");
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
    lua_pushliteral(L, TV_VERSION);
    lua_setfield(L, -2, "_VERSION");
    return 1;
}
