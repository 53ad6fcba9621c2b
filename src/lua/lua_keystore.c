// SPDX-License-Identifier: MIT
// Key store objects.
#include "lua/lua_tv.h"

#include "base/clock.h"

// Registry name of a weak table: light userdata of a store -> its latest handle.
#define HANDLES "token_verifier.handles"

struct handle {
    struct tv_keystore *store; // NULL once closed
    bool opened;               // by keystore(); other handles come from step() and stores()
};

// Longest time in seconds that a store is asked to stay for after its handle was closed.
#define STAY_MAX_S 3600

static struct tv_keystore *store_in(lua_State *L, const struct handle *handle, int index) {
    luaL_argcheck(L, handle->store, index, "the key store is closed");
    return handle->store;
}

static struct tv_keystore *check_open(lua_State *L) {
    return store_in(L, check_self(L, KEYSTORE_TYPE), 1);
}

struct tv_keystore *check_keystore(lua_State *L, int index) {
    return store_in(L, luaL_checkudata(L, index, KEYSTORE_TYPE), index);
}

const void *open_store(lua_State *L, int index) {
    struct handle *handle = luaL_testudata(L, index, KEYSTORE_TYPE);
    return handle ? handle->store : NULL;
}

static struct handle *push_handle(lua_State *L) {
    struct handle *handle = lua_newuserdatauv(L, sizeof *handle, 0);
    *handle = (struct handle){0};
    luaL_setmetatable(L, KEYSTORE_TYPE);
    return handle;
}

static void push_handles(lua_State *L) {
    if (lua_getfield(L, LUA_REGISTRYINDEX, HANDLES) == LUA_TTABLE)
        return;
    lua_pop(L, 1);
    push_weak_table(L, "v");
    lua_pushvalue(L, -1); // stored only when it is complete
    lua_setfield(L, LUA_REGISTRYINDEX, HANDLES);
}

// Makes the handle on top of the stack the one that step() returns for its store.
static void remember_handle(lua_State *L, const struct tv_keystore *store) {
    push_handles(L);
    lua_pushvalue(L, -2);
    lua_rawsetp(L, -2, store);
    lua_pop(L, 1);
}

