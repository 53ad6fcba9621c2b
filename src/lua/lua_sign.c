// SPDX-License-Identifier: MIT
// sign(): a token out of claims, a table or a JSON text.
#include "lua/lua_tv.h"

#include "base/json.h"
#include "token/sign.h"

struct options {
    struct tv_span algorithm, secret, private_key, key_id;
};

static const struct tv_setting rows[] = {
    {TV_OPTION("algorithm"), .kind = TV_SETTING_STRING, TV_MEMBER(struct options, algorithm)},
    {TV_OPTION("secret"), .kind = TV_SETTING_STRING, TV_MEMBER(struct options, secret)},
    {TV_OPTION("private_key"), .kind = TV_SETTING_STRING, TV_MEMBER(struct options, private_key)},
    {TV_OPTION("kid"), .kind = TV_SETTING_STRING, TV_MEMBER(struct options, key_id)},
    {TV_OPTION("header")}, // read by push_header()
};
static const struct option_table tables[] = {{ROWS_OF(rows)}, {0}};

static void read_sign_options(lua_State *L, int table, struct options *options) {
    luaL_checktype(L, table, LUA_TTABLE);
    read_options(L, table, tables, false, options);
    if (options->secret.data && options->private_key.data)
        luaL_error(L, "options 'secret' and 'private_key' exclude each other");
    if (!options->secret.data && !options->private_key.data)
        luaL_error(L, "one of the options 'secret' and 'private_key' is needed");
}

// The algorithm that the caller names, else the key's "alg", else the first one for the key's type:
// HS256, RS256, that of the curve, EdDSA.
static const struct tv_algorithm *choose_algorithm(lua_State *L, const struct options *options,
                                                   const struct tv_key *key) {
    if (options->algorithm.data) {
        const struct tv_algorithm *named = tv_algorithm_find(options->algorithm);
        if (!named)
            luaL_error(L, "option 'algorithm': '%s' is no algorithm that is supported",
                       options->algorithm.data);
        return named;
    }
    const struct tv_algorithm *found = tv_key_own_algorithm(key);
    for (size_t i = 0; !found && tv_algorithm_at(i); i++) {
        struct tv_detail detail = {0};
        enum tv_status status = tv_key_check_algorithm(key, tv_algorithm_at(i), &detail);
        if (status == TV_OK || detail.reason == TV_REASON_KEY_USE) // the latter says why not
            found = tv_algorithm_at(i);
    }
    return found;
}

static bool has_member(lua_State *L, int table, const char *name) {
    bool has = get_option(L, table, name) != LUA_TNIL;
    lua_pop(L, 1);
    return has;
}

// RFC 7797: b64 that is not true.
static bool is_unencoded(lua_State *L, int table) {
    int type = get_option(L, table, "b64");
    bool is = type != LUA_TNIL && !(type == LUA_TBOOLEAN && lua_toboolean(L, -1));
    lua_pop(L, 1);
    return is;
}

static void check_given_header(lua_State *L, int given, const struct options *options) {
    if (has_member(L, given, "alg"))
        luaL_error(L, "option 'header' must not have 'alg': option 'algorithm' says it");
    if (options->key_id.data && has_member(L, given, "kid"))
        luaL_error(L, "option 'header' must not have 'kid' beside option 'kid'");
}

// Pushes the members of a text that is to be signed, as a table. A text that is too long for a
// token is not read.
static enum tv_status push_members(lua_State *L, struct tv_span text, enum tv_status malformed,
                                   enum tv_subject subject, struct tv_detail *detail) {
    enum tv_status status = tv_sign_check_length(text.length, detail);
    return status == TV_OK ? push_object(L, text, malformed, subject, detail) : status;
}

// Pushes the text `given`, of a JSON object, with the members of the text `more`, which has some,
// after its own.
static void push_joined(lua_State *L, struct tv_span given, bool is_empty, struct tv_span more) {
    while (given.data[given.length - 1] != '}') // blanks
        given.length--;
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    luaL_addlstring(&buffer, given.data, given.length - 1);
    if (!is_empty)
        luaL_addchar(&buffer, ',');
    luaL_addlstring(&buffer, more.data + 1, more.length - 1);
    luaL_pushresult(&buffer);
}

