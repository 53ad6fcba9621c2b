// SPDX-License-Identifier: MIT
// Key store objects, and the one descriptor that drives the fetches of all of them.
#include "lua_tv.h"

#include "clock.h"

#include <errno.h>

// Registry name of the table: light userdata of a store -> its latest handle, weakly.
#define HANDLES "token_verifier.handles"

struct handle {
    struct tv_keystore *store; // NULL once closed
};

// The descriptor was handed out: from then on a call that waits could stall a server.
static bool watched;

bool may_wait_by_default(void) { return !watched; }

static struct tv_keystore *check_open(lua_State *L) { return check_keystore(L, 1); }

struct tv_keystore *check_keystore(lua_State *L, int index) {
    struct handle *handle = luaL_checkudata(L, index, KEYSTORE_TYPE);
    luaL_argcheck(L, handle->store, index, "the key store is closed");
    return handle->store;
}

static struct handle *push_handle(lua_State *L) {
    struct handle *handle = lua_newuserdatauv(L, sizeof *handle, 0);
    handle->store = NULL;
    luaL_setmetatable(L, KEYSTORE_TYPE);
    return handle;
}

static void push_handles(lua_State *L) {
    if (luaL_getsubtable(L, LUA_REGISTRYINDEX, HANDLES))
        return;
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
}

// Remembers the handle on top of the stack as the one that step() names.
static void remember_handle(lua_State *L, const struct tv_keystore *store) {
    push_handles(L);
    lua_pushvalue(L, -2);
    lua_rawsetp(L, -2, store);
    lua_pop(L, 1);
}

// Pushes a handle of the store: the latest one that is still open, or a new one.
static void push_store(lua_State *L, struct tv_keystore *store) {
    push_handles(L);
    lua_rawgetp(L, -1, store);
    struct handle *handle = luaL_testudata(L, -1, KEYSTORE_TYPE);
    if (!handle || handle->store != store) {
        lua_pop(L, 1);
        push_handle(L)->store = tv_keystore_retain(store);
        remember_handle(L, store);
    }
    lua_remove(L, -2); // the table of handles
}

