// SPDX-License-Identifier: MIT
// Reads the options of new(), verify() and verify_jws() into a struct, once: sets every default and
// refuses options that contradict each other.
#include "lua/lua_tv.h"

#include <math.h>

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
    // RFC 8725 section 2.1: a public key must never be used as an HMAC secret.
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

// The accepted algorithm without the option `algorithms`. With `own`, the key's own "alg".
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
     .text = "values of the header's `typ`, compared as media types (RFC 7515, section 4.1.9), but "
             "`JWT` exactly. `\"*\"` accepts any value and a missing `typ`"},
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
     .text = "an `exp`, `nbf` or `iat` after the year 9999 in seconds is read as milliseconds. "
             "Without this option, such a date gives `invalid-claim`"},
    {BOOLEAN("wait", wait), .jws = true, .instead = "true until `tv.pollfd()` was called",
     .text = "whether to wait for a key that is not cached, at most for the `wait_limit` of its "
             "store (6 s by default). If not, the result is `key-pending`: see "
             "[Waiting without blocking](#waiting-without-blocking)"},
};

#define OTHER_COUNT (sizeof other_rows / sizeof other_rows[0])

// Options of each call. new() has them too, as defaults for the calls.
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
    get_key_tables(tables);
    tables[2] = (struct option_table){ROWS_OF(other_rows)};
    tables[3] = call_table();
    tables[4] = (struct option_table){0};
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

// Whether the key fits at least one accepted algorithm. Checked once, before any token.
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

// RFC 7518 section 3.2: a secret has at least as many bytes as the hash. Many deployments have
// shorter ones, so they are refused only with `strict_secrets`.
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

// Reads where keys come from and which algorithms are accepted. Without the option `algorithms`,
// and with `own_algorithm`, it is the key's own "alg".
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
