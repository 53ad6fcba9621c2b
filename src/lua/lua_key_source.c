// SPDX-License-Identifier: MIT
// The option that says where the keys of a verifier come from: reads it, and loads the key or opens
// the stores.
#include "lua/lua_tv.h"

// Keys are remembered by their text, so that the same text is parsed once. The table is emptied
// when it is full.
#define REMEMBERED_MAX 64

// The tables of remembered keys are user values of the module's state; see lua_tv.h.
static enum tv_status load_remembered(lua_State *L, struct tv_span text, bool secret,
                                      struct tv_key **key, struct tv_detail *detail) {
    lua_getiuservalue(L, STATE_INDEX, secret ? STATE_SECRETS : STATE_KEYS);
    int table = lua_gettop(L);
    lua_pushlstring(L, text.data, text.length);
    lua_pushvalue(L, -1);
    lua_rawget(L, table);
    struct tv_key *remembered = test_key(L, -1); // also NULL after the key was finalized
    if (remembered) {
        *key = tv_key_retain(remembered);
        lua_settop(L, table - 1);
        return TV_OK;
    }
    lua_pop(L, 1);
    enum tv_status status =
        secret ? tv_key_from_secret(text.data, text.length, key, detail)
               : tv_key_load_any(text.data, text.length, TV_RSA_MIN_BITS, key, detail);
    if (status == TV_OK) {
        // The verifier owns `*key` already, so nothing leaks if these calls run out of memory.
        push_key(L, *key);
        lua_rawgeti(L, table, 0);
        lua_Integer count = lua_tointeger(L, -1);
        lua_pop(L, 1);
        if (count >= REMEMBERED_MAX) {
            lua_newtable(L);
            lua_pushvalue(L, -1);
            lua_setiuservalue(L, STATE_INDEX, secret ? STATE_SECRETS : STATE_KEYS);
            lua_replace(L, table);
            count = 0;
        }
        lua_rawset(L, table);
        lua_pushinteger(L, count + 1);
        lua_rawseti(L, table, 0);
    }
    lua_settop(L, table - 1);
    return status;
}

static void make_sources(lua_State *L, int verifier_index, struct verifier *verifier,
                         size_t count) {
    verifier->sources = lua_newuserdatauv(L, count * sizeof *verifier->sources, 0);
    memset(verifier->sources, 0, count * sizeof *verifier->sources);
    anchor(L, verifier_index);
    verifier->source_room = count;
}

#define CHANGED "the list of key stores changed while it was read"

static struct source *add_source(lua_State *L, struct verifier *verifier,
                                 struct tv_keystore *store) {
    if (verifier->source_count == verifier->source_room) // see push_list()
        luaL_error(L, CHANGED);
    struct source *source = &verifier->sources[verifier->source_count++];
    source->store = tv_keystore_retain(store);
    return source;
}

// The number of key stores at `index`, which may be one or a list; 0 if it is neither.
static size_t count_stores(lua_State *L, int index) {
    if (luaL_testudata(L, index, KEYSTORE_TYPE))
        return 1;
    return lua_istable(L, index) ? (size_t)lua_rawlen(L, index) : 0;
}

static void add_store(lua_State *L, int index, const char *name, struct verifier *verifier,
                      const struct tv_accepted *issuers) {
    if (!open_store(L, index))
        luaL_error(L, "option '%s': the key store is closed", name);
    struct source *source = add_source(L, verifier, check_keystore(L, index));
    if (issuers)
        source->issuers = *issuers;
}

// Adds one store or a list. Each speaks for `issuers`, if that is not NULL.
static void add_stores(lua_State *L, int index, const char *name, struct verifier *verifier,
                       const struct tv_accepted *issuers) {
    if (luaL_testudata(L, index, KEYSTORE_TYPE)) {
        add_store(L, index, name, verifier, issuers);
        return;
    }
    size_t count = (size_t)lua_rawlen(L, index);
    for (size_t i = 1; i <= count; i++) {
        lua_rawgeti(L, index, (lua_Integer)i);
        if (!luaL_testudata(L, -1, KEYSTORE_TYPE))
            luaL_error(L, "option '%s' must be a list of key stores, but element %d is a %s", name,
                       (int)i, luaL_typename(L, -1));
        add_store(L, -1, name, verifier, issuers);
        lua_pop(L, 1);
    }
}