// Pushes the text of the header: the caller's members, with typ if they do not say, alg and kid. If
// they are a text, they keep their order, and the others follow.
static enum tv_status push_header(lua_State *L, const struct options *options,
                                  const struct tv_algorithm *algorithm, struct tv_detail *detail) {
    int type = get_option(L, 2, "header"), given = lua_gettop(L), members = given;
    if (type == LUA_TNIL) {
        lua_newtable(L);
        lua_replace(L, given);
    } else if (type == LUA_TSTRING) {
        enum tv_status status =
            push_members(L, check_span(L, given), TV_MALFORMED_HEADER, TV_SUBJECT_HEADER, detail);
        if (status != TV_OK)
            return status;
        members = lua_gettop(L);
    } else if (type != LUA_TTABLE) {
        wrong_type(L, given, "header", "a table or a string");
    }
    check_given_header(L, members, options);
    // Our verifiers refuse these; with `b64`, other verifiers would read different bytes.
    if (has_member(L, members, "crit") || is_unencoded(L, members)) {
        detail->subject = has_member(L, members, "crit") ? TV_SUBJECT_CRIT : TV_SUBJECT_B64;
        return TV_UNSUPPORTED_CRITICAL;
    }
    lua_createtable(L, 0, 4);
    int header = lua_gettop(L);
    if (type != LUA_TSTRING)
        for (lua_pushnil(L); lua_next(L, given); lua_pop(L, 1)) {
            lua_pushvalue(L, -2);
            lua_pushvalue(L, -2);
            lua_rawset(L, header);
        }
    if (!has_member(L, members, "typ"))
        set_text(L, "typ", "JWT");
    set_text(L, "alg", algorithm->name);
    set_span(L, "kid", options->key_id);
    enum tv_status status =
        push_json_text(L, header, TV_MALFORMED_HEADER, TV_SUBJECT_HEADER, detail);
    if (status == TV_OK && type == LUA_TSTRING) {
        lua_pushnil(L);
        bool is_empty = lua_next(L, members) == 0;
        lua_settop(L, header + 1);
        push_joined(L, check_span(L, given), is_empty, check_span(L, header + 1));
    }
    return status;
}

// Pushes the text of the claims. If the caller gave one, it is that text, unchanged.
static enum tv_status push_payload(lua_State *L, struct tv_detail *detail) {
    if (lua_type(L, 1) != LUA_TSTRING)
        return push_json_text(L, 1, TV_MALFORMED_PAYLOAD, TV_SUBJECT_PAYLOAD, detail);
    enum tv_status status =
        push_members(L, check_span(L, 1), TV_MALFORMED_PAYLOAD, TV_SUBJECT_PAYLOAD, detail);
    lua_pushvalue(L, 1);
    return status;
}

// Pushes what the token is made of, as two JSON texts: header, then payload.
static enum tv_status push_texts(lua_State *L, const struct options *options,
                                 const struct tv_algorithm *algorithm, struct tv_detail *detail) {
    int top = lua_gettop(L);
    need_stack(L, LUA_MINSTACK);
    enum tv_status status = push_header(L, options, algorithm, detail);
    if (status != TV_OK)
        return status;
    lua_copy(L, -1, top + 1);
    lua_settop(L, top + 1);
    status = push_payload(L, detail);
    if (status != TV_OK)
        return status;
    lua_copy(L, -1, top + 2);
    lua_settop(L, top + 2);
    return TV_OK;
}

int l_sign(lua_State *L) {
    struct options options = {0};
    struct tv_detail detail = {0};
    if (lua_type(L, 1) != LUA_TSTRING)
        luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    read_sign_options(L, 2, &options);
    struct tv_key **key = push_empty_key(L);
    enum tv_status status =
        options.secret.data
            ? tv_key_from_secret(options.secret.data, options.secret.length, key, &detail)
            : tv_key_load_private(options.private_key.data, options.private_key.length, key,
                                  &detail);
    if (status != TV_OK)
        return push_failure(L, status, &detail);
    const struct tv_algorithm *algorithm = choose_algorithm(L, &options, *key);
    status = push_texts(L, &options, algorithm, &detail);
    if (status != TV_OK)
        return push_failure(L, status, &detail);
    struct tv_span header = check_span(L, -2), payload = check_span(L, -1);
    char *token = lua_newuserdatauv(L, TV_JWS_MAX_LENGTH, 0);
    size_t length;
    status = tv_sign(algorithm, *key, header, payload, token, &length, &detail);
    if (status != TV_OK)
        return push_failure(L, status, &detail);
    lua_pushlstring(L, token, length);
    return 1;
}
