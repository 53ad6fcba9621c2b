// SPDX-License-Identifier: MIT
// Lua's collector at its most aggressive: while a function of the module runs, each allocation that
// Lua makes (or each n-th) is refused once, so that Lua collects all garbage and tries again; and
// the next point where the collector may run is the end of a cycle, finalizers included.
//
//     collector.start(n)                   -- n = 1: every allocation
//     collections, allocations = collector.stop()
//
// Preloaded, so that the module, built with -finstrument-functions, tells when it is running. Alone
// it proves nothing: AddressSanitizer must be there to see what is used after it was collected.
#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define EXPORTED __attribute__((visibility("default")))
#define QUIET __attribute__((no_instrument_function))

EXPORTED void __cyg_profile_func_enter(void *function, void *caller);
EXPORTED void __cyg_profile_func_exit(void *function, void *caller);
EXPORTED int luaopen_collector(lua_State *L);

// Lua's own settings, for what is not looked at.
#define USUAL_PAUSE 200
#define USUAL_STEP 100

static struct {
    lua_State *state; // NULL: stopped
    lua_Alloc allocate;
    void *memory;
    uintptr_t frame; // of the module's outermost function; 0: none is running
    bool refused;    // the last time, so that this is the second try
    bool in_buffer, eager;
    lua_Integer every, until_next, collections, allocations;
} stress;

// Whether the next point where the collector may run is the end of a cycle.
QUIET static void set_eager(bool eager) {
    if (stress.eager != eager) {
        lua_gc(stress.state, LUA_GCSETPAUSE, eager ? 0 : USUAL_PAUSE);
        lua_gc(stress.state, LUA_GCSETSTEPMUL, eager ? 1000 : USUAL_STEP);
    }
    stress.eager = eager;
}

QUIET static void set_frame(uintptr_t frame) {
    if (!frame)
        set_eager(false);
    stress.frame = frame;
}

// The stack grows downwards. A function that an error left never tells its exit: whoever is found
// nearer to the stack's beginning than it was shows that it is gone.
QUIET void __cyg_profile_func_enter(void *function, void *caller) {
    (void)function, (void)caller;
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    if (stress.state && here >= stress.frame)
        set_frame(here);
}

QUIET void __cyg_profile_func_exit(void *function, void *caller) {
    (void)function, (void)caller;
    if (stress.state && stress.frame && (uintptr_t)__builtin_frame_address(0) >= stress.frame)
        set_frame(0);
}

QUIET static bool is_due(void) {
    bool due = --stress.until_next <= 0;
    if (due) {
        stress.until_next = stress.every;
        stress.collections++;
    }
    set_eager(due);
    return due;
}

QUIET static bool asks_for_collection(void) {
    if (stress.frame && (uintptr_t)__builtin_frame_address(0) >= stress.frame)
        set_frame(0);
    if (!stress.frame || stress.refused || stress.in_buffer) {
        stress.refused = false;
        return false;
    }
    stress.allocations++;
    stress.refused = is_due();
    return stress.refused;
}

static void *allocate(void *unused, void *block, size_t old_size, size_t size) {
    (void)unused;
    if (size > (block ? old_size : 0) && asks_for_collection()) // Lua relies on blocks to shrink
        return NULL;
    return stress.allocate(stress.memory, block, old_size, size);
}

// The buffers of lauxlib ask Lua's allocator themselves, and not twice. So the module is linked
// with --wrap for what may let one grow: a whole collection comes first, then there is memory.
static void begin_buffer(lua_State *L) {
    stress.in_buffer = true;
    if (stress.state && stress.frame && is_due())
        lua_gc(L, LUA_GCCOLLECT);
}

EXPORTED char *__wrap_luaL_prepbuffsize(luaL_Buffer *buffer, size_t size) {
    begin_buffer(buffer->L);
    char *place = luaL_prepbuffsize(buffer, size);
    stress.in_buffer = false;
    return place;
}

EXPORTED char *__wrap_luaL_buffinitsize(lua_State *L, luaL_Buffer *buffer, size_t size) {
    begin_buffer(L);
    char *place = luaL_buffinitsize(L, buffer, size);
    stress.in_buffer = false;
    return place;
}

EXPORTED void __wrap_luaL_addlstring(luaL_Buffer *buffer, const char *text, size_t length) {
    begin_buffer(buffer->L);
    luaL_addlstring(buffer, text, length);
    stress.in_buffer = false;
}

EXPORTED void __wrap_luaL_addstring(luaL_Buffer *buffer, const char *text) {
    begin_buffer(buffer->L);
    luaL_addstring(buffer, text);
    stress.in_buffer = false;
}

EXPORTED void __wrap_luaL_addvalue(luaL_Buffer *buffer) {
    begin_buffer(buffer->L);
    luaL_addvalue(buffer);
    stress.in_buffer = false;
}

static int l_start(lua_State *L) {
    lua_Integer every = luaL_checkinteger(L, 1);
    luaL_argcheck(L, every > 0, 1, "positive number expected");
    luaL_argcheck(L, !stress.state, 1, "it has been started");
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
    stress.state = lua_tothread(L, -1);
    stress.every = stress.until_next = every;
    stress.allocate = lua_getallocf(L, &stress.memory);
    lua_gc(L, LUA_GCINC, 0, 0, 0); // the command lua5.4 begins with generations
    lua_setallocf(L, allocate, NULL);
    return 0;
}

static int l_stop(lua_State *L) {
    if (stress.state) {
        set_frame(0);
        lua_setallocf(L, stress.allocate, stress.memory);
        stress.state = NULL;
    }
    lua_pushinteger(L, stress.collections);
    lua_pushinteger(L, stress.allocations);
    return 2;
}

int luaopen_collector(lua_State *L) {
    static const luaL_Reg functions[] = {{"start", l_start}, {"stop", l_stop}, {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}