// A missing source would matter: other sources may not speak for its issuer.
static void check_all_added(lua_State *L, const struct verifier *verifier) {
    if (verifier->source_count != verifier->source_room)
        luaL_error(L, CHANGED);
}

static void read_keys(lua_State *L, int index, int verifier_index, struct verifier *verifier) {
    size_t count = count_stores(L, index);
    if (count == 0)
        wrong_type(L, index, "keys", "a key store or a list of key stores");
    make_sources(L, verifier_index, verifier, count);
    add_stores(L, index, "keys", verifier, NULL);
    check_all_added(L, verifier);
}

// A list of one issuer, the string at `index`; it lives as long as the verifier.
static struct tv_accepted one_issuer(lua_State *L, int index, int verifier_index) {
    struct string_list list;
    push_list(L, index, "issuers", true, &list);
    anchor(L, verifier_index);
    return (struct tv_accepted){.values = list.values, .count = list.count, .configured = true};
}

// Collects the issuers that are bound to a source: no other source may speak for them.
static void collect_bound_issuers(lua_State *L, int verifier_index, struct verifier *verifier) {
    struct tv_span *values = lua_newuserdatauv(L, verifier->source_count * sizeof *values, 0);
    anchor(L, verifier_index);
    verifier->bound_issuers = (struct tv_accepted){.values = values, .configured = true};
    for (size_t i = 0; i < verifier->source_count; i++)
        if (verifier->sources[i].issuers.configured)
            values[verifier->bound_issuers.count++] = verifier->sources[i].issuers.values[0];
    verifier->bound = true;
}

// Pushes a copy of the table at `index`, which no finalizer can change. Only creating the table may
// run a finalizer; setting its fields does not.
static void push_copy(lua_State *L, int index) {
    int size = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        size++;
    lua_createtable(L, 0, size);
    int copy = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        lua_rawset(L, copy);
    }
}

// issuers = { [iss] = store or list of stores, ["*"] = stores for all other issuers }
static void read_issuers(lua_State *L, int table, int verifier_index, struct verifier *verifier) {
    size_t count = 0;
    if (!lua_istable(L, table))
        wrong_type(L, table, "issuers", "a table from issuer to key store");
    push_copy(L, table);
    int index = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        size_t here = count_stores(L, lua_gettop(L));
        if (lua_type(L, -2) != LUA_TSTRING || here == 0)
            luaL_error(L,
                       "option 'issuers' must be a table from issuer to key store, or to a list of "
                       "them");
        count += here;
    }
    if (count == 0)
        luaL_error(L, "option 'issuers' is empty");
    make_sources(L, verifier_index, verifier, count);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        int value = lua_gettop(L);
        bool others = tv_span_equal(check_span(L, value - 1), TV_SPAN("*"));
        struct tv_accepted issuers = {0};
        if (!others)
            issuers = one_issuer(L, value - 1, verifier_index);
        add_stores(L, value, "issuers", verifier, others ? NULL : &issuers);
    }
    check_all_added(L, verifier);
    collect_bound_issuers(L, verifier_index, verifier);
}

// Number of stores named by options that are kept open. A plugin may name one for each tenant.
#define NAMED_STORES_MAX 128

