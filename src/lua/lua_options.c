// SPDX-License-Identifier: MIT
// Reads the fields of options tables: each has one reader, and an unknown name is an error.
#include "lua/lua_tv.h"

#include <math.h>

// Reading single fields. The value is at `index`, never nil.

void wrong_type(lua_State *L, int index, const char *name, const char *expected) {
    luaL_error(L, "option '%s' must be %s, not %s", name, expected, luaL_typename(L, index));
}

void read_boolean(lua_State *L, int index, const char *name, void *target) {
    if (!lua_isboolean(L, index))
        wrong_type(L, index, name, "a boolean");
    *(bool *)target = lua_toboolean(L, index);
}

void read_string(lua_State *L, int index, const char *name, void *target) {
    if (lua_type(L, index) != LUA_TSTRING)
        wrong_type(L, index, name, "a string");
    struct tv_span *span = target;
    span->data = lua_tolstring(L, index, &span->length);
}

void read_text(lua_State *L, int index, const char *name, void *target) {
    struct tv_span span;
    read_string(L, index, name, &span);
    if (strlen(span.data) != span.length)
        luaL_error(L, "option '%s' holds a NUL character", name);
    *(const char **)target = span.data;
}

void read_number(lua_State *L, int index, const char *name, void *target) {
    if (lua_type(L, index) != LUA_TNUMBER)
        wrong_type(L, index, name, "a number");
    *(double *)target = lua_tonumber(L, index);
    if (!isfinite(*(double *)target))
        luaL_error(L, "option '%s' must be a finite number", name);
}

// A number from 0 to ten years of seconds.
static double read_duration(lua_State *L, int index, const char *name) {
    double seconds = 0;
    read_number(L, index, name, &seconds);
    if (seconds < 0 || seconds > 315360000)
        luaL_error(L, "option '%s' must be seconds from 0 to 315360000", name);
    return seconds;
}

void read_seconds(lua_State *L, int index, const char *name, void *target) {
    double seconds = read_duration(L, index, name);
    if (floor(seconds) != seconds)
        luaL_error(L, "option '%s' must be whole seconds", name);
    *(int64_t *)target = (int64_t)seconds;
}

void read_seconds_from_1(lua_State *L, int index, const char *name, void *target) {
    read_seconds(L, index, name, target);
    if (*(int64_t *)target < 1)
        luaL_error(L, "option '%s' must be at least 1 second", name);
}

void read_milliseconds(lua_State *L, int index, const char *name, void *target) {
    double seconds = read_duration(L, index, name);
    if (seconds < 0.001)
        luaL_error(L, "option '%s' must be at least 0.001 seconds", name);
    *(int64_t *)target = (int64_t)(seconds * 1000);
}

void read_count(lua_State *L, int index, const char *name, void *target) {
    double number = 0;
    read_number(L, index, name, &number);
    if (number < 1 || number > 1e9 || floor(number) != number)
        luaL_error(L, "option '%s' must be a whole number from 1 to 1e9", name);
    *(size_t *)target = (size_t)number;
}

// Bytes that the strings of a list take together. Raises if it is no list of strings and nothing
// else: a set, say, would be taken for an empty list.
static size_t measure_list(lua_State *L, int index, const char *name, size_t count) {
    size_t size = 0, members = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        members++;
    if (members != count)
        luaL_error(L, "option '%s' must be a list of strings, without other keys or holes", name);
    for (size_t i = 0; i < count; i++) {
        if (lua_rawgeti(L, index, (lua_Integer)i + 1) != LUA_TSTRING)
            luaL_error(L, "option '%s' must be a list of strings, but element %d is a %s", name,
                       (int)i + 1, luaL_typename(L, -1));
        size += (size_t)lua_rawlen(L, -1) + 1;
        lua_pop(L, 1);
    }
    return size;
}

void push_list(lua_State *L, int index, const char *name, bool or_one, struct string_list *list) {
    bool one = or_one && lua_type(L, index) == LUA_TSTRING;
    if (!one && !lua_istable(L, index))
        wrong_type(L, index, name, or_one ? "a string or a list of strings" : "a list of strings");
    size_t count = one ? 1 : (size_t)lua_rawlen(L, index);
    size_t size = one ? (size_t)lua_rawlen(L, index) + 1 : measure_list(L, index, name, count);
    struct tv_span *values = lua_newuserdatauv(L, count * sizeof *values + size + 1, 0);
    char *text = (char *)(values + count), *end = text + size;
    for (size_t i = 0; i < count; i++) {
        if (one)
            lua_pushvalue(L, index);
        else
            lua_rawgeti(L, index, (lua_Integer)i + 1);
        struct tv_span value = {0};
        if (lua_type(L, -1) == LUA_TSTRING)
            value.data = lua_tolstring(L, -1, &value.length);
        // Taking the memory may have run a finalizer, and that may have changed the list.
        if (!value.data || value.length >= (size_t)(end - text))
            luaL_error(L, "option '%s' changed while it was read", name);
        memcpy(text, value.data, value.length + 1); // with Lua's NUL behind it
        values[i] = (struct tv_span){text, value.length};
        text += value.length + 1;
        lua_pop(L, 1);
    }
    list->values = values;
    list->count = count;
}

int get_option(lua_State *L, int table, const char *name) {
    lua_pushstring(L, name);
    return lua_rawget(L, table);
}

void read_percent(lua_State *L, int index, const char *name, void *target) {
    double number = 0;
    read_number(L, index, name, &number);
    if (number < 0 || number > 50 || floor(number) != number)
        luaL_error(L, "option '%s' must be a whole number from 0 to 50 (percent)", name);
    *(size_t *)target = (size_t)number;
}

// Options that one table may have, at most: strings among them stay on the stack.
#define OPTIONS_MAX 40

static const struct option *find_option(const struct option *options, struct tv_span name) {
    for (; options && options->name; options++)
        if (tv_span_equal(tv_span_of(options->name), name)) // a NUL is no end
            return options;
    return NULL;
}

void read_rsa_bits(lua_State *L, int index, const char *name, void *target) {
    double number = 0;
    read_number(L, index, name, &number);
    if (number < TV_RSA_FLOOR_BITS || number > TV_RSA_MAX_BITS || floor(number) != number)
        luaL_error(L, "option '%s' must be a whole number from %d to %d", name, TV_RSA_FLOOR_BITS,
                   TV_RSA_MAX_BITS);
    *(int *)target = (int)number;
}

// Takes no memory, so that nothing runs meanwhile that could change the table.
void read_options(lua_State *L, int table, const struct option *options,
                  const struct option *more) {
    // What stands behind a metatable would not be seen, and a check that is not seen is not made.
    if (lua_getmetatable(L, table))
        luaL_error(L, "options must be a table without metatable");
    need_stack(L, OPTIONS_MAX + 4);
    lua_pushnil(L);
    while (lua_next(L, table)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            luaL_error(L, "option names must be strings, not %s", luaL_typename(L, -2));
        struct tv_span name = check_span(L, -2);
        const struct option *option = find_option(options, name);
        if (!option)
            option = find_option(more, name);
        if (!option)
            luaL_error(L, "unknown option '%s'%s", name.data,
                       strlen(name.data) == name.length ? "" : ", behind whose name is a NUL");
        if (option->read)
            option->read(L, lua_gettop(L), option->name, option->target);
        if (option->read && lua_type(L, -1) == LUA_TSTRING)
            lua_insert(L, -2); // below the name, which lua_next() takes
        else
            lua_pop(L, 1);
    }
}
