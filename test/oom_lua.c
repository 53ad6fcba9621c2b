// SPDX-License-Identifier: MIT
// Out of memory in the binding: the operations of oom_lua.lua with their 1st, 2nd, 3rd ...
// allocation failing until they succeed, Lua's, our own, those of OpenSSL, and all together. Run
// under AddressSanitizer. `make oom`.
#define SERVER_MAX_S 3600

#include "shortage.h"
#include "stores.h"

#include "store/keystore.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

int luaopen_token_verifier(lua_State *L);

static size_t lua_bytes; // that Lua holds

// Each allocation is refused once, so that Lua collects all its garbage and tries again.
static bool collect_always, collected;

static bool asks_for_collection(void) {
    if (!collect_always)
        return false;
    collected = !collected;
    return collected;
}

static void *lua_memory(void *unused, void *block, size_t old_size, size_t size) {
    (void)unused;
    size_t held = block ? old_size : 0;
    if (size == 0) {
        free(block);
        lua_bytes -= held;
        return NULL;
    }
    if (size > held && // Lua counts on it that a block can shrink
        (fails(LUA) || asks_for_collection()))
        return NULL;
    void *moved = __real_realloc(block, size);
    if (!moved)
        check_abort("no memory");
    lua_bytes += size - held;
    return moved;
}

static const char *running = "";

// An error in a finalizer: what it should have freed is lost.
static void on_warning(void *unused, const char *message, int continues) {
    (void)unused, (void)continues;
    check_that(false, __FILE__, __LINE__, "%s: warning: %s", running, message);
}

static int on_panic(lua_State *L) { check_abort("%s", lua_tostring(L, -1)); }

static lua_State *new_state(void) {
    lua_State *L = lua_newstate(lua_memory, NULL);
    if (L) {
        lua_setwarnf(L, on_warning, NULL);
        lua_atpanic(L, on_panic);
    }
    return L;
}

static int open_module(lua_State *L) {
    luaL_openlibs(L);
    luaL_requiref(L, "token_verifier", luaopen_token_verifier, 0);
    return 1;
}

static bool is_memory_error(lua_State *L, int status) {
    if (status == LUA_ERRMEM)
        return true;
    const char *message = status == LUA_ERRRUN ? lua_tostring(L, -1) : NULL;
    return message && strstr(message, "not enough memory") != NULL;
}

// A state that is made, opens the module, and is closed again.
static void run_out_opening(long failing) {
    char name[64];
    running = name;
    for (long n = 1; n < 100000; n++) {
        snprintf(name, sizeof name, "opening, allocation %ld of %ld", n, failing);
        shortage_begin(LUA | OURS, n, failing);
        lua_State *L = new_state();
        int status = LUA_ERRMEM;
        if (L) {
            lua_pushcfunction(L, open_module);
            status = lua_pcall(L, 0, 1, 0);
        }
        long failed = shortage_end();
        CHECK(status == LUA_OK || is_memory_error(L, status), name);
        CHECK(failed > 0 || status == LUA_OK, name);
        if (L && status != LUA_OK) { // what was made half is made whole by who tries again
            lua_settop(L, 0);
            lua_pushcfunction(L, open_module);
            CHECK(lua_pcall(L, 0, 1, 0) == LUA_OK, name);
        }
        if (L)
            lua_close(L);
        CHECK_NUMBER(0, lua_bytes, name);
        if (failed == 0) {
            printf("%s\n", name);
            return;
        }
    }
    CHECK(false, name);
}

// One operation: the table at OPERATION, with the fields `name`, `prepare` and `run` (functions),
// `good` (a function that checks what `run` gave with memory), `code` (what `run` fails with, or
// nil), `after` (a function called after a failure, or nil), `forget` and `check` (called before
// each try, and after it was done again with memory).
#define OPERATION 3

static const char *text_field(lua_State *L, const char *name) {
    lua_getfield(L, OPERATION, name);
    const char *text = lua_tostring(L, -1); // the table keeps it
    lua_pop(L, 1);
    return text ? text : "";
}

// Calls the field with the `count` values on top of the stack; an error fails the test.
static void call(lua_State *L, const char *field, int count, int results, const char *name) {
    if (lua_getfield(L, OPERATION, field) == LUA_TNIL) {
        lua_pop(L, 1 + count);
        for (int i = 0; i < results; i++)
            lua_pushnil(L);
        return;
    }
    lua_insert(L, -1 - count);
    if (lua_pcall(L, count, results, 0) == LUA_OK)
        return;
    check_that(false, __FILE__, __LINE__, "%s: %s: %s", name, field, lua_tostring(L, -1));
    lua_pop(L, 1);
    for (int i = 0; i < results; i++)
        lua_pushnil(L);
}