// Keeps the handle on top of the stack under the number of its store, in the newer of two tables,
// whose [0] counts its handles. When it has half of all, it becomes the older one, at [-1] of a new
// table, and the handles of the former older one are released.
static void remember_named(lua_State *L) {
    lua_getiuservalue(L, STATE_INDEX, STATE_STORES);
    int table = lua_gettop(L);
    lua_Integer id = (lua_Integer)tv_keystore_id(check_keystore(L, table - 1));
    bool known = lua_rawgeti(L, table, id) != LUA_TNIL;
    lua_rawgeti(L, table, 0);
    lua_Integer count = lua_tointeger(L, -1) + !known;
    if (count > NAMED_STORES_MAX / 2) {
        lua_newtable(L);
        lua_pushnil(L);
        lua_rawseti(L, table, -1);
        lua_pushvalue(L, table);
        lua_rawseti(L, -2, -1);
        lua_pushvalue(L, -1);
        lua_setiuservalue(L, STATE_INDEX, STATE_STORES);
        lua_replace(L, table);
        count = 1;
    }
    lua_pushvalue(L, table - 1);
    lua_rawseti(L, table, id);
    lua_pushinteger(L, count);
    lua_rawseti(L, table, 0);
    lua_settop(L, table - 1);
}

// Opens the store of keystore{ [name] = <value at index> } and pushes its handle. Keeps the handle,
// and so the keys: the next verify(token, opts) finds them.
static enum tv_status push_named_store(lua_State *L, const char *name, int index, int rsa_min_bits,
                                       struct tv_detail *detail) {
    lua_createtable(L, 0, 2);
    lua_pushvalue(L, index);
    lua_setfield(L, -2, name);
    lua_pushinteger(L, rsa_min_bits);
    lua_setfield(L, -2, "min_rsa_bits");
    enum tv_status status = push_keystore(L, lua_gettop(L), detail);
    if (status != TV_OK)
        return status;
    remember_named(L);
    return TV_OK;
}

static enum tv_status open_named_source(lua_State *L, const char *name, int index,
                                        int verifier_index, struct verifier *verifier,
                                        struct tv_detail *detail) {
    enum tv_status status = push_named_store(L, name, index, verifier->policy.rsa_min_bits, detail);
    if (status != TV_OK)
        return status;
    make_sources(L, verifier_index, verifier, 1);
    add_source(L, verifier, check_keystore(L, -1));
    return TV_OK;
}

// Adds the providers to the accepted issuers.
static void join_accepted_issuers(lua_State *L, int verifier_index, struct tv_accepted *accepted,
                                  const struct string_list *issuers) {
    struct tv_span *all = lua_newuserdatauv(L, (accepted->count + issuers->count) * sizeof *all, 0);
    anchor(L, verifier_index);
    if (accepted->count > 0)
        memcpy(all, accepted->values, accepted->count * sizeof *all);
    memcpy(all + accepted->count, issuers->values, issuers->count * sizeof *all);
    accepted->values = all;
    accepted->count += issuers->count;
    accepted->configured = true;
}

// Opens a store for each provider. Their issuers are accepted; of several providers, each speaks
// only for itself.
static enum tv_status open_providers(lua_State *L, int index, int verifier_index,
                                     struct verifier *verifier, struct tv_detail *detail) {
    struct string_list issuers;
    push_list(L, index, "openid_issuer", true, &issuers);
    anchor(L, verifier_index);
    if (issuers.count == 0)
        luaL_error(L, "option 'openid_issuer' is an empty list");
    make_sources(L, verifier_index, verifier, issuers.count);
    int top = lua_gettop(L);
    for (size_t i = 0; i < issuers.count; i++) {
        lua_pushlstring(L, issuers.values[i].data, issuers.values[i].length);
        enum tv_status status = push_named_store(L, "openid_issuer", lua_gettop(L),
                                                 verifier->policy.rsa_min_bits, detail);
        if (status != TV_OK)
            return status;
        struct source *source = add_source(L, verifier, check_keystore(L, -1));
        source->issuers =
            (struct tv_accepted){.values = &issuers.values[i], .count = 1, .configured = true};
        lua_settop(L, top); // there may be more issuers than the stack has room for
    }
    if (issuers.count > 1)
        collect_bound_issuers(L, verifier_index, verifier);
    else
        verifier->sources[0].issuers = (struct tv_accepted){0};
    join_accepted_issuers(L, verifier_index, &verifier->policy.claims.issuers, &issuers);
    return TV_OK;
}

