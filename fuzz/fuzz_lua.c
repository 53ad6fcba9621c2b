// SPDX-License-Identifier: MIT
// The module as Lua code calls it: messages fit for a log, nothing raised, claims the same again.
#include "fuzz.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

int luaopen_token_verifier(lua_State *L);

static lua_State *state;

int LLVMFuzzerInitialize(int *argument_count, char ***arguments) {
    (void)argument_count, (void)arguments;
    state = luaL_newstate();
    MUST(state);
    luaL_openlibs(state);
    luaL_requiref(state, "token_verifier", luaopen_token_verifier, 0);
    lua_settop(state, 0);
    if (luaL_dofile(state, "fuzz/check_answer.lua") != LUA_OK || !lua_isfunction(state, 1)) {
        fprintf(stderr, "%s (run this in the project's top folder)\n", lua_tostring(state, -1));
        exit(2);
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    lua_pushvalue(state, 1);
    lua_pushlstring(state, (const char *)data, size);
    if (lua_pcall(state, 1, 0, 0) != LUA_OK) {
        fprintf(stderr, "%s\n", lua_tostring(state, -1));
        abort();
    }
    MUST(lua_gettop(state) == 1);
    return 0;
}
