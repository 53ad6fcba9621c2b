// SPDX-License-Identifier: MIT
// Reads the options of new(), verify() and verify_jws() into a struct, once: sets every default and
// refuses options that contradict each other.
#include "lua/lua_tv.h"

#include <math.h>

// Keeps the value on top of the stack alive as long as the verifier, and pops it.
static void anchor(lua_State *L, int verifier_index) {
    lua_getiuservalue(L, verifier_index, 1);
    lua_insert(L, -2);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    lua_pop(L, 1);
}

// A list of strings that lives as long as the verifier.
static void read_list(lua_State *L, int index, const char *name, int verifier_index,
                      struct string_list *list) {
    push_list(L, index, name, false, list);
    anchor(L, verifier_index);
}

static void read_accepted(lua_State *L, int table, const char *name, int verifier_index,
                          struct tv_accepted *accepted) {
    if (get_option(L, table, name) != LUA_TNIL) {
        struct string_list list;
        read_list(L, lua_gettop(L), name, verifier_index, &list);
        accepted->values = list.values;
        accepted->count = list.count;
        accepted->configured = true;
        accepted->any = tv_accepted_has(accepted, TV_SPAN("*"));
    }
    lua_pop(L, 1);
}

static void add_algorithm(lua_State *L, struct tv_policy *policy, struct tv_span name) {
    const struct tv_algorithm *algorithm = tv_algorithm_find(name);
    if (!algorithm)
        luaL_error(L, "option 'algorithms': '%s' is no algorithm that is supported", name.data);
    if (policy->algorithm_count == TV_ALGORITHMS_MAX)
        luaL_error(L, "option 'algorithms' has more than %d names", TV_ALGORITHMS_MAX);
    // A key that serves both families is the classic confusion: RFC 8725 section 2.1.
    if (policy->algorithm_count > 0 &&
        tv_algorithm_is_hmac(policy->algorithms[0]) != tv_algorithm_is_hmac(algorithm))
        luaL_error(L, "option 'algorithms' mixes HMAC (%s) with others (%s)",
                   tv_algorithm_is_hmac(algorithm) ? algorithm->name : policy->algorithms[0]->name,
                   tv_algorithm_is_hmac(algorithm) ? policy->algorithms[0]->name : algorithm->name);
    policy->algorithm_names[policy->algorithm_count] = tv_span_of(algorithm->name);
    policy->algorithms[policy->algorithm_count++] = algorithm;
}

static void read_algorithms(lua_State *L, int table, int verifier_index, struct tv_policy *policy) {
    if (get_option(L, table, "algorithms") != LUA_TNIL) {
        struct string_list names;
        read_list(L, lua_gettop(L), "algorithms", verifier_index, &names);
        if (names.count == 0)
            luaL_error(L, "option 'algorithms' is an empty list");
        for (size_t i = 0; i < names.count; i++)
            add_algorithm(L, policy, names.values[i]);
    }
    lua_pop(L, 1);
}

// What is accepted if nothing is said. With `own`, what the key itself says.
static void default_algorithm(lua_State *L, bool own, bool is_secret, struct verifier *verifier) {
    const struct tv_key *key = verifier->key;
    if (verifier->policy.algorithm_count > 0)
        return;
    if (own && key && tv_key_own_algorithm(key))
        add_algorithm(L, &verifier->policy, tv_span_of(tv_key_own_algorithm(key)->name));
    else if (is_secret || (key && tv_key_type(key) == TV_KEY_SECRET))
        add_algorithm(L, &verifier->policy, TV_SPAN("HS256"));
    else
        add_algorithm(L, &verifier->policy, TV_SPAN("RS256"));
}

// Remembered by content: the same text is parsed once. A bounded table, emptied when it is full.
#define REMEMBERED_MAX 64