// Exactly one of these options, or of those in source_table(), must be given. In the order of
// docs/api.md.
static const struct tv_setting key_rows[] = {
    {TV_OPTION("secret"), .type = "string", .jws = true,
     .text =
         "a shared secret, for HS*. Its bytes are used unchanged; if it is the text of a JWK of "
         "type `oct`, its `k` is used (RFC 7518, section 6.4). A public key or certificate is "
         "refused in every usual form: PEM, DER, JWK, XML or SSH, also when it is written in "
         "base64, hexadecimal, UTF-16 or with escapes"},
    {TV_OPTION("key"), .type = "string or key object", .jws = true,
     .text = "a key: PEM or JWK text as for [`tv.key`](#tvkeytext--options), or a key object that "
             "it returned; or, for HS*, the text of a JWK of type `oct`"},
    {TV_OPTION("keys"), .type = "key store or list", .jws = true,
     .text = "stores that are asked for the header's `kid`, in this order. The next one is asked "
             "if a store does not have the key, cannot be reached, or gets an answer that is not a "
             "key"},
    {TV_OPTION("issuers"), .type = "table",
     .text = "maps each issuer to the stores whose keys may sign its tokens: "
             "[Issuers bound to their source](#issuers-bound-to-their-source)"},
};

void get_key_tables(struct option_table tables[KEY_TABLES]) {
    tables[0] = (struct option_table){ROWS_OF(key_rows)};
    tables[1] = source_table();
}

static void no_key_source(lua_State *L, const struct option_table *tables) {
    luaL_Buffer names;
    luaL_buffinit(L, &names);
    for (int t = 0; t < KEY_TABLES; t++)
        for (size_t i = 0; i < tables[t].count; i++) {
            luaL_addstring(&names, t > 0 || i > 0 ? ", '" : "'");
            luaL_addstring(&names, option_at(&tables[t], i)->name.data);
            luaL_addchar(&names, '\'');
        }
    luaL_pushresult(&names);
    luaL_error(L, "one of the options %s is needed", lua_tostring(L, -1));
}

const char *push_key_source(lua_State *L, int table) {
    struct option_table tables[KEY_TABLES];
    get_key_tables(tables);
    const char *found = NULL;
    for (int t = 0; t < KEY_TABLES; t++)
        for (size_t i = 0; i < tables[t].count; i++) {
            const char *name = option_at(&tables[t], i)->name.data;
            if (get_option(L, table, name) == LUA_TNIL) {
                lua_pop(L, 1);
                continue;
            }
            if (found)
                luaL_error(L, "options '%s' and '%s' exclude each other", found, name);
            found = name;
        }
    if (!found)
        no_key_source(L, tables);
    return found;
}

enum tv_status read_key_source(lua_State *L, const char *source, int verifier_index,
                               struct verifier *verifier, struct tv_detail *detail) {
    int index = lua_gettop(L);
    bool is_secret = strcmp(source, "secret") == 0, is_key = strcmp(source, "key") == 0;
    if (strcmp(source, "keys") == 0) {
        read_keys(L, index, verifier_index, verifier);
        return TV_OK;
    }
    if (strcmp(source, "issuers") == 0) {
        read_issuers(L, index, verifier_index, verifier);
        return TV_OK;
    }
    if (strcmp(source, "openid_issuer") == 0)
        return open_providers(L, index, verifier_index, verifier, detail);
    if (!is_secret && !is_key)
        return open_named_source(L, source, index, verifier_index, verifier, detail);
    if (is_key && test_key(L, index)) {
        verifier->key = tv_key_retain(test_key(L, index));
        return TV_OK;
    }
    if (lua_type(L, index) != LUA_TSTRING)
        wrong_type(L, index, source, is_key ? "key text or a key object" : "a string");
    struct tv_span text = check_span(L, index);
    int rsa_min_bits = verifier->policy.rsa_min_bits;
    if (is_key && rsa_min_bits < TV_RSA_MIN_BITS) // not remembered: others may require more bits
        return tv_key_load_any(text.data, text.length, rsa_min_bits, &verifier->key, detail);
    return load_remembered(L, text, is_secret, &verifier->key, detail);
}
