// SPDX-License-Identifier: MIT
// Mistakes that the collector's stress must find, or it is worth nothing: see scripts/collector.
#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>

__attribute__((visibility("default"))) int luaopen_collector_faults(lua_State *L);

// The only reference is popped before the text is used.
static int l_popped_string(lua_State *L) {
    const char *text = lua_pushfstring(L, "nobody holds this one: %d", 1);
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushstring(L, text);
    return 1;
}

// The same across functions, and in the middle of building a longer string.
static const char *name_of(lua_State *L) {
    lua_pushfstring(L, "%s, a name that was made up", luaL_checkstring(L, 1));
    const char *name = lua_tostring(L, -1);
    lua_pop(L, 1);
    return name;
}

static int l_popped_in_buffer(lua_State *L) {
    luaL_Buffer buffer;
    const char *name = name_of(L);
    luaL_buffinitsize(L, &buffer, LUAL_BUFFERSIZE * 2);
    luaL_addstring(&buffer, name);
    luaL_pushresult(&buffer);
    return 1;
}

static int free_box(lua_State *L) {
    char **box = lua_touserdata(L, 1);
    free(*box);
    *box = NULL;
    return 0;
}

// What a box holds is used after the box was popped, and its finalizer may have run.
static int l_popped_box(lua_State *L) {
    char **box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = NULL;
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, free_box);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    char *text = *box = strdup("what the box holds");
    lua_pop(L, 1);
    lua_newtable(L);
    lua_newtable(L);
    lua_pushstring(L, text);
    return 1;
}

int luaopen_collector_faults(lua_State *L) {
    static const luaL_Reg functions[] = {{"popped_string", l_popped_string},
                                         {"popped_in_buffer", l_popped_in_buffer},
                                         {"popped_box", l_popped_box},
                                         {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}