int l_keystore(lua_State *L) {
    struct tv_keystore_options options = {.cache_size = 128,
                                          .default_ttl_s = 600,
                                          .min_ttl_s = 60,
                                          .max_ttl_s = 86400,
                                          .negative_ttl_s = 30,
                                          .max_stale_s = 3600,
                                          .connect_timeout_ms = 2000,
                                          .timeout_ms = 5000};
    const struct option known[] = {
        {"asap_key_server", read_text, &options.asap_key_server},
        {"cache_size", read_count, &options.cache_size},
        {"ca_file", read_text, &options.ca_file},
        {"ca_path", read_text, &options.ca_path},
        {"default_ttl", read_seconds, &options.default_ttl_s},
        {"min_ttl", read_seconds, &options.min_ttl_s},
        {"max_ttl", read_seconds, &options.max_ttl_s},
        {"negative_ttl", read_seconds, &options.negative_ttl_s},
        {"max_stale", read_seconds, &options.max_stale_s},
        {"connect_timeout", read_milliseconds, &options.connect_timeout_ms},
        {"timeout", read_milliseconds, &options.timeout_ms},
        {NULL, NULL, NULL}};
    if (lua_isnoneornil(L, 1)) {
        lua_settop(L, 0);
        lua_newtable(L); // keys are put by hand
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    read_options(L, 1, known);
    if (options.ca_file && options.ca_path)
        return luaL_error(L, "options 'ca_file' and 'ca_path' exclude each other");
    if (options.min_ttl_s > options.max_ttl_s)
        return luaL_error(L, "option 'min_ttl' is greater than 'max_ttl'");

    struct tv_detail detail = {0};
    const char *differs;
    struct handle *handle = push_handle(L);
    enum tv_status status = tv_keystore_open(&options, &handle->store, &differs, &detail);
    if (status != TV_OK)
        return push_failure(L, status, &detail);
    remember_handle(L, handle->store);
    if (!differs)
        return 1;
    lua_pushfstring(L, "%s is used in this process already, with another '%s', which holds",
                    tv_keystore_source(handle->store), differs);
    return 2;
}

static int l_keystore_close(lua_State *L) {
    struct handle *handle = luaL_checkudata(L, 1, KEYSTORE_TYPE);
    struct tv_keystore *store = handle->store;
    handle->store = NULL;
    tv_keystore_free(store);
    return 0;
}

static int l_keystore_tostring(lua_State *L) {
    struct handle *handle = luaL_checkudata(L, 1, KEYSTORE_TYPE);
    lua_pushfstring(L, "%s (%s)", KEYSTORE_TYPE,
                    handle->store ? tv_keystore_source(handle->store) : "closed");
    return 1;
}

enum tv_status get_key(struct tv_keystore *store, struct tv_span key_id, struct tv_span client,
                       bool wait, struct tv_key **key, struct tv_detail *detail) {
    int64_t now_ms = tv_clock_steady_ms(), deadline_ms = now_ms + TV_KEYSTORE_WAIT_MS;
    enum tv_status status = tv_keystore_get(store, key_id, client, !wait, now_ms, key, detail);
    while (wait && status == TV_KEY_PENDING && now_ms < deadline_ms) {
        tv_keystores_step(deadline_ms - now_ms);
        now_ms = tv_clock_steady_ms();
        *detail = (struct tv_detail){0};
        status = tv_keystore_get(store, key_id, client, false, now_ms, key, detail);
    }
    if (wait)
        tv_keystores_wake_collector();
    if (wait && status == TV_KEY_PENDING) {
        detail->reason = TV_REASON_WAITED;
        detail->limit = TV_KEYSTORE_WAIT_MS / 1000.0;
        return TV_KEY_SOURCE_UNAVAILABLE;
    }
    return status;
}

static int l_keystore_get(lua_State *L) {
    struct tv_keystore *store = check_open(L);
    struct tv_span key_id = check_span(L, 2);
    bool wait = lua_isnoneornil(L, 3) ? may_wait_by_default() : lua_toboolean(L, 3);
    struct tv_detail detail = {0};
    struct tv_key *key = NULL;
    enum tv_status status = get_key(store, key_id, (struct tv_span){0}, wait, &key, &detail);
    if (status != TV_OK)
        return push_failure(L, status, &detail);
    push_key(L, key);
    return 1;
}

static int l_keystore_put(lua_State *L) {
    struct tv_keystore *store = check_open(L);
    struct tv_span key_id = check_span(L, 2);
    struct tv_detail detail = {0};
    lua_Number ttl_s = luaL_optnumber(L, 4, 0);
    luaL_argcheck(L, ttl_s >= 0 && ttl_s < 1e9, 4, "seconds from 0 to 1e9 expected");
    enum tv_status status = TV_OK;
    struct tv_key *key = test_key(L, 3);
    struct tv_key *loaded = NULL;
    if (!key) {
        struct tv_span text = check_span(L, 3);
        status = tv_key_load(text.data, text.length, &loaded, &detail);
        key = loaded;
    }
    if (status == TV_OK)
        status = tv_keystore_put(store, key_id, key, (int64_t)ttl_s, tv_clock_steady_ms());
    tv_key_free(loaded);
    if (status != TV_OK)
        return push_failure(L, status, &detail);
    lua_pushboolean(L, true);
    return 1;
}

static int l_keystore_forget(lua_State *L) {
    struct tv_keystore *store = check_open(L);
    if (lua_isnoneornil(L, 2)) {
        tv_keystore_forget(store, NULL);
    } else {
        struct tv_span key_id = check_span(L, 2);
        tv_keystore_forget(store, &key_id);
    }
    return 0;
}

static int l_keystore_refresh(lua_State *L) {
    tv_keystore_refresh(check_open(L), tv_clock_steady_ms());
    return 0;
}

static int l_keystore_source(lua_State *L) {
    lua_pushstring(L, tv_keystore_source(check_open(L)));
    return 1;
}

static void set_seconds(lua_State *L, const char *name, int64_t ms) {
    lua_pushnumber(L, (lua_Number)ms / 1000);
    lua_setfield(L, -2, name);
}

// Pushes a table about the entry, and below it its kid.
static void push_entry(lua_State *L, const struct tv_cache_entry *entry, const char *source,
                       int64_t now_ms) {
    int64_t age_ms = now_ms - entry->stored_ms, fresh_ms = entry->fresh_until_ms - now_ms;
    bool for_ever = entry->fresh_until_ms == INT64_MAX;
    struct tv_key *key = entry->key;
    lua_pushlstring(L, entry->key_id.data, entry->key_id.length);
    lua_createtable(L, 0, 5);
    push_key(L, key);
    lua_setfield(L, -2, "key");
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, "kid");
    set_seconds(L, "age", age_ms);
    if (!for_ever)
        set_seconds(L, "fresh_for", fresh_ms);
    lua_pushstring(L, source);
    lua_setfield(L, -2, "source");
}