// The table of remembered keys is the module state's user value; see lua_module.c.
static enum tv_status load_remembered(lua_State *L, struct tv_span text, bool secret,
                                      struct tv_key **key, struct tv_detail *detail) {
    lua_getiuservalue(L, STATE_INDEX, secret ? STATE_SECRETS : STATE_KEYS);
    int table = lua_gettop(L);
    lua_pushlstring(L, text.data, text.length);
    lua_pushvalue(L, -1);
    lua_rawget(L, table);
    struct tv_key *remembered = test_key(L, -1); // NULL in a finalizer after its own, too
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
        // `*key` lies in the verifier's box already, so nothing is lost if these run out of memory.
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

// One key store, or a list of them, at `index`: how many, or 0 if it is neither.
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

// Adds it or them, each speaking for `issuers` if that is not NULL.
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

// A source less could be one that was to keep others from speaking for its issuer.
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

// A list of one issuer, the string at `index`, anchored.
static struct tv_accepted one_issuer(lua_State *L, int index, int verifier_index) {
    struct string_list list;
    push_list(L, index, "issuers", true, &list);
    anchor(L, verifier_index);
    return (struct tv_accepted){.values = list.values, .count = list.count, .configured = true};
}

// All that some source speaks for: what none of the others may.
static void collect_bound_issuers(lua_State *L, int verifier_index, struct verifier *verifier) {
    struct tv_span *values = lua_newuserdatauv(L, verifier->source_count * sizeof *values, 0);
    anchor(L, verifier_index);
    verifier->bound_issuers = (struct tv_accepted){.values = values, .configured = true};
    for (size_t i = 0; i < verifier->source_count; i++)
        if (verifier->sources[i].issuers.configured)
            values[verifier->bound_issuers.count++] = verifier->sources[i].issuers.values[0];
    verifier->bound = true;
}

// Pushes a copy of the table at `index`, which no finalizer finds. Only making the table may run
// one: setting a field never does.
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

// issuers = { [iss] = store or list of stores, ["*"] = of every other issuer }
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

// Stores that are remembered for those who name them. A plugin may name one for each tenant.
#define NAMED_STORES_MAX 128

// Remembers the handle on top of the stack under its store's number, in one of two tables: [0] of
// the newer one counts what is in it; once that is half of them, it becomes [-1], the older one.
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

// Opens the store that keystore{ [name] = <value at index> } gives, and remembers its handle, and
// with it its keys: the next verify(token, opts) finds them held. Pushes the handle.
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

// Adds providers to the issuers that are accepted.
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

// The issuer joins the accepted ones; of several, each speaks for itself alone.
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

// Exactly one of these names where keys come from. In the order of docs/api.md, like those below.
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

#define OPTION(name, of_kind, member)                                                              \
    TV_OPTION(name), .kind = (of_kind), TV_MEMBER(struct verifier, member)
#define BOOLEAN(name, member) OPTION(name, TV_SETTING_BOOLEAN, member)
#define ACCEPTED(name, member) OPTION(name, TV_SETTING_ACCEPTED, member)

static const struct tv_setting other_rows[] = {
    // What is accepted.
    {TV_OPTION("algorithms"), .type = "list", .jws = true,
     .instead = "`{\"HS256\"}` for a secret, else `{\"RS256\"}`",
     .text = "names from [Algorithms](#algorithms), compared exactly. HS* mixed with others raises "
             "an error (RFC 8725, section 2.1)"},
    {ACCEPTED("accepted_types", policy.types), .instead = "`{\"JWT\"}`",
     .text = "values of the header's `typ`, compared exactly (RFC 7519, section 5.1). "
             "`\"*\"` accepts any value and a missing `typ`"},
    {ACCEPTED("accepted_issuers", policy.claims.issuers), .instead = "not checked",
     .text = "values of `iss` (RFC 7519, section 4.1.1). `\"*\"` accepts any value, but the claim "
             "must be present. An empty list accepts none"},
    {ACCEPTED("accepted_audiences", policy.claims.audiences), .instead = "not checked",
     .text = "values of `aud` (section 4.1.3), with the same rules. In an array, one element must "
             "match, and all must be strings"},
    {BOOLEAN("require_room", policy.claims.require_room),
     .text = "the claim `room` must be present"},
    {BOOLEAN("require_sub", policy.claims.require_sub), .text = "the claim `sub` must be present"},
    {TV_OPTION("required_claims"), .type = "list", .instead = "none",
     .text = "names of claims that must be present and not null"},
    {OPTION("leeway", TV_SETTING_SECONDS, policy.claims.leeway_s), .most = TV_LEEWAY_MAX_S,
     .text = "how far clocks may differ, for `exp` and `nbf` (sections 4.1.4, 4.1.5)"},
    {OPTION("max_lifetime", TV_SETTING_SECONDS, policy.claims.max_lifetime_s),
     .most = TV_SETTING_MOST_S,
     .text = "longest time from `iat` to `exp`; tokens must then have both. If `iat` is more than "
             "300 s in the future, the time is counted from now. 0 means no limit"},
    {BOOLEAN("allow_missing_kid", allow_missing_kid), .jws = true,
     .text = "a header without `kid` is accepted if a JWK Set has exactly one key for the "
             "`alg`"},
    {BOOLEAN("strict_secrets", strict_secrets), .jws = true,
     .text = "a secret shorter than the hash (RFC 7518, section 3.2) is refused. Without this "
             "option, `new` returns a warning"},
    {OPTION("min_rsa_bits", TV_SETTING_INT, policy.rsa_min_bits), .unit = "bits", .jws = true,
     .initial = TV_RSA_MIN_BITS, .least = TV_RSA_FLOOR_BITS, .most = TV_RSA_MAX_BITS,
     .text =
         "minimum size of an RSA modulus, also for the sources that are named in these options"},
    {BOOLEAN("accept_milliseconds", policy.claims.accept_milliseconds),
     .text = "an `exp`, `nbf` or `iat` of 10^11 or more is read as milliseconds. Without this "
             "option, such a date gives `invalid-claim`"},
    {BOOLEAN("wait", wait), .jws = true, .instead = "true until `tv.pollfd()` was called",
     .text = "whether to wait for a key that is not cached, at most for the `wait_limit` of its "
             "store (6 s by default). If not, the result is `key-pending`: see "
             "[Waiting without blocking](#waiting-without-blocking)"},
};

#define OTHER_COUNT (sizeof other_rows / sizeof other_rows[0])

// Of new() too, whose calls may ask for something else.
static const struct tv_setting call_rows[] = {
    {TV_OPTION("room"), .kind = TV_SETTING_STRING, TV_MEMBER(struct call, room),
     .instead = "not checked",
     .text = "the room to enter: the claim `room`, if there is one, must be this name (ignoring "
             "ASCII case) or `*`"},
    {TV_OPTION("now"), .kind = TV_SETTING_NUMBER, TV_MEMBER(struct call, now_s), .unit = "s",
     .initial = NAN, .instead = "the clock", .text = "Unix time"},
    {DETAIL_OPTION(struct call), .jws = true},
};
_Static_assert(offsetof(struct verifier, call) == 0, "the rows are those of a verifier, too");

struct option_table call_table(void) {
    const struct option_table table = {ROWS_OF(call_rows)};
    return table;
}

void get_verifier_tables(struct option_table tables[VERIFIER_TABLES]) {
    tables[0] = (struct option_table){ROWS_OF(key_rows)};
    tables[1] = source_table();
    tables[2] = (struct option_table){ROWS_OF(other_rows)};
    tables[3] = call_table();
    tables[4] = (struct option_table){0};
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

// Pushes the value of the one option that names where keys come from, and returns its name.
static const char *push_key_source(lua_State *L, int table) {
    struct option_table tables[VERIFIER_TABLES];
    get_verifier_tables(tables);
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

static enum tv_status read_key_source(lua_State *L, const char *source, int verifier_index,
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
    if (is_key && rsa_min_bits < TV_RSA_MIN_BITS) // what others must not find remembered
        return tv_key_load_any(text.data, text.length, rsa_min_bits, &verifier->key, detail);
    return load_remembered(L, text, is_secret, &verifier->key, detail);
}

static void read_claims_options(lua_State *L, int table, int verifier_index,
                                struct verifier *verifier) {
    struct tv_claims_policy *claims = &verifier->policy.claims;
    static const struct tv_span default_types[] = {{"JWT", 3}};
    verifier->policy.types = (struct tv_accepted){.values = default_types, .count = 1};
    for (const struct tv_setting *row = other_rows; row < other_rows + OTHER_COUNT; row++)
        if (row->kind == TV_SETTING_ACCEPTED)
            read_accepted(L, table, row->name.data, verifier_index,
                          (struct tv_accepted *)(void *)((char *)verifier + row->offset));
    if (get_option(L, table, "required_claims") != LUA_TNIL) {
        struct string_list names;
        read_list(L, lua_gettop(L), "required_claims", verifier_index, &names);
        claims->required = names.values;
        claims->required_count = names.count;
    }
    lua_pop(L, 1);
    struct tv_span *room = &verifier->call.room;
    if (room->data) {
        lua_pushlstring(L, room->data, room->length);
        room->data = lua_tostring(L, -1);
        anchor(L, verifier_index);
    }
}

// Whether some algorithm is one for the key, checked once, before any token.
static enum tv_status check_key_fits(const struct verifier *verifier, struct tv_detail *detail) {
    enum tv_status status = TV_OK;
    for (size_t i = 0; i < verifier->policy.algorithm_count; i++) {
        status = tv_key_check_algorithm(verifier->key, verifier->policy.algorithms[i], detail);
        if (status == TV_OK) {
            *detail = (struct tv_detail){0};
            break;
        }
    }
    return status;
}

// RFC 7518 section 3.2: a secret has at least as many bytes as the hash. Many deployments have a
// shorter one, so that is refused only where it is asked for.
static enum tv_status check_secret(struct verifier *verifier, struct tv_detail *detail) {
    size_t length = tv_key_secret(verifier->key).length;
    for (size_t i = 0; i < verifier->policy.algorithm_count; i++) {
        const struct tv_algorithm *algorithm = verifier->policy.algorithms[i];
        if (length < algorithm->digest_size)
            verifier->short_secret = (struct tv_detail){.reason = TV_REASON_SHORT,
                                                        .algorithm = algorithm->name,
                                                        .number = (double)length,
                                                        .limit = (double)algorithm->digest_size};
    }
    if (!verifier->strict_secrets || !verifier->short_secret.reason)
        return TV_OK;
    *detail = verifier->short_secret;
    return TV_WEAK_SECRET;
}

static enum tv_status check_key(struct verifier *verifier, struct tv_detail *detail) {
    if (!verifier->key)
        return TV_OK;
    enum tv_status status = check_key_fits(verifier, detail);
    if (status == TV_OK)
        status = tv_key_check_bits(verifier->key, verifier->policy.rsa_min_bits, detail);
    if (status == TV_OK && tv_key_type(verifier->key) == TV_KEY_SECRET)
        status = check_secret(verifier, detail);
    return status;
}

// Where keys come from and which algorithms they serve. Without a word about algorithms it is the
// key's own that counts, if `own_algorithm`.
static enum tv_status read_signature_options(lua_State *L, int index, int verifier_index,
                                             bool own_algorithm, struct verifier *verifier,
                                             struct tv_detail *detail) {
    verifier->wait_given = get_option(L, index, "wait") != LUA_TNIL;
    lua_pop(L, 1);
    const char *source = push_key_source(L, index);
    read_algorithms(L, index, verifier_index, &verifier->policy);
    enum tv_status status = read_key_source(L, source, verifier_index, verifier, detail);
    // A key that failed to load has no type, so no default algorithm can be chosen.
    if (status == TV_OK || strcmp(source, "key") != 0)
        default_algorithm(L, own_algorithm, strcmp(source, "secret") == 0, verifier);
    if (status == TV_OK)
        status = check_key(verifier, detail);
    lua_settop(L, verifier_index);
    return status;
}

static void read_all(lua_State *L, int index, bool jws, struct verifier *verifier) {
    struct option_table tables[VERIFIER_TABLES];
    get_verifier_tables(tables);
    set_defaults(&tables[2], verifier);
    read_options(L, index, tables, jws, verifier);
}

enum tv_status read_verifier_options(lua_State *L, int index, struct verifier *verifier,
                                     struct tv_detail *detail) {
    int verifier_index = lua_gettop(L);
    read_all(L, index, false, verifier);
    read_claims_options(L, index, verifier_index, verifier);
    return read_signature_options(L, index, verifier_index, false, verifier, detail);
}

enum tv_status read_jws_options(lua_State *L, int index, struct verifier *verifier,
                                struct tv_detail *detail) {
    int verifier_index = lua_gettop(L);
    read_all(L, index, true, verifier);
    verifier->policy.types = (struct tv_accepted){.configured = true, .any = true};
    return read_signature_options(L, index, verifier_index, true, verifier, detail);
}

enum tv_status push_verifier(lua_State *L, int index, options_reader *reader,
                             struct tv_detail *detail) {
    luaL_checktype(L, index, LUA_TTABLE);
    struct verifier *verifier = lua_newuserdatauv(L, sizeof *verifier, 2);
    memset(verifier, 0, sizeof *verifier);
    luaL_setmetatable(L, VERIFIER_TYPE);
    lua_newtable(L);
    lua_setiuservalue(L, -2, 1);
    return reader(L, index, verifier, detail);
}