void push_store(lua_State *L, struct tv_keystore *store) {
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

#define FILE_SCHEME "file://"

static bool is_file_url(const char *url) {
    return strncmp(url, FILE_SCHEME, strlen(FILE_SCHEME)) == 0;
}

// Reads the kind of source and its URLs. Values that the options point to stay on the stack.
static void read_source(lua_State *L, int table, struct tv_keystore_options *options) {
    const char *chosen = NULL;
    size_t count;
    const struct tv_source_kind *kinds = tv_source_kinds(&count);
    for (const struct tv_source_kind *kind = kinds; kind < kinds + count; kind++) {
        const char *name = kind->option.name.data;
        if (get_option(L, table, name) == LUA_TNIL)
            continue; // left on the stack
        if (chosen)
            luaL_error(L, "options '%s' and '%s' exclude each other", chosen, name);
        chosen = name;
        struct string_list urls;
        options->source = kind->source;
        push_list(L, lua_gettop(L), name, true, &urls);
        if (urls.count < 1 || urls.count > (size_t)kind->option.most)
            luaL_error(L, "option '%s' must name 1 to %d sources", name, (int)kind->option.most);
        for (size_t u = 0; u < urls.count; u++) {
            if (strlen(urls.values[u].data) != urls.values[u].length)
                luaL_error(L, "option '%s' holds a NUL character", name);
            options->urls[u] = urls.values[u].data;
            if (options->source == TV_SOURCE_ASAP && urls.count > 1 &&
                is_file_url(options->urls[u]))
                luaL_error(L, "option '%s': a folder cannot be one of several key servers", name);
        }
        options->url_count = urls.count;
    }
    if (options->source == TV_SOURCE_ASAP && is_file_url(options->urls[0])) {
        options->source = TV_SOURCE_FOLDER;
        options->urls[0] += strlen(FILE_SCHEME);
    }
    if (options->source == TV_SOURCE_FOLDER && options->urls[0][0] != '/')
        luaL_error(L, "option '%s': a folder of keys must be an absolute path, not '%s'", chosen,
                   options->urls[0]);
}

static void check_ranges(lua_State *L, const struct tv_keystore_options *options) {
    if (options->ca_file && options->ca_path)
        luaL_error(L, "options 'ca_file' and 'ca_path' exclude each other");
    if (options->min_ttl_s > options->max_ttl_s)
        luaL_error(L, "option 'min_ttl' is greater than 'max_ttl'");
    if (options->back_off_min_ms > options->back_off_max_ms)
        luaL_error(L, "option 'back_off_min' is greater than 'back_off_max'");
    if (!options->client_cert != !options->client_key)
        luaL_error(L, "options 'client_cert' and 'client_key' go together");
}

struct option_table source_table(void) {
    size_t count;
    const struct tv_source_kind *kinds = tv_source_kinds(&count);
    return (struct option_table){&kinds->option, count, sizeof *kinds};
}

// What keystore() takes.
struct opening {
    struct tv_keystore_options options; // first, so that their rows fit both structs
    bool detail;
};
_Static_assert(offsetof(struct opening, options) == 0, "the rows are those of an opening, too");
static const struct tv_setting opening_rows[] = {{DETAIL_OPTION(struct opening)}};

void get_store_tables(struct option_table tables[STORE_TABLES]) {
    size_t count;
    const struct tv_setting *settings = tv_keystore_settings(&count);
    tables[0] = source_table(); // read by read_source()
    tables[1] = (struct option_table){settings, count, sizeof *settings};
    tables[2] = (struct option_table){ROWS_OF(opening_rows)};
    tables[3] = (struct option_table){0};
}

static void read_opening(lua_State *L, int table, struct opening *opening) {
    struct option_table tables[STORE_TABLES];
    get_store_tables(tables);
    opening->detail = false;
    tv_keystore_defaults(&opening->options);
    read_options(L, table, tables, false, opening);
    read_source(L, table, &opening->options);
    check_ranges(L, &opening->options);
}

// Opens a store; pushes its handle.
static enum tv_status open_handle(lua_State *L, const struct tv_keystore_options *options,
                                  const char **differs, struct tv_detail *detail) {
    struct handle *handle = push_handle(L);
    enum tv_status status = tv_keystore_open(options, &handle->store, differs, detail);
    handle->opened = status == TV_OK;
    if (status == TV_OK)
        remember_handle(L, handle->store);
    return status;
}

enum tv_status push_keystore(lua_State *L, int table, struct tv_detail *detail) {
    struct opening opening;
    read_opening(L, table, &opening);
    return open_handle(L, &opening.options, NULL, detail); // only keystore() warns of differences
}

int l_keystore(lua_State *L) {
    struct tv_detail detail = {0};
    const char *differs;
    if (lua_isnoneornil(L, 1)) {
        lua_settop(L, 0);
        lua_newtable(L); // keys are put by hand
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    struct opening opening;
    read_opening(L, 1, &opening);
    enum tv_status status = open_handle(L, &opening.options, &differs, &detail);
    if (status != TV_OK)
        return push_failure_with(L, status, &detail, opening.detail);
    if (!differs)
        return 1;
    lua_pushfstring(L, "%s is used in this process already, with another '%s', which holds",
                    tv_keystore_source(check_keystore(L, -1)), differs);
    return 2;
}

int l_stores(lua_State *L) {
    lua_newtable(L);
    struct tv_keystore *store = NULL; // the handle of the last one holds it
    for (lua_Integer i = 1;; i++) {
        // The handle first: allocating it may run a finalizer that closes a store.
        struct handle *handle = push_handle(L);
        store = tv_keystore_next(store);
        if (!store)
            break;
        handle->store = tv_keystore_retain(store);
        lua_rawseti(L, -2, i);
    }
    lua_pop(L, 1);
    return 1;
}

static void close_handle(struct handle *handle, int64_t stay_ms) {
    struct handle closed = *handle;
    *handle = (struct handle){0};
    if (closed.opened)
        tv_keystore_close(closed.store, stay_ms);
    else
        tv_keystore_free(closed.store);
}

static int l_keystore_close(lua_State *L) {
    struct handle *handle = luaL_checkudata(L, 1, KEYSTORE_TYPE);
    lua_Number stay_s = luaL_optnumber(L, 2, 0);
    luaL_argcheck(L, stay_s >= 0 && stay_s <= STAY_MAX_S, 2, "seconds from 0 to 3600 expected");
    close_handle(handle, (int64_t)(stay_s * 1000));
    return 0;
}

// Called by the collector, and at the end of a block, then with the error as second argument.
static int l_keystore_end(lua_State *L) {
    close_handle(luaL_checkudata(L, 1, KEYSTORE_TYPE), 0);
    return 0;
}

static int l_keystore_tostring(lua_State *L) {
    struct handle *handle = luaL_checkudata(L, 1, KEYSTORE_TYPE);
    lua_pushfstring(L, "%s (%s)", KEYSTORE_TYPE,
                    handle->store ? tv_keystore_source(handle->store) : "closed");
    return 1;
}

// Whether a token can have this kid. An empty one asks a set for its only key.
static bool check_key_id(struct tv_span key_id, bool may_be_empty, struct tv_detail *detail) {
    bool empty = key_id.length == 0 && !may_be_empty;
    if (!empty && key_id.length <= TV_KEY_ID_MAX_LENGTH)
        return true;
    *detail = (struct tv_detail){.subject = TV_SUBJECT_KID,
                                 .reason = empty ? TV_REASON_EMPTY : TV_REASON_LENGTH,
                                 .number = (double)key_id.length,
                                 .limit = TV_KEY_ID_MAX_LENGTH};
    return false;
}

// The options of get().
struct ask {
    bool wait, detail;
};
static const struct tv_setting ask_rows[] = {
    {TV_OPTION("wait"), .kind = TV_SETTING_BOOLEAN, TV_MEMBER(struct ask, wait)},
    {DETAIL_OPTION(struct ask)},
};
static const struct option_table ask_tables[] = {{ROWS_OF(ask_rows)}, {0}};

static int l_keystore_get(lua_State *L) {
    check_open(L);
    struct tv_key_request request = {.key_id = check_span(L, 2)};
    struct ask ask = {.wait = may_wait_by_default()};
    struct tv_detail detail = {0};
    if (lua_istable(L, 3))
        read_options(L, 3, ask_tables, false, &ask);
    else if (!lua_isnoneornil(L, 3))
        ask.wait = lua_toboolean(L, 3);
    if (!check_key_id(request.key_id, true, &detail))
        return push_failure_with(L, TV_KEY_ID_INVALID, &detail, ask.detail);
    // The detail of a failure points into the store, which a finalizer may close: keep a reference.
    struct handle *held = push_handle(L);
    struct tv_key **box = push_empty_key(L), *key = NULL;
    held->store = tv_keystore_retain(check_open(L));
    enum tv_status status = get_key(held->store, &request, ask.wait, &key, &detail);
    if (status == TV_OK)
        *box = tv_key_retain(key);
    int results = status == TV_OK ? 1 : push_failure_with(L, status, &detail, ask.detail);
    struct tv_keystore *store = held->store;
    held->store = NULL;
    tv_keystore_free(store);
    return results;
}

static int l_keystore_put(lua_State *L) {
    struct tv_keystore *store = check_open(L);
    struct tv_span key_id = check_span(L, 2);
    struct tv_detail detail = {0};
    lua_Number ttl_s = luaL_optnumber(L, 4, 0);
    luaL_argcheck(L, ttl_s == 0 || (ttl_s >= 0.001 && ttl_s < 1e9), 4,
                  "seconds from 0.001 to 1e9, or 0 for ever, expected");
    if (tv_keystore_is_folder(store)) // the next look-up would use the file
        return luaL_error(L, "keys of a folder are not put by hand: put a file there");
    if (!check_key_id(key_id, false, &detail))
        return push_failure(L, TV_KEY_ID_INVALID, &detail);
    enum tv_status status = TV_OK;
    struct tv_key *key = test_key(L, 3);
    struct tv_key *loaded = NULL;
    if (!key) {
        struct tv_span text = check_span(L, 3);
        status = tv_key_load_with(text.data, text.length, tv_keystore_rsa_min_bits(store), &loaded,
                                  &detail);
        key = loaded;
    }
    if (status == TV_OK)
        status = tv_keystore_put(store, key_id, key, (int64_t)(ttl_s * 1000), tv_clock_steady_ms());
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

static int l_keystore_id(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)tv_keystore_id(check_open(L)));
    return 1;
}

static void set_seconds(lua_State *L, const char *name, int64_t ms) {
    lua_pushnumber(L, (lua_Number)ms / 1000);
    lua_setfield(L, -2, name);
}

// What is to be known of a key that is used all the same.
static const char *warning_of(const struct tv_key *key) {
    return tv_key_certificate_differs(key) ? CERTIFICATE_DIFFERS : NULL;
}

static void push_key_info(lua_State *L, const struct tv_key_walk *walk, const char *source,
                          int64_t now_ms) {
    const struct tv_lifetime *life = walk->life;
    lua_createtable(L, 0, 6);
    lua_pushlstring(L, walk->key_id.data, walk->key_id.length);
    lua_setfield(L, -2, "kid");
    push_key(L, walk->key);
    lua_setfield(L, -2, "key");
    set_text(L, "came_as",
             tv_key_was_private(walk->key)       ? "private key"
             : tv_key_was_certificate(walk->key) ? "certificate"
                                                 : "public key");
    if (life)
        set_seconds(L, "age", now_ms - life->stored_ms);
    if (life && life->fresh_until_ms != INT64_MAX) // not for a key put by hand without limit
        set_seconds(L, "fresh_for", life->fresh_until_ms - now_ms);
    set_text(L, "source", source);
    set_text(L, "kid_type", walk->key_id_type);
    set_text(L, "warning", warning_of(walk->key));
}

static void push_unusable_info(lua_State *L, const struct tv_key_walk *walk, const char *source) {
    struct tv_detail detail = walk->absence.detail;
    lua_createtable(L, 0, 6);
    set_span(L, "kid", walk->key_id);
    set_text(L, "kid_type", walk->key_id_type);
    set_text(L, "code", tv_status_code(walk->absence.status));
    push_message(L, TV_MALFORMED_KEY, &detail); // what is wrong with it, without the source
    lua_setfield(L, -2, "message");
    detail.source = tv_span_of(source);
    push_facts(L, walk->absence.status, &detail);
    lua_setfield(L, -2, "facts");
    set_text(L, "source", source);
}

// The list of keys, and that of keys that cannot be used.
static int push_keys(lua_State *L) {
    struct tv_keystore *store = check_open(L);
    int64_t now_ms = tv_clock_steady_ms();
    struct tv_key_walk walk = {0};
    lua_Integer count = 0, unusable = 0;
    const char *source = tv_keystore_source(store);
    lua_newtable(L);
    lua_newtable(L);
    while (tv_keystore_walk(store, &walk)) {
        if (walk.key) {
            push_key_info(L, &walk, source, now_ms);
            lua_rawseti(L, -3, ++count);
        } else {
            push_unusable_info(L, &walk, source);
            lua_rawseti(L, -2, ++unusable);
        }
    }
    return 2;
}

// Stops the collector during the walk: a finalizer could change the store.
static int l_keystore_keys(lua_State *L) {
    check_open(L);
    lua_settop(L, 1);
    bool collecting = lua_gc(L, LUA_GCISRUNNING);
    lua_gc(L, LUA_GCSTOP);
    lua_pushcfunction(L, push_keys);
    lua_insert(L, 1);
    int status = lua_pcall(L, 1, 2, 0);
    if (collecting)
        lua_gc(L, LUA_GCRESTART);
    return status == LUA_OK ? 2 : lua_error(L);
}

static int l_keystore_stats(lua_State *L) {
    struct tv_keystore_stats stats = tv_keystore_stats(check_open(L), tv_clock_steady_ms());
    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {{"held", stats.held},
                   {"fresh", stats.fresh},
                   {"stale", stats.stale},
                   {"negative", stats.negative},
                   {"in_flight", stats.in_flight},
                   {"queued", stats.queued},
                   {"hits", stats.hits},
                   {"misses", stats.misses},
                   {"fetches", stats.fetches},
                   {"not_modified", stats.not_modified},
                   {"failed_network", stats.failed_network},
                   {"failed_status", stats.failed_status},
                   {"failed_key", stats.failed_key},
                   {"skipped", stats.skipped},
                   {"overloaded", stats.overloaded}};
    lua_createtable(L, 0, sizeof numbers / sizeof numbers[0]);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        lua_pushinteger(L, (lua_Integer)numbers[i].value);
        lua_setfield(L, -2, numbers[i].name);
    }
    return 1;
}

void register_keystore(lua_State *L) {
    static const luaL_Reg methods[] = {
        {"get", l_keystore_get},       {"put", l_keystore_put},
        {"forget", l_keystore_forget}, {"refresh", l_keystore_refresh},
        {"keys", l_keystore_keys},     {"stats", l_keystore_stats},
        {"source", l_keystore_source}, {"id", l_keystore_id},
        {"close", l_keystore_close},   {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__gc", l_keystore_end},
                                           {"__close", l_keystore_end},
                                           {"__tostring", l_keystore_tostring},
                                           {NULL, NULL}};
    new_type(L, KEYSTORE_TYPE, methods, metamethods);
}