static int l_keystore_keys(lua_State *L) {
    struct tv_keystore *store = check_open(L);
    struct tv_cache *cache = tv_keystore_keys(store);
    int64_t now_ms = tv_clock_steady_ms();
    lua_Integer count = 0;
    lua_createtable(L, (int)tv_cache_count(cache), 0);
    struct tv_cache_entry *entry = tv_cache_next(cache, NULL);
    while (entry) {
        push_entry(L, entry, tv_keystore_source(store), now_ms);
        lua_rawseti(L, -3, ++count);
        // Found again by its kid: a finalizer that ran meanwhile may have changed the store.
        struct tv_span key_id;
        key_id.data = lua_tolstring(L, -1, &key_id.length);
        entry = tv_cache_get(cache, key_id);
        entry = entry ? tv_cache_next(cache, entry) : NULL;
        lua_pop(L, 1);
    }
    return 1;
}

static int l_keystore_stats(lua_State *L) {
    struct tv_keystore_stats stats = tv_keystore_stats(check_open(L), tv_clock_steady_ms());
    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {
        {"held", stats.held},         {"fresh", stats.fresh},          {"stale", stats.stale},
        {"negative", stats.negative}, {"in_flight", stats.in_flight},  {"queued", stats.queued},
        {"hits", stats.hits},         {"misses", stats.misses},        {"fetches", stats.fetches},
        {"failures", stats.failures}, {"overloaded", stats.overloaded}};
    lua_createtable(L, 0, sizeof numbers / sizeof numbers[0]);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        lua_pushinteger(L, (lua_Integer)numbers[i].value);
        lua_setfield(L, -2, numbers[i].name);
    }
    return 1;
}

// The one descriptor

int l_pollfd(lua_State *L) {
    int descriptor = tv_keystores_descriptor();
    if (descriptor < 0)
        return luaL_error(L, "no descriptor for key fetches: %s", strerror(errno));
    watched = true;
    lua_pushinteger(L, descriptor);
    return 1;
}

int l_events(lua_State *L) {
    lua_pushliteral(L, "r");
    return 1;
}

int l_timeout(lua_State *L) {
    lua_pushnil(L); // a timer inside the descriptor sees to that
    return 1;
}

struct settlement_box {
    struct tv_settlement *settlement;
};

static int free_settlement(lua_State *L) {
    struct settlement_box *box = lua_touserdata(L, 1);
    tv_settlement_free(box->settlement);
    box->settlement = NULL;
    return 0;
}

static struct settlement_box *push_settlement_box(lua_State *L) {
    struct settlement_box *box = lua_newuserdatauv(L, sizeof *box, 0);
    box->settlement = NULL;
    if (luaL_newmetatable(L, "token_verifier.settlement")) {
        lua_pushcfunction(L, free_settlement);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return box;
}

static void push_settlement(lua_State *L, const struct tv_settlement *settlement) {
    lua_createtable(L, 0, 4);
    push_store(L, settlement->store);
    lua_setfield(L, -2, "store");
    lua_pushlstring(L, settlement->key_id.data, settlement->key_id.length);
    lua_setfield(L, -2, "kid");
    if (settlement->key) {
        push_key(L, settlement->key);
        lua_setfield(L, -2, "key");
        return;
    }
    struct tv_detail detail = settlement->absence.detail;
    detail.key_id = settlement->key_id;
    detail.source = tv_span_of(tv_keystore_source(settlement->store));
    lua_pushstring(L, tv_status_code(settlement->absence.status));
    lua_setfield(L, -2, "code");
    push_message(L, settlement->absence.status, &detail);
    lua_setfield(L, -2, "message");
}

int l_step(lua_State *L) {
    // Called as a method too, with the module itself first.
    int index = lua_istable(L, 1) ? 2 : 1;
    lua_Number seconds = luaL_optnumber(L, index, 0);
    luaL_argcheck(L, seconds >= 0 && seconds <= 86400, index, "seconds from 0 to 86400 expected");
    size_t under_way = tv_keystores_step((int64_t)(seconds * 1000));
    lua_newtable(L);
    struct settlement_box *box = push_settlement_box(L);
    for (lua_Integer count = 1; (box->settlement = tv_keystores_take_settlement()); count++) {
        push_settlement(L, box->settlement);
        lua_rawseti(L, -3, count);
        tv_settlement_free(box->settlement);
        box->settlement = NULL;
    }
    lua_pop(L, 1);
    lua_pushinteger(L, (lua_Integer)under_way);
    return 2;
}

void register_keystore(lua_State *L) {
    static const luaL_Reg methods[] = {
        {"get", l_keystore_get},         {"put", l_keystore_put},     {"forget", l_keystore_forget},
        {"refresh", l_keystore_refresh}, {"keys", l_keystore_keys},   {"stats", l_keystore_stats},
        {"source", l_keystore_source},   {"close", l_keystore_close}, {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__gc", l_keystore_close},
                                           {"__close", l_keystore_close},
                                           {"__tostring", l_keystore_tostring},
                                           {NULL, NULL}};
    new_type(L, KEYSTORE_TYPE, methods, metamethods);
}