// What OpenSSL that lacks memory makes of a good key, token or signature, or of a bad one.
static bool is_refusal(const char *code) {
    static const char *const codes[] = {"crypto-failure", "bad-signature", "malformed-key",
                                        "unsupported-key", "weak-key"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (strcmp(code, codes[i]) == 0)
            return true;
    return false;
}

// Runs it once; leaves nothing on the stack. How many allocations failed.
static long run_once(lua_State *L, unsigned of, long nth, long failing, const char *name) {
    int top = lua_gettop(L);
    lua_getfield(L, OPERATION, "run");
    call(L, "prepare", 0, 1, name);
    errors_begin((nth + (failing == 1)) % 2 == 0);
    shortage_begin(of, nth, failing);
    int status = lua_pcall(L, 1, 3, 0);
    long failed = shortage_end();
    CHECK(nothing_added(), name);
    if (status != LUA_OK) {
        check_that(failed > 0 && is_memory_error(L, status), __FILE__, __LINE__, "%s: raised %s",
                   name, lua_tostring(L, -1));
        lua_settop(L, top);
        call(L, "after", 0, 0, name);
        return failed;
    }
    const char *code = lua_isnil(L, -3) && lua_isstring(L, -1) ? lua_tostring(L, -1) : "";
    if (strcmp(code, text_field(L, "code")) == 0) {
        checks.passed++;
        call(L, "good", 3, 0, name);
    } else {
        check_that(failed > 0 && (of & OPENSSL) && is_refusal(code), __FILE__, __LINE__,
                   "%s: gave %s", name, code);
        lua_settop(L, top);
        call(L, "after", 0, 0, name);
    }
    lua_settop(L, top);
    return failed;
}

static long run_out(lua_State *L, unsigned of, long failing) {
    char name[160];
    const char *former = running;
    running = name;
    long n = 1;
    for (; n < 20000; n = next_to_try(n)) {
        snprintf(name, sizeof name, "%.60s, allocators %u, allocation %ld and %ld more",
                 text_field(L, "name"), of, n, failing - 1);
        call(L, "forget", 0, 0, name);
        if (run_once(L, of, n, failing, name) == 0)
            break;
        snprintf(name, sizeof name, "%.60s, with memory after %ld", text_field(L, "name"), n);
        run_once(L, 0, 1, 0, name);
        call(L, "check", 0, 0, name);
        lua_gc(L, LUA_GCCOLLECT);
    }
    CHECK(n < 20000, name);
    running = former;
    return n - 1;
}

static void run_out_everywhere(lua_State *L) {
    static const struct {
        unsigned of;
        long failing;
    } ways[] = {
        {LUA, 1}, // the emergency collection finds enough
        {LUA, 2}, // it does not
        {LUA, LASTING},
        {OURS, 1},
        {OURS, LASTING},
        {OPENSSL, 1},
        {OPENSSL, LASTING},
        {LUA | OURS | OPENSSL, 2},
        {LUA | OURS | OPENSSL, LASTING},
    };
    for (int i = 0; i < 3; i++)
        run_once(L, 0, 1, 0, text_field(L, "name")); // what is made once is there from now on
    collect_always = true;
    run_once(L, 0, 1, 0, text_field(L, "name"));
    collect_always = false;
    long counts[] = {0, 0, 0, 0, 0};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        long count = run_out(L, ways[i].of, ways[i].failing);
        if (ways[i].of <= LUA && count > counts[ways[i].of])
            counts[ways[i].of] = count;
    }
    printf("%s: %ld + %ld + %ld allocations\n", text_field(L, "name"), counts[LUA], counts[OURS],
           counts[OPENSSL]);
}

// Has every fetch end, and tells nobody.
static int l_drive(lua_State *L) {
    (void)L;
    drive();
    return 0;
}

static void run_operations(void) {
    lua_State *L = new_state();
    if (!L)
        check_abort("no state");
    open_module(L);
    char url[128];
    lua_pop(L, 1);
    if (luaL_loadfile(L, "test/oom_lua.lua") != LUA_OK)
        check_abort("%s", lua_tostring(L, -1));
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_getfield(L, -1, "token_verifier");
    lua_remove(L, -2);
    lua_pushcfunction(L, l_drive);
    lua_pushstring(L, url_of(0, "", url));
    if (lua_pcall(L, 3, 1, 0) != LUA_OK)
        check_abort("%s", lua_tostring(L, -1));
    lua_pushnil(L); // the list, a place, an operation
    for (lua_Integer i = 1; lua_geti(L, 1, i) == LUA_TTABLE; i++) {
        run_out_everywhere(L);
        lua_pop(L, 1);
    }
    lua_close(L);
    CHECK_NUMBER(0, lua_bytes, "after closing");
}

static struct server_answer answers[SERVER_ANSWERS] = {{.bytes = OK_WITH("")}};

int main(int count, char **arguments) {
    try_all = count > 1 && strcmp(arguments[1], "all") == 0;
    shortage_set_up();
    size_t length;
    char *pem = check_read_file(KEYS "rsa.pem", &length);
    answers[0].body = pem;
    server_listen(&server);
    server_start(&server, answers);
    run_out_opening(1);
    run_out_opening(2);
    run_out_opening(LASTING);
    run_operations();
    server_stop(&server);
    free(pem);
    printf("oom_lua: %d passed, %d failed\n", checks.passed, checks.failed);
    return checks.failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
